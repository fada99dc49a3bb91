import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../shared/packed.ts";

test("neighbours that begin alike are unpacked", () => {
  assert.deepEqual(unpack("AcardCtDalogueAdog"), ["card", "cat", "catalogue", "dog"]);
  assert.deepEqual(unpack("A" + "a".repeat(30) + "Zaaaaaa"), ["a".repeat(30), "a".repeat(31)]);
});
