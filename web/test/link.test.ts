import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../shared/bytes.ts";
import { fromLinkDigits, readToken, toLinkDigits, toText } from "../shared/link.ts";
import { fromHex, protocol } from "./files.ts";

test("digits go there and back at every length, also with the largest chunks", () => {
  for (let length = 1; length < 40; length++) {
    for (const fill of [0, 1, 255]) {
      const bytes = new Uint8Array(length).fill(fill);
      const digits = toLinkDigits(bytes);
      assert.deepEqual(fromLinkDigits(digits), bytes, digits);
    }
  }
});

test("a chunk too big for its bytes is refused", () => {
  assert.equal(fromLinkDigits("255")?.[0], 255);
  assert.equal(fromLinkDigits("256"), null);
  assert.equal(toHex(fromLinkDigits("72057594037927935") ?? new Uint8Array()), "ffffffffffffff");
  assert.equal(fromLinkDigits("72057594037927936"), null);
});

test("an impossible count of digits is refused", () => {
  for (const length of [1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 18]) assert.equal(fromLinkDigits("0".repeat(length)), null);
});

for (const vector of protocol.vectors) {
  test(`text, link and digits agree: ${vector.name}`, () => {
    const digits = vector.link.slice(vector.link.indexOf("#") + 1);
    const bytes = fromHex(vector.token_hex);
    assert.equal(toLinkDigits(bytes), digits);
    assert.equal(toText(bytes), vector.text);
    for (const input of [vector.text, vector.link, digits, ` ${vector.text}\n`, `https://hostile.example/a?b#${digits}`]) {
      assert.deepEqual(readToken(input), { kind: "bytes", bytes });
    }
  });
}

test("what begins like a token but is damaged is not genuine", () => {
  const { text, link } = protocol.vectors[0]!;
  for (const input of [text + "=", text.slice(0, -2) + "!", link.slice(0, -1), link + "999"]) {
    assert.deepEqual(readToken(input), { kind: "not_genuine" }, input);
  }
});

test("what is nothing like a token is mistyped", () => {
  for (const input of ["", "#", "hello", "legroom mansion dingo customer talisman", "055140547809303", "https://x.example/"]) {
    assert.deepEqual(readToken(input), { kind: "mistyped" }, input);
  }
});
