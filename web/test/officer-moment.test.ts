import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Clock, atMoment } from "../officer/moment.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** A page whose clock the test moves. */
function page(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const document = new EventTarget();
  Object.assign(globalThis, { document });
  t.after(() => Reflect.deleteProperty(globalThis, "document"));
  return {
    now: () => Math.floor(Date.now() / 1000),
    seen: () => document.dispatchEvent(new Event("visibilitychange")),
    pass: (seconds: number, step = 1) => {
      for (let passed = 0; passed < seconds; passed += step) t.mock.timers.tick(step * 1000);
    },
  };
}

test("a moment comes once, however far it is, and never too early", (t) => {
  const { now, pass, seen } = page(t);
  const came: number[] = [];
  atMoment(100 * DAY, now, () => came.push(now()));
  const wait = t.mock.method(globalThis, "setTimeout").mock;
  pass(100 * DAY - HOUR, HOUR);
  pass(HOUR - 1);
  assert.deepEqual(came, []);
  assert.ok(wait.calls.every((call) => Number(call.arguments[1]) <= LONGEST_WAIT_MS));
  pass(1);
  seen();
  pass(DAY, HOUR);
  assert.deepEqual(came, [100 * DAY]);
});

test("a moment that is past comes soon, and not before what waits for it is there", (t) => {
  const { now, pass } = page(t);
  pass(50);
  let came = 0;
  atMoment(10, now, () => came++);
  assert.equal(came, 0);
  pass(1);
  assert.equal(came, 1);
});

test("a page that is left hears no more, also when it is seen again", (t) => {
  const { now, pass, seen } = page(t);
  const end = atMoment(10, now, () => assert.fail("it has ended"));
  end();
  seen();
  pass(20);
});

test("a clock acts at each moment to come, and follows other ones in their place", (t) => {
  const { now, pass } = page(t);
  pass(5);
  const came: number[] = [];
  const clock = new Clock(now, () => came.push(now()));
  clock.follow([30, 3, 10, 10]);
  pass(20);
  assert.deepEqual(came, [10]);
  pass(10);
  assert.deepEqual(came, [10, 30]);
  clock.follow([40, 50]);
  clock.follow([60]);
  pass(25);
  assert.deepEqual(came, [10, 30, 60]);
  clock.follow([70]);
  clock.end();
  pass(25);
  assert.deepEqual(came, [10, 30, 60]);
});
