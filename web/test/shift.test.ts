import assert from "node:assert/strict";
import { test } from "node:test";
import { type Key, ShiftPresses } from "../public/shift.ts";

// What counts as Shift pressed alone. Each row ends with three that would count, were it not for what it does before or between.

const none = { repeat: false, ctrlKey: false, altKey: false, metaKey: false };
const shift: Key = { key: "Shift", ...none };

class Hand {
  clock = 0;
  readonly presses = new ShiftPresses(() => this.clock);
  last: number | null = null;

  down(key: Partial<Key> = {}, inField = false): void {
    this.presses.down({ ...shift, ...key }, inField);
  }

  up(key = "Shift"): void {
    const left = this.presses.up({ ...shift, key });
    if (left !== null) this.last = left;
  }

  press(key: Partial<Key> = {}, inField = false): void {
    this.last = null;
    this.down(key, inField);
    this.up();
  }
}

test("three presses within five seconds leave, and each tells how many are to come", () => {
  const hand = new Hand();
  const left = [0, 1, 2].map(() => {
    hand.press();
    hand.clock += 2499;
    return hand.last;
  });
  assert.deepEqual(left, [2, 1, 0]);
});

test("a press that is held down is one press, however often the key repeats", () => {
  const hand = new Hand();
  hand.down();
  for (let i = 0; i < 40; i++) hand.down({ repeat: true });
  hand.up();
  assert.equal(hand.last, 2);
  hand.press();
  hand.press();
  assert.equal(hand.last, 0);
});

const harmless: { readonly [what: string]: (hand: Hand) => void } = {
  "the third comes five seconds after the first": (hand) => {
    hand.press();
    hand.press();
    hand.clock += 5000;
    hand.press();
  },
  "capitals": (hand) => {
    for (const key of "ABC") {
      hand.down();
      hand.down({ key });
      hand.up(key);
      hand.up();
    }
  },
  "a letter in between": (hand) => {
    hand.press();
    hand.press();
    hand.down({ key: "h" });
    hand.up("h");
    hand.press();
  },
  "a letter that is let go after Shift": (hand) => {
    for (let i = 0; i < 3; i++) {
      hand.down();
      hand.down({ key: "A" });
      hand.up();
      hand.up("a");
    }
  },
  "in a field": (hand) => [0, 1, 2].forEach(() => hand.press({}, true)),
  "in a field once": (hand) => [false, true, false].forEach((inField) => hand.press({}, inField)),
  "both Shifts at once": (hand) => {
    for (let i = 0; i < 3; i++) {
      hand.down();
      hand.down();
      hand.up();
      hand.up();
    }
  },
  "with Control, as some keyboards change their language": (hand) => [0, 1, 2].forEach(() => hand.press({ ctrlKey: true })),
  "with Alt": (hand) => [0, 1, 2].forEach(() => hand.press({ altKey: true })),
  "with the key of the system": (hand) => [0, 1, 2].forEach(() => hand.press({ metaKey: true })),
  "a pointer, as to select or to open beside": (hand) => {
    for (let i = 0; i < 3; i++) {
      hand.down();
      hand.presses.end();
      hand.up();
    }
    hand.press();
    hand.press();
  },
  "a screen reader moves after each, though its key was not seen": (hand) => {
    for (let i = 0; i < 3; i++) {
      hand.press();
      hand.presses.end();
    }
  },
  "let go in another window": (hand) => {
    hand.press();
    hand.press();
    hand.down();
    hand.presses.away();
  },
  "let go alone, pressed elsewhere": (hand) => [0, 1, 2].forEach(() => hand.up()),
};

for (const [what, act] of Object.entries(harmless)) {
  test(`the page stays: ${what}`, () => {
    const hand = new Hand();
    act(hand);
    assert.notEqual(hand.last, 0);
    hand.clock += 5000;
    for (let i = 0; i < 3; i++) hand.press();
    assert.equal(hand.last, 0, "afterwards three leave");
  });
}
