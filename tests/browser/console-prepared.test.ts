import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsoleStage } from "./console/stage.ts";
import { EARLY, goOffline, holds, prepare } from "./console/preparing.ts";

// Codes for a place without signal: made ahead, kept on the device for their time, and not a moment longer.

const stage = new ConsoleStage();
const HOUR = 3_600_000;

test("prepared with a network, shown without one, and what it says is genuine", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  await goOffline(seat);
  assert.deepEqual(await seat.page.getByRole("button").allInnerTexts(), ["Try again", "Show code"]);
  await seat.read("In person, Old Mill");
  await seat.press("Show code");
  await seat.see(`Type ${new URL(stage.service.url).host}, then scan.`);
  await seat.read(EARLY);
  await seat.page.reload();
  await seat.read(EARLY);
  const person = await stage.visit(await seat.scan());
  await person.press("Check this code");
  await person.see("It is too early for this code");
  await seat.press("Hide");
  await seat.press("Tap to show the code");
  await seat.press("Done");
  await seat.see("Not connected");
  await seat.page.reload();
  await seat.see("Not connected");
});

test("the network comes back: the console continues on its own, also with a code on the screen", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  await goOffline(seat);
  await seat.page.context().setOffline(false);
  await seat.see("Make a code");
  await seat.read("Prepared codes");
  await seat.press("Show code");
  const withdraw = seat.page.getByRole("button", { name: "Hold to withdraw" });
  await withdraw.waitFor();
  const link = await seat.scan();
  await seat.page.context().setOffline(true);
  await seat.page.reload();
  await seat.read(EARLY);
  assert.equal(await seat.scan(), link);
  assert.equal(await withdraw.count(), 0);
  await seat.page.context().setOffline(false);
  await withdraw.waitFor();
  assert.equal(await seat.scan(), link);
  await seat.page.goBack();
  await seat.see("Make a code");
});

test("words are prepared too, for those who want them and on the telephone", async () => {
  const seat = await stage.officer();
  await prepare(seat, () => seat.page.getByLabel("With words to read out").check());
  await seat.press("Show code");
  assert.equal((await seat.words()).split(" ").length, 6);
  await seat.press("Done");
  await prepare(seat, () => seat.page.getByLabel("How you will reach them").selectOption("telephone"));
  await goOffline(seat);
  await seat.page.getByRole("button", { name: "Show code" }).last().click();
  assert.equal((await seat.words()).split(" ").length, 6);
});

test("a minute after its time nothing is left, while the console is open", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  await seat.page.clock.install();
  await goOffline(seat);
  await seat.page.clock.setFixedTime((kept.expires_at + 58) * 1000);
  assert.ok(await holds(seat, kept));
  await seat.page.clock.setFixedTime((kept.expires_at + 61) * 1000);
  await seat.page.clock.runFor(HOUR);
  await seat.page.getByText("Prepared codes").waitFor({ state: "detached" });
  assert.ok(!(await holds(seat, kept)));
});

test("a minute after its time nothing is left, when the console is opened again", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  await seat.page.clock.install({ time: (kept.expires_at + 60) * 1000 });
  await goOffline(seat);
  assert.equal(await seat.page.getByText("Prepared codes").count(), 0);
  assert.ok(!(await holds(seat, kept)));
});

test("signing out wipes it", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  await seat.press("Sign out");
  await seat.read("You are signed out. No codes are left on this device. Your passkey stays.");
  assert.ok(!(await holds(seat, kept)));
});

test("signing out without a network wipes it too, and the session ends once the service answers", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  const [cookie] = await seat.page.context().cookies();
  await seat.page.context().setOffline(true);
  await seat.press("Sign out");
  await seat.read(/^You are signed out here\./);
  assert.ok(!(await holds(seat, kept)));
  await seat.page.context().setOffline(false);
  await seat.page.reload();
  await seat.see("Sign in");
  const headers = { Cookie: `__Host-session=${cookie?.value}` };
  assert.equal((await fetch(stage.service.consoleUrl + "/v1/session", { headers })).status, 401);
  await seat.press("Sign in");
  await seat.see("Make a code");
});

test("withdrawn while the device was elsewhere: wiped as soon as the service can be asked", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  const administrator = await stage.person("administrator");
  await administrator.press("In use");
  const card = administrator.page.locator("li.card", { hasText: seat.callsign + ": In person" });
  await card.getByRole("button", { name: "Withdraw" }).click();
  await administrator.mean(card.getByRole("button", { name: "Yes, withdraw it" }));
  await card.getByText("Withdrawn", { exact: true }).waitFor();
  await seat.page.reload();
  await seat.page.waitForFunction(() => localStorage.getItem("prepared") === null);
  assert.ok(!(await holds(seat, kept)));
});

test("withdrawn on its own screen: wiped", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  await seat.press("Show code");
  await seat.hold();
  await seat.see("This code is withdrawn");
  assert.ok(!(await holds(seat, kept)));
});

test("another person on the same device finds nothing of the first", async () => {
  const seat = await stage.officer();
  const kept = await prepare(seat);
  await seat.page.context().clearCookies();
  await seat.page.reload();
  await seat.see("Sign in");
  await seat.read("Prepared codes");
  await seat.losePasskeys();
  await seat.page.goto("about:blank");
  await seat.page.goto(stage.service.enrol("nightjar", "officer"));
  await seat.press("Make a passkey");
  await seat.press("Sign in");
  await seat.see("Make a code");
  await seat.read("nightjar");
  assert.ok(!(await holds(seat, kept)));
});

test("a session that ends leaves prepared codes, and only these", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  await seat.page.context().clearCookies();
  // by then the news of the new code may have led there already
  await seat.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await seat.see("Sign in");
  await seat.read("Your session has ended. Please sign in again.");
  await seat.press("Show code");
  await seat.scan();
});

test("a device that cannot keep a code says so before one is made", async () => {
  const seat = await stage.officer();
  await seat.page.evaluate(() => localStorage.setItem("full", "x".repeat(5 * 1024 * 1024 - 60_000)));
  await seat.press("Prepare one for later");
  await seat.press("Make code");
  await seat.read("This device cannot keep a code. Its storage is full or switched off. No code was made.");
  assert.equal(seat.paths.filter((path) => path === "/v1/confirmations").length, 1, "fetched ahead, and not used");
  await seat.page.evaluate(() => localStorage.removeItem("full"));
  await seat.press("Make code");
  await seat.read(/is kept on this device/);
});

test("only a time within a day is taken, and never a number", async () => {
  const seat = await stage.officer();
  await seat.press("Prepare one for later");
  assert.equal(await seat.page.getByLabel("Their number").count(), 0);
  for (const time of ["", "2020-01-01T10:00", "2099-01-01T10:00"]) {
    await seat.page.getByLabel("From", { exact: true }).fill(time);
    await seat.press("Make code");
    await seat.read("Please choose a time within the next 24 hours.");
  }
});
