import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE } from "./browser.ts";
import { EARLY, beginAt, goOffline, prepare } from "./console/preparing.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// A code that was prepared for later, before and at its beginning: who checks it too early is not left alone with what their page says.

const stage = new ConsoleStage();
const MINUTE = 60;

const aheadBy = (seconds: number): number => Math.ceil((Date.now() / 1000 + seconds) / MINUTE) * MINUTE;

/** From now on, all that a screen reader is given to say of where the code on the screen stands. */
async function listen(seat: Seat): Promise<() => Promise<readonly string[]>> {
  await seat.page.locator(".live-state").evaluate((line) => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    new MutationObserver(() => heard.push(line.textContent ?? "")).observe(line, { childList: true, characterData: true, subtree: true });
  });
  return () => seat.page.evaluate(() => (window as unknown as { readonly heard: readonly string[] }).heard);
}

/** Time goes by on the device until a moment. */
async function passUntil(seat: Seat, seconds: number): Promise<void> {
  const now = await seat.page.evaluate(() => Date.now());
  await seat.page.clock.fastForward(seconds * 1000 - now);
}

test("before its time the screen says when it begins, whatever the connection, and then what is known; each is said once", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  const { not_before } = await prepare(seat, () => beginAt(seat, aheadBy(3 * MINUTE)));
  await seat.press("Show code");
  await seat.read(EARLY);
  await seat.read(/^Runs out at \d\d:\d\d$/);
  const heard = await listen(seat);
  await seat.page.context().setOffline(true);
  await passUntil(seat, not_before - 2);
  assert.deepEqual(await heard(), []);
  await passUntil(seat, not_before + 1);
  await seat.read("Connection lost. Ask what their screen says.");
  await seat.page.context().setOffline(false);
  await seat.read("Not checked yet");
  assert.deepEqual(await heard(), ["Connection lost. Ask what their screen says.", "Not checked yet"]);
});

test("before its time, where nobody is signed in: when it begins, and from then on that checks do not show", async () => {
  const seat = await stage.officer();
  const { not_before } = await prepare(seat, () => beginAt(seat, aheadBy(3 * MINUTE)));
  await seat.page.clock.install();
  await goOffline(seat);
  await seat.press("Show code");
  await seat.read(EARLY);
  const heard = await listen(seat);
  await passUntil(seat, not_before - 2);
  assert.deepEqual(await heard(), []);
  await passUntil(seat, not_before + 1);
  await seat.read("Checks do not show here now. Ask what their screen says.");
  assert.equal((await heard()).length, 1);
  await seat.page.reload();
  await seat.read("Checks do not show here now. Ask what their screen says.");
});

test("a device that slept through the beginning says so when it wakes", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  const { not_before } = await prepare(seat, () => beginAt(seat, aheadBy(3 * MINUTE)));
  await seat.press("Show code");
  await seat.read(EARLY);
  await seat.page.clock.setSystemTime((not_before + 1) * 1000);
  await seat.read(EARLY);
  await seat.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await seat.read("Not checked yet");
});

test("a code that begins on another day says which", async () => {
  // in a zone in which it is late in the evening; by their sign these names run against the usual
  const ahead = 22 - new Date().getUTCHours();
  const behind = ahead > 14 ? 24 - ahead : -ahead;
  const seat = await stage.officer({ ...PHONE, timezoneId: `Etc/GMT${behind < 0 ? "" : "+"}${behind}` });
  await prepare(seat, () => beginAt(seat, aheadBy(125 * MINUTE)));
  await seat.press("Show code");
  await seat.read(/^Not yet\. It begins at \d{1,2} \w+ \d{4}, \d\d:\d\d\.$/);
});

test("a check that comes before the time of this device shows", async () => {
  const seat = await stage.officer();
  // a clock that falls behind: the service takes a code a minute early
  await seat.page.clock.setSystemTime(Date.now() - 5 * MINUTE * 1000);
  await prepare(seat, () => beginAt(seat, aheadBy(2)));
  await seat.press("Show code");
  await seat.read(EARLY);
  const person = await stage.visit(await seat.scan());
  await person.press("Check this code");
  await person.see("This code is genuine");
  await seat.read("Checked just now");
});

test("in a list a code says when it begins, and at that time that it is not checked", async () => {
  const seat = await stage.officer();
  const { not_before } = await prepare(seat, () => beginAt(seat, aheadBy(3 * MINUTE)));
  const administrator = await stage.person("administrator");
  await administrator.page.clock.install();
  await administrator.press("In use");
  const card = administrator.page.locator("li.card", { hasText: seat.callsign + ": In person" });
  await card.getByText(EARLY).waitFor();
  await passUntil(administrator, not_before + 1);
  await card.getByText("Not checked yet", { exact: true }).waitFor();
  assert.equal(await card.getByText(EARLY).count(), 0);
  // of several at once a screen reader hears the last
  assert.match(await administrator.page.locator("body > .unseen").innerText(), /^officer-\d+: In person: Not checked yet$/);
});

test("in a list a code that runs out says so at its time, also without a network, and what was asked there meanwhile stays until it is answered", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  await seat.press("Done");
  await seat.makeCode("By telephone");
  await seat.press("Done");
  await seat.page.getByRole("button", { name: "Show code" }).nth(1).waitFor();
  await seat.settle();
  await seat.page.clock.install();
  // drawn from here on, by the clock that the test moves
  await seat.press("Ask for an authorisation");
  await seat.press("Back");
  await seat.page.getByRole("button", { name: "Show code" }).nth(1).waitFor();
  await seat.settle();
  const codes = seat.page.locator("section", { hasText: "Your codes in use" });
  const card = codes.locator("li.card", { hasText: "In person" });
  const place = () => codes.locator("li.card").evaluateAll((cards) => cards.map((one) => JSON.stringify([one.getBoundingClientRect().top + window.scrollY, one.getBoundingClientRect().height])));
  const [ends = ""] = (await card.innerText()).match(/(?<=Runs out at )\d\d:\d\d/) ?? [];
  const before = await place();
  await seat.page.context().setOffline(true);
  await seat.page.clock.fastForward(298_000 - 60_000);
  assert.equal(await card.getByText("Not checked yet").count(), 1);
  await seat.page.clock.fastForward(62_000);
  await card.getByText(`Ran out at ${ends}`, { exact: true }).waitFor();
  assert.equal(await card.getByRole("button", { name: "Show code" }).count(), 0);
  // until the leeway is over somebody can still check it
  assert.equal(await card.getByRole("button", { name: "Withdraw" }).count(), 1);
  await card.getByRole("button", { name: "Withdraw" }).click();
  await seat.page.clock.fastForward(61_000);
  await card.getByText("Withdraw this code?").waitFor();
  await card.getByRole("button", { name: "No, leave it" }).click();
  await card.getByRole("button").first().waitFor({ state: "detached" });
  assert.deepEqual((await place())[1], before[1], "nothing moves");
  await seat.page.context().setOffline(false);
});
