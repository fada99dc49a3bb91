import assert from "node:assert/strict";
import { test } from "node:test";
import en from "../shared/i18n/en.json" with { type: "json" };
import type { Catalogue } from "../shared/i18n.ts";
import { STRICTNESS, fromLocal, judgeChallenge, stricter, verdictOf } from "../shared/verdict.ts";
import verdicts from "../shared/verdicts.json" with { type: "json" };
import { readProjectFile } from "./files.ts";

test("genuine only where both say so", () => {
  for (const a of STRICTNESS) {
    for (const b of STRICTNESS) {
      assert.equal(stricter(a, b), stricter(b, a));
      assert.equal(stricter(a, b) === "genuine", a === "genuine" && b === "genuine");
    }
    assert.equal(stricter(a, a), a);
    assert.equal(stricter("not_genuine", a), "not_genuine");
  }
});

test("without a usable key set nothing milder than cannot_check is said", () => {
  const milder = STRICTNESS.filter((verdict) => stricter(verdict, "cannot_check") === "cannot_check");
  assert.deepEqual(milder, ["genuine", "already_checked", "challenge_needed", "cannot_check"]);
});

test("a local check that found nothing wrong leaves the service's verdict as it is", () => {
  for (const verdict of STRICTNESS) assert.equal(stricter(fromLocal("good"), verdict), verdict);
});

test("the challenge table", () => {
  assert.equal(judgeChallenge(417092, "417092"), "genuine");
  assert.equal(judgeChallenge(42, "000042"), "genuine");
  assert.equal(judgeChallenge(null, null), "genuine");
  assert.equal(judgeChallenge(417092, "417093"), "other_challenge");
  assert.equal(judgeChallenge(null, "417092"), "other_challenge");
  assert.equal(judgeChallenge(null, "000000"), "other_challenge");
  assert.equal(judgeChallenge(417092, null), "challenge_needed");
});

test("verdicts are a closed list", () => {
  assert.equal(verdictOf("genuine"), "genuine");
  for (const value of ["Genuine", "", null, 1, "toString"]) assert.equal(verdictOf(value), null);
});

test("each verdict has its own words and icon", () => {
  assert.deepEqual(Object.keys(verdicts).sort(), [...STRICTNESS].sort());
  const texts: Catalogue = en;
  for (const part of ["title", "means", "not", "do"]) {
    for (const verdict of STRICTNESS) assert.ok(texts[`verdict.${verdict}.${part}`], `${verdict} ${part}`);
  }
  assert.equal(new Set(STRICTNESS.map((verdict) => texts[`verdict.${verdict}.title`])).size, STRICTNESS.length);
  assert.equal(new Set(STRICTNESS.map((verdict) => verdicts[verdict].icon)).size, STRICTNESS.length);
});

test("each key is written once", () => {
  const keys = [...readProjectFile("web/shared/i18n/en.json").matchAll(/^ {2}"([^"]+)":/gm)].map((match) => match[1]);
  assert.deepEqual(keys, Object.keys(en));
});
