import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../shared/packed.ts";

test("neighbours that begin alike are unpacked", () => {
  assert.deepEqual(unpack("0230 card t alogue dog"), ["card", "cat", "catalogue", "dog"]);
  assert.deepEqual(unpack("0z " + "a".repeat(40) + " aaaaaa"), ["a".repeat(40), "a".repeat(41)]);
});
