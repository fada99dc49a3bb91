import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64url } from "../shared/bytes.ts";
import { findToken, readToken } from "../shared/link.ts";
import { fromHex, protocol } from "./files.ts";

// Other people's words, numbers and codes are never called a forgery: none of a million begins like a token.

const TEXTS = 1_000_000;
// most texts are no base64url at all, and a trace of where that was noticed takes most of the time
Error.stackTraceLimit = 0;
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DIGITS = "0123456789";

/** How other signed objects begin: with other algorithms, layouts and tags. */
const COSE = ["d28443a10126", "d28444a1013824", "d28449a201270444", "d2844da201320448", "d2844ea3", "8449a201320444", "d83dd28443a10126", "d18443a10105"];

/** Numbers below a bound that look random and are the same in every run. */
function seeded(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  };
}

const below = seeded(15);
/** A hundred thousand signs of an alphabet, of which texts take their parts. */
const pool = (alphabet: string): string => Array.from({ length: 100_000 }, () => alphabet.charAt(below(alphabet.length))).join("");
const SIGNS = pool(BASE64URL);
const CAPITALS = pool(BASE45);
const NUMBERS = pool(DIGITS);

function foreign(): string {
  const of = (signs: string, length: number): string => {
    const start = below(signs.length - length);
    return signs.slice(start, start + length);
  };
  const signed = (): string =>
    toBase64url(Uint8Array.from([...fromHex(COSE[below(COSE.length)] ?? ""), ...Array.from({ length: below(30) }, () => below(256))]));
  const length = 1 + below(16);
  const word = of(SIGNS, length);
  const number = of(NUMBERS, 1 + below(40));
  const kinds: (() => string)[] = [
    () => word,
    () => `${word} ${of(SIGNS, below(12))}`,
    () => number,
    () => `https://example.com/${word}#${number}`,
    () => `https://example.com/#${word}`,
    () => `see #${length} and #${number}, ${word}`,
    signed,
    () => `https://example.com/#${signed()}`,
    () => "HC1:" + of(CAPITALS, 40 + length),
    () => `WIFI:T:WPA;S:${word};P:${number};;`,
    () => `BEGIN:VCARD\nVERSION:3.0\nN:${word}\nTEL:+${number}\nEND:VCARD`,
    () => `BCD\n002\n1\nSCT\n${word}\n${word}\nDE${number}\nEUR${length}.00\n\n\n${number}`,
    () => `tel:+${number}`,
    () => `mailto:${word}@example.com?subject=${word}`,
    () => number.replace(/.../g, "$& "),
  ];
  return (kinds[below(kinds.length)] ?? signed)();
}

test("no text of somebody else is called a forgery", () => {
  for (let n = 0; n < TEXTS; n++) {
    const text = foreign();
    // it looks at the text as it is, as the scanner does, before it looks into it
    if (findToken(text).kind !== "mistyped") assert.fail(text);
  }
});

test("what begins like a token by fewer than eight bytes is none", () => {
  for (const text of ["hELLO", "hIGH street", "0rder-123", "https://example.com/#210", "0oRJogEyBA", "2D3ShEmiATIERCgqj5igWB"]) {
    assert.deepEqual([readToken(text), findToken(text)], [{ kind: "mistyped" }, { kind: "mistyped" }], text);
  }
});

test("a token with one character wrong behind its beginning is never taken for no token", () => {
  for (const { text, link } of protocol.vectors) {
    // the beginning takes 11 characters, or two groups of 17 digits, of which a damaged form must show whole bytes
    for (const [form, from] of [[text, 12], [link, link.indexOf("#") + 35]] as const) {
      for (let place = from; place < form.length; place++) {
        for (const wrong of ["0", "7", "l", "!", " ", "é"]) {
          const damaged = form.slice(0, place) + wrong + form.slice(place + 1);
          assert.notEqual(readToken(damaged).kind, "mistyped", damaged);
          assert.notEqual(findToken(damaged).kind, "mistyped", damaged);
        }
      }
    }
  }
});

test("a token is found in what was pasted", () => {
  const { text, link } = protocol.vectors[0]!;
  const digits = link.slice(link.indexOf("#") + 1);
  const found = readToken(text);
  const broken = (whole: string): string => whole.slice(0, 40) + "\r\n " + whole.slice(40);
  for (const pasted of [broken(text), broken(link), broken(digits), `Case #5: see ${link}. Thanks`, `#${"1".repeat(20)} ${link},`]) {
    assert.deepEqual(findToken(pasted), found, pasted);
  }
  assert.deepEqual(findToken(`See ${link.slice(0, -1)} today`), { kind: "not_genuine" });
});
