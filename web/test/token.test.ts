import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToken } from "../shared/token.ts";
import { fromHex, protocol } from "./files.ts";

const [plain, telephone, named, prepared] = protocol.vectors.map((vector) => fromHex(vector.token_hex));

test("a token is read whole", () => {
  const token = parseToken(telephone!);
  assert.ok(token);
  const { channel, name, place, challenge, dialled, id, notBefore } = token;
  assert.deepEqual({ channel, name, place, challenge, dialled, id, notBefore }, {
    channel: "telephone", name: null, place: null, challenge: 417092, dialled: 143, id: "0102030405060708", notBefore: null,
  });
  assert.equal(parseToken(named!)?.place, "Bridge Street");
  assert.equal(parseToken(named!)?.name, "Anna");
  assert.equal(parseToken(prepared!)?.notBefore, 0x6afe2300);
});

test("every truncation and every extension is refused", () => {
  for (const token of [plain!, telephone!, named!, prepared!]) {
    for (let length = 0; length < token.length; length++) assert.equal(parseToken(token.slice(0, length)), null);
    assert.equal(parseToken(Uint8Array.from([...token, 0])), null);
  }
});

const name = (hex: string) => {
  const text = (0x60 + hex.length / 2).toString(16) + hex;
  const [before, after] = Buffer.from(named!).toString("hex").split("64416e6e61") as [string, string];
  const length = (0x34 - 5 + text.length / 2).toString(16);
  return fromHex(before.replace("5834", "58" + length) + text + after);
};

test("a name of Unicode letters is read", () => {
  assert.equal(parseToken(name(Buffer.from("Siân Ŵ.").toString("hex")))?.name, "Siân Ŵ.");
});

for (const [defect, text] of Object.entries({
  "a control character": "A\u0007",
  "a next-line control": "A\u0085",
  "a right-to-left override": "A\u202eB",
  "an isolate": "A\u2067B",
  "a zero-width joiner at the end": "A\u200d",
  "two joiners in a row": "A\u200c\u200dB",
  "a space in front": " A",
  "two spaces in a row": "A  B",
  "a Hangul filler": "\u3164",
  "a Braille blank": "A\u2800B",
  "a noncharacter": "A\ufffeB",
  "a soft hyphen": "A\u00adB",
  "a tag character": "A\u{e0041}",
  "a line separator": "A\u2028B",
  "a paragraph separator": "A\u2029B",
  "a byte order mark": "\ufeffA",
  "a decomposed letter": "e\u0301",
})) {
  test(`a name is refused with ${defect}`, () => {
    assert.equal(parseToken(name(Buffer.from(text).toString("hex"))), null);
  });
}

test("a name is refused when it is empty, too long, or not UTF-8", () => {
  assert.equal(parseToken(name("")), null);
  assert.equal(parseToken(name("c3")), null);
  assert.equal(parseToken(name("eda080")), null);
});

test("the forbidden characters are those of a few properties, and three that are drawn as nothing", () => {
  const listed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\ufffc\u{1d159}]/u;
  for (let point = 0; point < 0x110000; point++) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const text = String.fromCodePoint(point);
    const inside = "A" + text + "B";
    if (inside.normalize("NFC") !== inside) continue;
    const between = parseToken(name(Buffer.from(inside).toString("hex"))) !== null;
    const parts = [0x20, 0x200c, 0x200d].includes(point);
    assert.equal(between, parts || !listed.test(text), point.toString(16));
    if (parts) assert.equal(parseToken(name(Buffer.from(text).toString("hex"))), null, point.toString(16));
  }
});
