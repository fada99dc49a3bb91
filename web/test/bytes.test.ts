import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64url, fromUtf8, toBase64url, toHex } from "../shared/bytes.ts";
import { fromHex } from "./files.ts";

test("base64url goes there and back at every length", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    assert.equal(toBase64url(bytes), Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(fromBase64url(toBase64url(bytes)), bytes);
  }
});

test("base64url is refused with padding, tail bits, foreign characters, an impossible length", () => {
  for (const text of ["AA==", "AB", "AAB", "A", "AAAAA", "AA+A", "AA/A", "AA A", "AAé="]) {
    assert.equal(fromBase64url(text), null, text);
  }
});

test("UTF-8 is read strictly", () => {
  assert.equal(fromUtf8(fromHex("c5b57ef09f9982")), "ŵ~🙂");
  for (const hex of ["c0af", "eda080", "ff", "c5", "f4908080"]) assert.equal(fromUtf8(fromHex(hex)), null, hex);
});

test("hexadecimal keeps leading zeros", () => {
  assert.equal(toHex(Uint8Array.of(0, 10, 255)), "000aff");
});
