import assert from "node:assert/strict";
import { test } from "node:test";
import { Ending } from "../officer/ending.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

function console() {
  const said: string[] = [];
  const clock = { now: 0 };
  const ending = new Ending((end) => said.push(`at ${clock.now / MINUTE}: ${end / HOUR}`), () => clock.now);
  const look = (...minutes: readonly number[]): string[] => {
    for (const at of minutes) {
      clock.now = at * MINUTE;
      ending.look();
    }
    return said.splice(0);
  };
  return { ending, look };
}

test("ten minutes before the end it is said, two minutes before once more, and never after it", () => {
  const { ending, look } = console();
  assert.deepEqual(look(1, 800), [], "nobody is signed in");
  ending.begin(12 * HOUR);
  assert.deepEqual(look(1, 709.9, 710, 711, 717.9, 718, 719, 720, 721), ["at 710: 12", "at 718: 12"]);
});

test("who signs in again is warned of the new end alone, and who is out of none", () => {
  const { ending, look } = console();
  ending.begin(12 * HOUR);
  assert.deepEqual(look(715), ["at 715: 12"]);
  ending.begin(24 * HOUR);
  assert.deepEqual(look(719, 720, 1430), ["at 1430: 24"]);
  ending.stop();
  assert.deepEqual(look(1438), []);
});

test("a device that slept through both warnings gives one, and a session that has ended gives none", () => {
  const { ending, look } = console();
  ending.begin(12 * HOUR);
  assert.deepEqual(look(600, 719), ["at 719: 12"]);
  ending.begin(12 * HOUR);
  assert.deepEqual(look(720, 720.5), []);
});
