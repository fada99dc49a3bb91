import assert from "node:assert/strict";
import { test } from "node:test";
import { Presses } from "../officer/press.ts";

let still = true;
const presses = () => new Presses<string>(() => still);

test("a press counts on what it began on, once the screen has stood still", () => {
  const hand = presses();
  still = true;
  hand.begin("yes");
  assert.equal(hand.counts("yes"), true);
  still = false;
  hand.begin("yes");
  still = true;
  assert.equal(hand.counts("yes"), false, "it began while the screen moved");
  hand.begin("yes");
  still = false;
  assert.equal(hand.counts("yes"), true, "what moves under a finger that is there already is no harm");
});

test("a press that began elsewhere counts for nothing", () => {
  const hand = presses();
  still = true;
  for (const began of ["keep", null]) {
    hand.begin(began);
    assert.equal(hand.counts("yes"), false);
  }
});

test("a click alone, as assistive technology sends it, counts once the screen has stood still", () => {
  const hand = presses();
  still = false;
  assert.equal(hand.counts("yes"), false);
  still = true;
  assert.equal(hand.counts("yes"), true);
  hand.begin("keep");
  hand.cancel();
  assert.equal(hand.counts("yes"), true, "a finger that scrolled before is no part of it");
});
