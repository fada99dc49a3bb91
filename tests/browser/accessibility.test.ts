import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { STRICTNESS } from "../../web/shared/verdict.ts";
import { DESKTOP, NARROW, Visit, fragmentOf, startBrowser } from "./browser.ts";
import { findProblems } from "./problems.ts";
import { FakeService, answer, seconds, token } from "./service.ts";

// every rule of axe-core, on every screen, at phone and desktop size, light and dark and in forced colours

const views: readonly [string, BrowserContextOptions][] = [
  ["320 px, light", NARROW],
  ["desktop, dark", { ...DESKTOP, colorScheme: "dark" }],
  ["320 px, forced colours", { ...NARROW, forcedColors: "active" }],
];

let browser: Browser;
let service: FakeService;

before(async () => {
  browser = await startBrowser();
  service = await FakeService.start();
});
after(async () => {
  service.stop();
  await browser.close();
});

const link = () => fragmentOf(token({ name: "Anna", place: "Bridge Street" }));
const verdictOf = (verdict: string) => async (visit: Visit) => {
  service.reply = () => answer(verdict, { first_checked_at: seconds() - 250 });
  await visit.press("Check this code");
  await visit.page.locator(".screen-verdict").waitFor();
};

const screens: readonly [string, () => string, (visit: Visit) => Promise<void>][] = [
  ["start", () => "/", async () => {}],
  ["number read out", () => "/", (visit) => visit.press("I have read it out")],
  ["how to check safely", () => "/", (visit) => visit.page.getByText("How to check safely").click()],
  ["words with a problem", () => "/", (visit) => visit.enter("words", "legroom")],
  ["digits with a problem", () => "/", (visit) => visit.enter("digits", "1")],
  ["link with a problem", () => "/", (visit) => visit.enter("link", "no link")],
  ["did you mean", () => "/", (visit) => visit.enter("words", "legroom mansion dimgo customer talisman")],
  ["not checked yet", link, async () => {}],
  ...STRICTNESS.map((verdict): (typeof screens)[number] => [verdict, link, verdictOf(verdict)]),
  ["it matches", link, async (visit) => { await verdictOf("genuine")(visit); await visit.press("Yes"); }],
  ["stop", link, async (visit) => { await verdictOf("genuine")(visit); await visit.press("No, or not sure"); }],
];

for (const [view, options] of views) {
  for (const [name, path, go] of screens) {
    test(`no accessibility problem: ${name}, ${view}`, async () => {
      const visit = await Visit.open(browser, service.url + path(), options);
      await go(visit);
      assert.deepEqual(await findProblems(visit.page), []);
      await visit.close();
    });
  }
}
