import assert from "node:assert/strict";
import { test } from "node:test";
import { timeText } from "../officer/times.ts";

const at = (local: string): number => new Date(local).getTime() / 1000;

test("a time has its date where that is another than today's, or than that of the moment before it", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: at("2026-06-30T12:00") * 1000 });
  assert.equal(timeText(at("2026-06-30T23:55")), "23:55");
  assert.equal(timeText(at("2026-07-01T00:05")), "1 July 2026, 00:05");
  assert.equal(timeText(at("2026-07-01T00:15"), at("2026-07-01T00:05")), "00:15");
  assert.equal(timeText(at("2026-07-01T00:05"), at("2026-06-30T23:55")), "1 July 2026, 00:05");
  assert.equal(timeText(at("2025-06-30T12:00")), "30 June 2025, 12:00");
});
