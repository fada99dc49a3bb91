import assert from "node:assert/strict";
import { test } from "node:test";
import { type FollowedWords, followDigits, followWords } from "../shared/follow.ts";
import { nearWords } from "../shared/near.ts";
import { list, protocol } from "./files.ts";

// What is understood of words and digits while they are typed.

const words = protocol.vectors[0]!.words5;
const digits = protocol.vectors[0]!.digits15;

function follow(input: string): FollowedWords {
  const followed = followWords(input, list);
  assert.ok(followed);
  return followed;
}

const rows = (input: string) => follow(input).places.map(({ kind, text }) => (kind === "word" ? text : kind + (text && " " + text)));
const offers = (input: string) => follow(input).offers.map((offer) => offer.words);
const inputs = (input: string) => follow(input).offers.map((offer) => offer.input);

test("nothing is typed yet", () => {
  assert.deepEqual(follow(""), {
    places: Array.from({ length: 5 }, () => ({ kind: "empty", text: "" })),
    present: { position: 0, unheard: "? " },
    offers: [],
    reading: null,
    mayGoOn: false,
  });
});

test("each place shows what is known of its word", () => {
  assert.deepEqual(rows("legroom man"), ["legroom", "begun man", "empty", "empty", "empty"]);
  assert.deepEqual(rows("LEGR, mans-ding"), ["legroom", "mansion", "dingo", "empty", "empty"]);
  assert.deepEqual(rows("legroom ? xqzz di "), ["legroom", "unheard ?", "wrong xqzz", "wrong di", "empty"]);
});

test("typed letter by letter, a right code is never called wrong, and fits only when all is there", () => {
  for (const code of [words, protocol.vectors[1]!.words5]) {
    const fits = code.length - code.split(" ")[4]!.length + 4;
    for (let n = 1; n <= code.length; n++) {
      const { places, reading } = follow(code.slice(0, n));
      assert.ok(places.every(({ kind }) => kind !== "wrong"), code.slice(0, n));
      assert.equal(reading?.kind, n < fits ? undefined : "code", code.slice(0, n));
    }
  }
});

test("from four letters the rest of the word is offered, and nothing when the word is whole", () => {
  assert.deepEqual(offers("legroom man"), []);
  assert.deepEqual(follow("legroom mans").offers, [{ words: "mansion", input: "legroom mansion " }]);
  assert.deepEqual(inputs("legroom  Mansio"), ["legroom  mansion "]);
  assert.deepEqual(offers("legroom mansion"), []);
  assert.deepEqual(offers("legroom mans "), []);
});

test("where four letters begin no word of ours the near words are offered, a few at most", () => {
  assert.deepEqual(inputs("legroom mnas"), ["legroom mansion ", "legroom mascot ", "legroom measure "]);
  assert.deepEqual(inputs("legrom mans "), ["legroom mans "]);
  assert.deepEqual(inputs("legroom mansxyz"), ["legroom mansion "]);
  assert.deepEqual(inputs("legroom man "), ["legroom mantra ", "legroom manual ", "legroom manatee "]);
  assert.deepEqual(offers("legroom xqzz"), []);
  assert.deepEqual(follow("legroom mnas").reading, { kind: "wrong_word", position: 1 });
});

test("a slip in the first letters leads to the word that was meant, nine times out of ten", () => {
  let [met, slips] = [0, 0];
  list.words.forEach((word, i) => {
    const at = i % 4;
    const slip = [word.slice(0, at) + word.slice(at + 1), word.slice(0, at) + word.charAt(at) + word.slice(at), word.slice(0, at) + "x" + word.slice(at + 1)][i % 3]!;
    if (slip === word || list.byPrefix.has(slip.slice(0, 4))) return;
    slips += 2;
    met += [slip, slip.slice(0, 4)].filter((typed) => nearWords(typed, list).indexOf(word) >= 0).length;
  });
  assert.ok(slips > 1000 && met / slips > 0.9, `${met} of ${slips}`);
});

test("a word that was not heard takes the present place", () => {
  const present = (input: string) => follow(input).present;
  assert.deepEqual(present("legroom "), { position: 1, unheard: "legroom ? " });
  assert.deepEqual(present("legroom"), { position: 1, unheard: "legroom ? " });
  assert.deepEqual(present("legroom ma"), { position: 1, unheard: "legroom ? " });
  assert.deepEqual(present("legroom xqzz dingo"), { position: 1, unheard: "legroom ? dingo" });
  assert.equal(present(words), null);
  assert.equal(present("legroom ? dingo customer talisman"), null);
});

test("all there: they fit, or the one correction is offered", () => {
  assert.equal(follow("legr mans ding cust tali").reading?.kind, "code");
  assert.deepEqual(inputs("legroom mansion ? customer talisman"), ["legroom mansion dingo customer talisman"]);
  assert.deepEqual(inputs("legroom mansion dimgo customer talisman"), ["legroom mansion dingo customer talisman"]);
  assert.deepEqual(inputs("legroom mansion dingo customer taliman"), [words + " "]);
  assert.deepEqual(inputs("mansion legroom dingo customer talisman"), [words + " "]);
  assert.deepEqual(follow("progress onboard chapter maternal talisman chapter").reading, { kind: "wrong_check" });
});

test("after five words a sixth may follow, whether or not they fit", () => {
  const six = protocol.vectors[0]!.words6;
  assert.equal(follow(words).mayGoOn, true);
  assert.equal(follow(six).mayGoOn, false);
  assert.equal(follow(six).reading?.kind, "code");
  for (const unfinished of [six.split(" ").slice(0, 5).join(" "), "progress onboard chapter maternal talisman"]) {
    const { places, present, reading, mayGoOn } = follow(unfinished + " ");
    assert.deepEqual([places.length, present?.position, reading, mayGoOn], [6, 5, null, true], unfinished);
  }
});

test("too many words are counted, and none of them is singled out", () => {
  const { places, ...rest } = follow(words + " talisman xqzz mans");
  assert.equal(places.length, 8);
  assert.deepEqual(rest, { present: null, offers: [], reading: { kind: "wrong_count", count: 8 }, mayGoOn: false });
});

test("two words that were not heard cannot be found", () => {
  const reading = { kind: "two_unheard", position: 3 };
  assert.deepEqual(follow("legroom ? dingo ?").reading, reading);
  assert.deepEqual(follow("legroom ? dingo ? talisman").reading, reading);
});

test("a link or a token is not read as words", () => {
  for (const input of ["https://verify.example.org/#123", "x".repeat(60), "verify.example.org/#"]) {
    assert.equal(followWords(input, list), null, input);
  }
});

test("digits: how many are to come, then whether they fit", () => {
  const wrong = (count: number) => ({ missing: 0, reading: { kind: "wrong_digits", count } });
  assert.deepEqual(followDigits(""), { missing: 15, reading: null });
  assert.deepEqual(followDigits("055 140-5"), { missing: 8, reading: null });
  assert.equal(followDigits(digits).reading?.kind, "code");
  // they may be the beginning of eighteen
  assert.deepEqual(followDigits(digits.slice(0, -1) + "4"), { missing: 3, reading: null });
  assert.deepEqual(followDigits(digits + "0"), { missing: 2, reading: null });
  const { digits18 } = protocol.vectors[0]!;
  assert.equal(followDigits(digits18).reading?.kind, "code");
  assert.deepEqual(followDigits(digits18.slice(0, -1) + (digits18.endsWith("0") ? "1" : "0")), wrong(18));
  assert.deepEqual(followDigits(digits18 + "0"), wrong(19));
});
