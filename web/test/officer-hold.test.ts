import assert from "node:assert/strict";
import { test } from "node:test";
import { TwoPresses } from "../officer/hold.ts";

/** What presses at these moments mean. */
function meaning(...moments: readonly number[]): string[] {
  const presses = new TwoPresses();
  return moments.map((moment) => presses.press(moment));
}

test("one press asks for another, and the second is meant", () => {
  assert.deepEqual(meaning(0, 1000), ["again", "meant"]);
  assert.deepEqual(meaning(0, 9999, 10000), ["again", "meant", "again"]);
});

test("two presses of one slip are not meant", () => {
  assert.deepEqual(meaning(0, 100, 300), ["again", "again", "again"]);
  assert.deepEqual(meaning(0, 100, 700), ["again", "again", "meant"]);
});

test("a press that comes much later begins anew", () => {
  assert.deepEqual(meaning(0, 20000, 21000), ["again", "again", "meant"]);
});
