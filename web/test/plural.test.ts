import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import officer from "../officer/i18n/en.json";
import en from "../shared/i18n/en.json";
import { type Catalogue, translator } from "../shared/i18n.ts";
import { readProjectFile } from "./files.ts";

const folder = new URL("../shared/i18n/", import.meta.url);
const catalogues = readdirSync(folder).map((file) => ({
  tag: file.replace(".json", ""),
  texts: JSON.parse(readProjectFile(`web/shared/i18n/${file}`)) as Catalogue,
}));

test("texts with a count have just the forms of their language", () => {
  let seen = 0;
  for (const { tag, texts } of [...catalogues, { tag: "en", texts: officer as Catalogue }]) {
    const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
    for (const [key, said] of Object.entries(texts)) {
      if (typeof said === "string") continue;
      seen++;
      assert.deepEqual(Object.keys(said).sort(), [...pluralCategories].sort(), `${tag} ${key}`);
      for (const text of Object.values(said)) assert.match(text, /\{count\}/, `${tag} ${key}`);
    }
  }
  assert.ok(seen > catalogues.length);
});

test("no text has a sign of markup, or another apostrophe or quotation mark than those of print", () => {
  for (const { tag, texts } of [...catalogues, { tag: "console", texts: officer as Catalogue }]) {
    for (const [key, said] of Object.entries(texts)) {
      for (const text of typeof said === "string" ? [said] : Object.values(said)) assert.doesNotMatch(text, /[<>"'`!]/, `${tag} ${key}`);
    }
  }
});

test("a count chooses its form; a browser without the rules of a language says the usual one", () => {
  const { PluralRules } = Intl;
  const cy: Catalogue = { "a": { zero: "0:{count}", one: "1:{count}", two: "2:{count}", few: "3:{count}", many: "6:{count}", other: "x:{count}" } };
  const said = (catalogue: Catalogue, tag: string, count: number) =>
    translator(catalogue, {}, { tag, direction: "ltr" })("a", { count: String(count) });
  assert.deepEqual([0, 1, 2, 3, 6, 4].map((count) => said(cy, "cy", count)), ["0:0", "1:1", "2:2", "3:3", "6:6", "x:4"]);
  assert.equal(said({ a: { one: "{count} minute", other: "{count} minutes" } }, "cy", 2), "2 minutes");
  const without = Object.getOwnPropertyDescriptor(Intl, "PluralRules");
  try {
    Object.defineProperty(Intl, "PluralRules", { configurable: true, value: undefined });
    assert.deepEqual([1, 2].map((count) => said(cy, "cy", count)), ["1:1", "x:2"]);
  } finally {
    if (without) Object.defineProperty(Intl, "PluralRules", without);
  }
  assert.equal(PluralRules, Intl.PluralRules);
  assert.deepEqual(Object.keys(en["ago.minutes"]), ["one", "other"]);
});
