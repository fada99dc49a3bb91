import assert from "node:assert/strict";
import type { Seat } from "./seat.ts";

// A code that is made for later, as the form is filled in.

/** What is said of it before its time, on its day. */
export const EARLY = /^Not yet\. It begins at \d\d:\d\d\.$/;

/** What is kept of a code on a device. */
export interface Kept {
  readonly id: string;
  readonly qr_svg: string;
  readonly not_before: number;
  readonly expires_at: number;
}

/** Prepares a code for the next quarter of an hour, as the form proposes. */
export async function prepare(seat: Seat, fill = async (): Promise<unknown> => null): Promise<Kept> {
  await seat.press("Prepare one for later");
  await seat.page.getByLabel("Place").fill("Old Mill");
  await fill();
  await seat.press("Make code");
  await seat.read(/^The code for \d\d:\d\d is kept on this device\.$|^The code for .*, \d\d:\d\d is kept/);
  await seat.untilKept();
  await seat.settle();
  const [kept] = await seat.page.evaluate(() => JSON.parse(localStorage.getItem("prepared") ?? "[]") as Kept[]);
  assert.ok(kept);
  assert.ok(await holds(seat, kept));
  return kept;
}

/** Says on the form for a code that it begins at a full minute. */
export async function beginAt(seat: Seat, seconds: number): Promise<void> {
  const local = await seat.page.evaluate((at) => {
    const there = new Date(at * 1000);
    return new Date(there.getTime() - there.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  }, seconds);
  await seat.page.getByLabel("From", { exact: true }).fill(local);
}

/** Whether anything of a code is kept in this browser, wherever that may be. */
export async function holds(seat: Seat, { id, qr_svg }: Kept): Promise<boolean> {
  const kept = await seat.kept();
  return kept.includes(id) || kept.includes(JSON.stringify(JSON.stringify(qr_svg)).slice(4, -4).slice(100, 300));
}

export async function goOffline(seat: Seat): Promise<void> {
  await seat.page.context().setOffline(true);
  await seat.page.reload();
  await seat.see("Not connected");
}
