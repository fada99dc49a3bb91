import assert from "node:assert/strict";
import { test } from "node:test";
import { NARROW, PHONE, type Visit, fragmentOf, wordsOf } from "./browser.ts";
import { ELSEWHERE, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Traces, hostile text, the exit, keyboard, narrow windows, no JavaScript.

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

test("works by keyboard alone, and the focus follows the screens", async () => {
  const known = token();
  stage.knows(known);
  const page = await stage.visit();
  const focused = () => page.page.evaluate(() => (document.activeElement?.textContent ?? "").trim());
  const tabTo = async (text: RegExp) => {
    for (let i = 0; i < 20; i++) {
      await page.page.keyboard.press("Tab");
      if (text.test(await focused())) return;
    }
    assert.fail(`no Tab leads to ${String(text)}`);
  };
  await tabTo(/^I have read it out$/);
  await tabTo(/^Type the five words/);
  await page.page.keyboard.press("Enter");
  assert.equal(await focused(), "Type the five words");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.type(await wordsOf(known));
  await page.page.keyboard.press("Enter");
  await page.see(genuine);
  assert.equal(await focused(), genuine);
  await tabTo(/^No, or not sure$/);
  await page.page.keyboard.press("Enter");
  await page.see("Stop");
});

test("320 px wide and with text twice as large nothing runs out of the window", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "W".repeat(24), place: "W".repeat(32) })), NARROW);
  const fits = async () => {
    assert.equal(await page.overflows(), false);
    await page.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    assert.equal(await page.overflows(), false);
    await page.page.evaluate(() => (document.documentElement.style.fontSize = ""));
  };
  await fits();
  await page.press("Check this code");
  await page.see(genuine);
  await fits();
  await page.press("Check another code");
  await fits();
  await page.enter("words", "legroom mansion dimgo customer talisman");
  await page.see("Did you mean these words?");
  await fits();
});

test("without JavaScript a page on another host leads to the service's plain page", async () => {
  const page = await stage.visit("/", { ...PHONE, javaScriptEnabled: false });
  await page.see("Check who is contacting you");
  const link = page.page.getByRole("link", { name: stage.service.url + "/check", exact: true });
  assert.equal(await link.getAttribute("href"), stage.service.url + "/check");
  assert.equal(await page.page.locator("form").count(), 0, "the service refuses a form that another site posts");
  assert.match(await page.text(), /Riverside Council/);
});
