import assert from "node:assert/strict";
import { test } from "node:test";
import { readProjectFile } from "./files.ts";

// The page is for browsers of about ten years back. Their syntax is the build's affair; this is about what they have built in.

/** Younger than 2016. What the code asks for before it uses it is not here. */
const YOUNGER = [
  "getOwnPropertyDescriptors", "Object.entries", "Object.values", "Object.fromEntries", ".padStart(", ".padEnd(", ".includes(", ".flat(",
  ".flatMap(", ".matchAll(", ".replaceAll(", ".trimStart(", ".trimEnd(", ".append(", ".prepend(", ".replaceChildren(", ".replaceWith(",
  ".toggleAttribute(", ".allSettled(", ".any(", ".at(", ".finally(", "structuredClone", "queueMicrotask", "globalThis", "crypto.randomUUID",
];

test("the built page uses nothing that is younger than its browsers", () => {
  const page = readProjectFile("web/public/dist/page.js");
  assert.deepEqual(YOUNGER.filter((name) => page.indexOf(name) >= 0), []);
});

test("BigInt is used for the local signature check alone, and only where there is one", () => {
  const page = readProjectFile("web/public/dist/page.js");
  assert.doesNotMatch(page, /[^a-z0-9_$][0-9]+n[^a-z0-9_$]/i, "no BigInt literal: an old browser could not even read the script");
});
