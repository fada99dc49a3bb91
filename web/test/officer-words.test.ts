import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { readSaid, wrongIn } from "../officer/screens/details.ts";
import { readCount } from "../officer/screens/ask.ts";
import { wrongText } from "../officer/screens/sentence.ts";
import { wrongReference } from "../officer/screens/references.ts";
import { fromField, toField } from "../officer/times.ts";
import { problemText } from "../officer/words.ts";
import en from "../officer/i18n/en.json" with { type: "json" };
import type { Catalogue } from "../shared/i18n.ts";
import { readProjectFile } from "./files.ts";

const catalogue: Catalogue = en;

test("the page without JavaScript says what the catalogue says", () => {
  const said = `<noscript><h1>${en["page.title"]}</h1><p>${en["page.no_script"]}</p></noscript>`;
  assert.ok(readProjectFile("web/officer/index.html").includes(said));
});

test("every text is used", () => {
  const modules = (folder: string): string[] => {
    const names = readdirSync(new URL(`../../${folder}`, import.meta.url));
    return names.filter((name) => name.endsWith(".ts")).map((name) => readProjectFile(`${folder}/${name}`));
  };
  const code = ["web/officer", "web/officer/screens"].flatMap(modules).join("\n");
  // a key is named whole, or its beginning stands in a template
  const begun = new Set([...code.matchAll(/`([a-z_-]+\.(?:[a-z]+\.)?)\$\{/g)].map((found) => found[1] ?? ""));
  for (const key of Object.keys(catalogue)) {
    const isUsed = code.includes(`"${key}"`) || [...begun].some((start) => key.startsWith(start)) || key.startsWith("problem.");
    assert.ok(isUsed || key === "page.no_script", `${key} is used nowhere`);
  }
});

test("a problem with words of its own is shown in them, another in the service's", () => {
  assert.equal(problemText({ kind: "taken", detail: "the callsign a is taken; choose another" }), catalogue["problem.taken"]);
  assert.equal(problemText({ kind: "not-authorised", detail: "all used up" }), "No code was made. All used up.");
  assert.equal(problemText({ kind: "moon-is-down", detail: "wait for the moon" }), "Wait for the moon.");
  assert.equal(problemText({ kind: "moon-is-down", detail: "" }), catalogue["problem.unreadable"]);
});

test("name, place and digits: what is empty is not said, and a name is counted in bytes", () => {
  const typed = { name: "", place: "", dialled: "" };
  assert.deepEqual(readSaid({ ...typed, name: " Anna " }), { name: "Anna" });
  assert.deepEqual(readSaid({ ...typed, place: "Bridge Street", dialled: "043" }), { place: "Bridge Street", dialled: "043" });
  assert.deepEqual(readSaid({ ...typed, name: "e\u0301" }), { name: "é" });
  // what comes along with a text that was copied and shows as nothing, but not what joins letters
  assert.deepEqual(readSaid({ ...typed, name: "\ufeffAnna\u200e", place: "12\t\u202aMill\u202c\u00a0\u200bLane\u2028" }), { name: "Anna", place: "12 Mill Lane" });
  assert.deepEqual(readSaid({ ...typed, name: "\u200b \u2069", place: "می\u200cدان" }), { place: "می\u200cدان" });
  const none = { name: null, place: null, dialled: null };
  assert.deepEqual(wrongIn({ name: "é".repeat(12), place: "é".repeat(16), dialled: "" }), none);
  const wrong = { name: "é".repeat(12) + "e", place: "x".repeat(33), dialled: "12" };
  assert.deepEqual(wrongIn(wrong), { name: en["details.name_long"], place: en["details.place_long"], dialled: en["details.dialled_wrong"] });
  for (const dialled of ["1", "1234", "a12"]) assert.deepEqual(wrongIn({ ...typed, dialled }), { ...none, dialled: en["details.dialled_wrong"] });
});

test("a sentence has a letter or a digit", () => {
  for (const none of ["", " \t", "\u200b", "?!", "\u{1f693}"]) assert.equal(wrongText(none, 9, "none"), "none", none);
  for (const right of ["7", "Ω", "東京 \u{1f693}", "123456789\u200e"]) assert.equal(wrongText(right, 9, "none"), null, right);
  assert.notEqual(wrongText("1234567890", 9, "none"), null);
});

test("the most codes are a number from 1 to 1000", () => {
  assert.deepEqual(["1", " 20 ", "1000", "٢٠"].map(readCount), [1, 20, 1000, 20]);
  assert.deepEqual(["", "0", "1001", "-1", "1.5", "1e2", "ten"].map(readCount), Array(7).fill(null));
});

test("a reference is eight digits, in any groups and of any script", () => {
  for (const typed of ["0123 4567", "01234567", " 01-23-45-67 ", "٠١٢٣ ٤٥٦٧", "०१२३४५६७", "O123 4567", "0123.4567", "zero one 23 4567"]) {
    assert.equal(wrongReference(typed), null, typed);
  }
  assert.deepEqual(["", " ", "falcon", "0123 456x"].map(wrongReference), [
    en["reference.empty"], en["reference.empty"], en["reference.no_digits"], en["reference.no_digits"],
  ]);
  assert.deepEqual(["7", "1234567", "123456789"].map(wrongReference), [1, 7, 9].map((count) => en["reference.wrong_count"][count === 1 ? "one" : "other"].replace("{count}", String(count))));
});

test("a local time goes into its field and back", () => {
  const moment = Math.floor(new Date(2026, 10, 5, 9, 7).getTime() / 1000);
  assert.equal(toField(moment), "2026-11-05T09:07");
  assert.equal(fromField(toField(moment)), moment);
  assert.deepEqual(["", "soon", "2026-11-05", "2026-13-05T09:07"].map(fromField), [null, null, null, null]);
});
