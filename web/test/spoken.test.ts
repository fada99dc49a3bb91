import assert from "node:assert/strict";
import { test } from "node:test";
import { readSpoken } from "../shared/forgive.ts";
import { codeOfDigits, codeOfIndexes, codeOfToken, digitsOfCode, indexesOfCode, solveIndex, wordsOfCode } from "../shared/spoken.ts";
import { interpret } from "../public/interpret.ts";
import { fromHex, list, protocol } from "./files.ts";

for (const vector of protocol.vectors) {
  test(`words and digits of a token: ${vector.name}`, async () => {
    for (const [size, words, digits] of [[5, vector.words5, vector.digits15], [6, vector.words6, vector.digits18]] as const) {
      const code = await codeOfToken(fromHex(vector.token_hex), size);
      assert.ok(code !== null);
      assert.equal(wordsOfCode(code, size, list).join(" "), words);
      assert.equal(digitsOfCode(code, size), digits);
      for (const input of [words, digits]) {
        assert.deepEqual(readSpoken(input, list), { kind: "code", code: { value: code, size } });
      }
    }
  });
}

const words = protocol.vectors[0]!.words5;
const code = codeOfDigits(protocol.vectors[0]!.digits15)!;

test("no spoken code is taken for a token, in words or in digits", () => {
  for (const size of [5, 6] as const) {
    const step = Math.floor(Math.pow(1024, size - 1) / 10007);
    for (let n = 0; n < 10000; n++) {
      const spoken = n * step;
      const words = wordsOfCode(spoken, size, list).join(" ");
      for (const input of [digitsOfCode(spoken, size), words]) {
        assert.deepEqual(interpret(input, list, []), { kind: "ticket", ticket: { kind: "code", code: { value: spoken, size }, words } }, input);
      }
    }
  }
});

test("words are read in any case, between any separators, and by four letters", () => {
  for (const input of ["LEGR-mans ding-cust tali", " Legroom,  MANSION\ndingo-customer talisman. ", "legr mansi ding custo tali", "0551 4054 78-09303"]) {
    assert.deepEqual(readSpoken(input, list), { kind: "code", code }, input);
  }
  for (const input of ["legro mansion dingo customer", words + " abacus", "055140547809304", ""]) {
    assert.notEqual(readSpoken(input, list).kind, "code", input);
  }
});

test("each word of the list may be split anywhere, and the code is read as it is or asked about, never as another", () => {
  let asked = 0;
  list.words.forEach((word, i) => {
    const value = i * Math.pow(1024, 3) + ((i * 7919) % 1000003);
    const whole = wordsOfCode(value, 5, list);
    for (let at = 1; at < word.length; at++) {
      const input = [word.slice(0, at), word.slice(at), ...whole.slice(1)].join(" ");
      const reading = readSpoken(input, list);
      if (reading.kind === "code") assert.deepEqual(reading.code, { value, size: 5 }, input);
      else asked += 1;
    }
    assert.deepEqual(readSpoken(whole.join(""), list), { kind: "code", code: { value, size: 5 } });
  });
  assert.ok(asked <= 1, String(asked));
});

test("words that sound alike are asked about where their letters are far apart", () => {
  for (const [position, heard, meant] of [[0, "rhino", "runner"], [1, "measure", "mother"], [2, "fiscal", "physical"], [3, "upbeat", "update"]] as const) {
    const data = wordsOfCode(position * 1e9 + 54321, 5, list).slice(0, 4).map((word, i) => list.words.indexOf(i === position ? meant : word));
    const words = wordsOfCode(data.reduce((value, index) => value * 1024 + index, 0), 5, list);
    const typed = words.map((word, i) => (i === position ? heard : word)).join(" ");
    assert.deepEqual(readSpoken(typed, list), { kind: "suggest", words, changed: [position] }, typed);
  }
});

test("one slip of the finger is asked about, never corrected silently", () => {
  for (const [typed, position] of [["legrom", 0], ["mansoin", 1], ["dimgo", 2], ["customers", 3], ["talsman", 4]] as const) {
    const typedWords = words.split(" ");
    typedWords[position] = typed;
    assert.deepEqual(readSpoken(typedWords.join(" "), list), { kind: "suggest", words: words.split(" "), changed: [position] });
  }
});

test("one word that was not heard is supplied by the check word, at every position", () => {
  for (let position = 0; position < 5; position++) {
    const heard = words.split(" ");
    heard[position] = "?";
    assert.deepEqual(readSpoken(heard.join(" "), list), { kind: "suggest", words: words.split(" "), changed: [position] });
  }
});

test("two swapped words are asked about", () => {
  const reading = readSpoken("mansion legroom dingo customer talisman", list);
  assert.deepEqual(reading, { kind: "suggest", words: words.split(" "), changed: [0, 1] });
});

test("what cannot be mended is said", () => {
  const cases = [
    ["legroom xxxxxxx dingo customer zzzzzz", { kind: "wrong_word", position: 1 }],
    ["legroom mansion dingo customer", { kind: "wrong_count", count: 4 }],
    ["progress onboard chapter maternal talisman", { kind: "wrong_check" }],
    ["055140547809304", { kind: "wrong_digits", count: 15 }],
    ["Good morning, may I come in?", { kind: "no_code" }],
  ] as const;
  for (const [input, reading] of cases) assert.deepEqual(readSpoken(input, list), reading, input);
});

test("any position of any code can be solved, and any single wrong word is caught", () => {
  for (let n = 0; n < 300; n++) {
    const size = n % 2 === 0 ? 5 : 6;
    const value = Math.floor(((n * 7919.77) % 1) * Math.pow(1024, size - 1));
    const indexes = indexesOfCode(value, size);
    assert.equal(codeOfIndexes(indexes), value);
    assert.deepEqual(codeOfDigits(digitsOfCode(value, size)), { value, size });
    indexes.forEach((index, i) => {
      assert.equal(solveIndex(indexes, i), index);
      const wrong = indexes.slice();
      wrong[i] = (index + 1 + n) % 1024;
      assert.equal(codeOfIndexes(wrong), wrong[i] === index ? value : null);
    });
  }
});

test("digits beyond the code's bits are refused though their check fits", () => {
  const value = Math.pow(2, 40);
  const check = 98 - Number((BigInt(value) * 100n) % 97n);
  assert.equal(codeOfDigits(String(value) + String(check).padStart(2, "0")), null);
});

test("the list holds 1,024 words that differ in four letters", () => {
  assert.equal(list.words.length, 1024);
  assert.equal(list.byPrefix.size, 1024);
});
