import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, type Visit, fragmentOf } from "./browser.ts";
import { ELSEWHERE, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Traces, hostile text, the exit, no JavaScript.

const stage = new Stage();
const genuine = "This code is genuine";

test("address bar, history and storage hold no token", async () => {
  const page = await stage.visit(fragmentOf(token()));
  assert.equal(page.page.url(), stage.service.url + "/");
  await page.press("Check this code");
  await page.see(genuine);
  const kept = await page.page.evaluate(async () => ({
    address: location.href,
    entries: history.length,
    state: history.state as unknown,
    cookies: document.cookie,
    stored: localStorage.length + sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    title: document.title,
  }));
  // the blank page of the new tab is the other entry
  assert.deepEqual(kept, {
    address: stage.service.url + "/", entries: 2, state: null, cookies: "", stored: 0, databases: 0, caches: 0, title: "Check a code",
  });
  assert.deepEqual(await page.page.context().cookies(), []);
});

test("hostile text is shown as text", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "<img src=x>&amp;", place: "</script><b>'\"" })));
  await page.see("Not checked yet");
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /<img src=x>&amp;[^]*<\/script><b>'"/);
});

test("the exit replaces the page, by button and by Shift three times", async () => {
  for (const leave of [
    (page: Visit) => page.page.getByRole("link", { name: /Exit this page/ }).click(),
    async (page: Visit) => {
      for (let i = 0; i < 3; i++) await page.page.keyboard.press("Shift");
    },
  ]) {
    const page = await stage.visit();
    await leave(page);
    await page.page.waitForURL(ELSEWHERE);
    assert.equal(await page.page.evaluate(() => history.length), 2);
  }
});

test("without JavaScript a page on another host leads to the service's plain page", async () => {
  const page = await stage.visit("/", { ...PHONE, javaScriptEnabled: false });
  await page.see("Check who is contacting you");
  const link = page.page.getByRole("link", { name: stage.service.url + "/check", exact: true });
  assert.equal(await link.getAttribute("href"), stage.service.url + "/check");
  assert.equal(await page.page.locator("form").count(), 0, "the service refuses a form that another site posts");
  assert.match(await page.text(), /Riverside Council/);
});
