import assert from "node:assert/strict";
import { test } from "node:test";
import { Stay } from "../officer/stay.ts";

/** One device: tabs that see the same marks. */
class Device {
  readonly marks = new Map<string, string>();
  private drawn = 0;

  tab(): Stay {
    const { marks } = this;
    const shelf = {
      getItem: (key: string) => marks.get(key) ?? null,
      setItem: (key: string, value: string) => void marks.set(key, value),
      removeItem: (key: string) => void marks.delete(key),
      holds: (key: string) => marks.has(key),
    };
    return new Stay(shelf, () => `mark ${++this.drawn}`);
  }
}

test("a sign-out in one tab ends the stay of all that belong to it, and leaves no mark", () => {
  const device = new Device();
  const [first, second, third] = [device.tab(), device.tab(), device.tab()];
  first.begin();
  second.joinOrBegin();
  third.join();
  assert.deepEqual([first, second, third].map((tab) => tab.isOver()), [false, false, false]);
  second.end();
  assert.deepEqual([first, second, third].map((tab) => tab.isOver()), [true, false, true]);
  assert.equal(device.marks.size, 0);
});

test("a stay that ended while a tab was frozen stays over when somebody has signed in since", () => {
  const device = new Device();
  const [frozen, other] = [device.tab(), device.tab()];
  frozen.begin();
  other.join();
  other.end();
  other.begin();
  assert.ok(frozen.isOver());
  frozen.join();
  assert.ok(!frozen.isOver());
});

test("anybody who signs in over another person ends that person's stay", () => {
  const device = new Device();
  const [first, second] = [device.tab(), device.tab()];
  first.begin();
  second.join();
  second.begin();
  assert.deepEqual([first.isOver(), second.isOver()], [true, false]);
});

test("a tab that belongs to no stay has none that could end", () => {
  const device = new Device();
  const [idle, other] = [device.tab(), device.tab()];
  idle.join();
  other.begin();
  assert.ok(!idle.isOver());
  other.end();
  assert.ok(!idle.isOver());
});
