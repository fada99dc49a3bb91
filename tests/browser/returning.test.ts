import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser } from "playwright-core";
import { PHONE, Visit, startBrowser } from "./browser.ts";
import { FakeService, token } from "./service.ts";

// Going back to a page that was left: what it showed is not for who comes next.

const start = "Check who is contacting you";
const genuine = "This code is genuine";

let browser: Browser;
let service: FakeService;

before(async () => {
  browser = await startBrowser([], ["--disable-back-forward-cache"]);
});
after(() => browser.close());
beforeEach(async () => {
  service = await FakeService.start();
});
afterEach(() => service.stop());

/** Opens the page, and notes whether a browser shows it as it was put aside. */
function open(): Promise<Visit> {
  return Visit.open(browser, service.url, PHONE, "addEventListener('pageshow', (event) => (window.aside = event.persisted))");
}

/** Leaves for another page and goes back, which the browser had put aside as it stood, or had not. */
async function leaveAndReturn({ page }: Visit, aside: boolean): Promise<void> {
  await page.evaluate(() => Object.assign(window, { aside: null }));
  await page.goto(service.url + "/icon.svg");
  await page.evaluate(() => void setTimeout(() => history.back()));
  await page.waitForURL(service.url + "/", { waitUntil: "commit" });
  await page.waitForFunction((expected) => (window as unknown as { aside: boolean | null }).aside === expected, aside);
}

for (const [host, aside] of [["that sends our headers", false], ["that sends none", true]] as const) {
  test(`from a host ${host} the page begins again when the person goes back to it`, async () => {
    if (aside) service.forgetHeaders();
    const visit = await open();
    const number = visit.page.locator(".number-value");
    const shown = token();
    for (const attempts of [1, 2]) {
      await visit.enter("link", shown.toString("base64url"));
      await visit.see(genuine);
      await leaveAndReturn(visit, aside);
      await visit.see(start);
      assert.equal(new Set(service.asked.map(({ attempt }) => attempt)).size, attempts, "asks as a stranger would");
    }
    const read = await number.innerText();
    await visit.press("I have read it out");
    await leaveAndReturn(visit, aside);
    await visit.see(start);
    assert.notEqual(await number.innerText(), read);
    assert.doesNotMatch(await visit.text(), /You have read it out/);
    assert.deepEqual(visit.errors, []);
    await visit.close();
  });
}
