import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, type Visit } from "./browser.ts";
import { tracesOf } from "./keeping.ts";
import { Stage } from "./stage.ts";

// A page that was asked to keep itself, and was left before it had.

const stage = new Stage();
const kept = "This page is kept on this phone.";
const part = (page: Visit) => page.page.getByText("Keep this page for use without signal").click();
const status = (page: Visit) => page.page.locator(".keep-status");

test("who leaves the screen meanwhile finds it still at work, and may remove it once it is done", async () => {
  let deliver = (): void => undefined;
  stage.service.fault = (path) => (path === "/scan.js" ? new Promise((resolve) => (deliver = () => resolve(null))) : null);
  const page = await stage.visit();
  await part(page);
  const asked = page.page.waitForRequest("**/scan.js");
  await page.press("Keep this page");
  await asked;
  await page.page.getByRole("button", { name: /^Paste a link/ }).click();
  await page.press("Go back");
  await part(page);
  assert.equal(await status(page).innerText(), "One moment.");
  assert.equal(await page.page.locator(".keep button").count(), 0);
  deliver();
  await page.page.getByText(kept).waitFor();
  await page.press("Remove it from this phone");
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  assert.deepEqual(await tracesOf(page), { caches: [], workers: 0 });
});

test("who reloads meanwhile does not read that it is kept, and nothing of it stays", async () => {
  stage.service.fault = (path) => (path === "/scan.js" ? "silence" : null);
  const page = await stage.visit();
  await part(page);
  const asked = page.page.waitForRequest("**/scan.js");
  await page.press("Keep this page");
  await asked;
  await page.page.reload();
  await part(page);
  await page.page.getByRole("button", { name: "Keep this page" }).waitFor();
  await page.page.waitForFunction(async () => (await caches.keys()).length === 0);
  assert.deepEqual(await tracesOf(page), { caches: [], workers: 0 });
});

test("a browser without BigInt keeps the page too, without a key set that it could not read", async () => {
  const without = `delete window.BigInt;
    SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"))`;
  const page = await stage.visit("/", PHONE, without);
  await part(page);
  await page.press("Keep this page");
  await page.page.getByText(kept).waitFor();
  assert.equal((await tracesOf(page)).workers, 1);
});

test("the screens for those who type are asked for again at the next press where they did not come, and then take a code", async () => {
  stage.service.fault = (path) => (path === "/enter.js" ? "silence" : null);
  const page = await stage.visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.page.getByRole("button", { name: /^Type the words/ }).click();
  await page.see("One moment.");
  await page.page.clock.fastForward(10_000);
  await page.see("This part did not load.");
  stage.service.fault = (path) => (path === "/enter.js" ? "error" : null);
  await page.page.reload();
  await page.page.getByRole("button", { name: /^Type the words/ }).click();
  await page.see("This part did not load.");
  await page.press("Try again");
  await page.see("This part did not load.");
  stage.service.fault = () => null;
  await page.press("Try again");
  await page.see("Type the words");
});
