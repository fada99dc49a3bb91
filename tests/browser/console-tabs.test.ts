import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// Two tabs of one console: anybody who signs out in one leaves nothing in the other, with or without a network.

const stage = new ConsoleStage();
/** A browser that does not tell a tab what another one did. */
const deaf = `window.addEventListener("storage", (event) => event.stopImmediatePropagation(), true)`;

/** Prepares a code, as the form proposes it. */
async function prepare(seat: Seat): Promise<void> {
  await seat.press("Prepare one for later");
  await seat.page.getByLabel("Place").fill("Old Mill");
  await seat.press("Make code");
  await seat.read(/is kept on this device\.$/);
  await seat.untilKept();
  await seat.settle();
}

/** Another tab of the same browser, which shows the code that was prepared. */
async function anotherTab(seat: Seat, before = ""): Promise<Page> {
  const page = await seat.page.context().newPage();
  await page.addInitScript(before);
  await page.goto(stage.service.consoleUrl);
  await page.getByText("Old Mill").waitFor();
  await page.getByRole("button", { name: "Show code" }).click();
  await page.locator(".qr img").waitFor();
  return page;
}

/** Waits until nothing of the code is on a tab's screen. */
async function wiped(page: Page, heading: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  assert.equal(await page.locator(".qr").count(), 0);
  assert.doesNotMatch(await page.locator("body").innerText(), /Old Mill|Show code/);
}

test("signed out in one tab without a network: the code is gone from the other", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  const other = await anotherTab(seat);
  await other.getByRole("button", { name: "Hide" }).click();
  await seat.page.context().setOffline(true);
  await seat.press("Sign out");
  await seat.read(/^You are signed out here\./);
  await wiped(other, "Not connected");
  assert.equal(await other.evaluate(() => document.documentElement.classList.contains("is-veiled")), false);
  await seat.page.context().setOffline(false);
  await wiped(other, "Sign in");
  assert.equal(await other.evaluate(() => JSON.stringify(Object.keys(localStorage))), "[]");
});

test("signed out in one tab with a network: the code is gone from the other", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  const other = await anotherTab(seat);
  await seat.press("Sign out");
  await seat.read("You are signed out. No codes are left on this device. Your passkey stays.");
  await wiped(other, "Sign in");
});

for (const [name, wake] of [
  ["was frozen", `document.dispatchEvent(new Event("resume"))`],
  ["was put aside as it stood", `window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`],
  ["was not looked at", `document.dispatchEvent(new Event("visibilitychange"))`],
] as const) {
  test(`a tab that ${name} meanwhile shows nothing when it comes back`, async () => {
    const seat = await stage.officer();
    await prepare(seat);
    const other = await anotherTab(seat, deaf);
    await seat.page.context().setOffline(true);
    await seat.press("Sign out");
    await seat.read(/^You are signed out here\./);
    // at once: before anything else of the tab runs
    const left = await other.evaluate<string>(`(${wake}, document.body.innerText + document.querySelectorAll(".qr").length)`);
    assert.doesNotMatch(left, /Old Mill|Show code/);
    assert.match(left, /0$/);
    await wiped(other, "Not connected");
  });
}

test("a code that was on its way when the person signed out in another tab is not kept", async () => {
  const seat = await stage.officer();
  const other = await seat.page.context().newPage();
  await other.goto(stage.service.consoleUrl);
  let deliver = (): void => {};
  const held = new Promise<void>((resolve) => (deliver = resolve));
  await seat.page.route("**/v1/tokens", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await seat.page.evaluate(deaf);
  await seat.press("Prepare one for later");
  const asked = seat.page.waitForRequest((request) => request.url().endsWith("/v1/tokens") && request.method() === "POST");
  await seat.press("Make code");
  await asked;
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.getByText("You are signed out. No codes are left on this device. Your passkey stays.").waitFor();
  const delivered = seat.page.waitForResponse((response) => response.url().endsWith("/v1/tokens") && response.request().method() === "POST");
  deliver();
  await (await delivered).finished();
  await seat.read("Sign in");
  assert.equal(await seat.page.evaluate(() => localStorage.getItem("prepared")), null);
});

test("somebody else signs in: the first person's code is gone from the other tab", async () => {
  const seat = await stage.officer();
  await prepare(seat);
  const other = await anotherTab(seat);
  await seat.page.context().clearCookies();
  await seat.losePasskeys();
  await seat.page.goto("about:blank");
  // a device asks for a finger only on the tab in front
  await seat.page.bringToFront();
  await seat.page.goto(stage.service.enrol("redshank", "approver"));
  await seat.press("Make a passkey");
  await seat.press("Sign in");
  await seat.read("redshank");
  await other.getByText("redshank").waitFor();
  assert.equal(await other.locator(".qr").count(), 0);
});
