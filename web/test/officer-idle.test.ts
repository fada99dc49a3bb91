import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE_MS, Idle } from "../officer/idle.ts";

const MINUTE = 60000;

function console() {
  const seen: string[] = [];
  const clock = { now: 0 };
  const idling = { warn: (end: number) => seen.push(`warn ${end / MINUTE}`), calm: () => seen.push("calm"), end: () => seen.push("end"), heard: () => seen.push("heard") };
  const idle = new Idle(idling, () => clock.now);
  return { seen, idle, at: (minutes: number) => (clock.now = minutes * MINUTE) };
}

test("nobody touches it: it says so two minutes before, once, and then ends", () => {
  const { seen, idle, at } = console();
  for (const minutes of [5, 12.9, 13, 14, 15, 16]) {
    at(minutes);
    idle.look();
  }
  assert.deepEqual(seen, ["warn 15", "calm", "end"]);
  assert.equal(IDLE_MS, 15 * MINUTE, "as the service has it");
});

test("a touch takes the warning back, and the service hears of it", () => {
  const { seen, idle, at } = console();
  at(14);
  idle.look();
  idle.touch();
  at(28.9);
  idle.look();
  assert.deepEqual(seen, ["warn 15", "heard", "calm", "warn 29"]);
});

test("who types for long is heard of now and then", () => {
  const { seen, idle, at } = console();
  for (let minutes = 1; minutes <= 20; minutes++) {
    at(minutes);
    idle.touch();
    idle.look();
  }
  assert.deepEqual(seen, ["heard", "heard", "heard", "heard"]);
});

test("anybody who comes back too late does not begin again", () => {
  const { seen, idle, at } = console();
  at(15);
  idle.touch();
  assert.deepEqual(seen, ["calm", "end"]);
});
