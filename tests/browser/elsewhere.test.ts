import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { PHONE, Visit, startBrowser } from "./browser.ts";
import { RealService } from "./harness.ts";
import { StaticHost } from "./host.ts";

// The exported page on a host of its own, which asks the real service from another origin.

const nothing = { files: new Map(), headers: {} };
let browser: Browser;
let listed: StaticHost;
let stranger: StaticHost;
let service: RealService;

before(async () => {
  browser = await startBrowser();
  [listed, stranger] = [await StaticHost.start(nothing, "/check/"), await StaticHost.start(nothing, "/check/")];
  service = await RealService.start({ origins: [listed.origin] });
  listed.page = stranger.page = service.exportPage();
});
after(async () => {
  listed.stop();
  stranger.stop();
  await service.stop();
  await browser.close();
});

/** Nothing is intercepted here: where the driver does, it answers the browser's question whether an origin may ask. */
async function visit(address: string, javaScriptEnabled = true): Promise<Visit> {
  const context = await browser.newContext({ ...PHONE, javaScriptEnabled });
  const opened = new Visit(await context.newPage());
  await opened.page.goto(address);
  return opened;
}

const issue = () => service.issue("--channel", "telephone", "--name", "Anna", "--dialled", "143");
const fragment = (link: string) => link.slice(link.indexOf("#"));

test("on another host a link is checked in full, and words are", async () => {
  const opened = await visit(listed.origin + "/check/" + fragment(issue().link));
  await opened.press("Check this code");
  await opened.see("This code is genuine");
  assert.match(await opened.text(), /Anna/);
  const page = await visit(listed.origin + "/check/");
  await page.enter("words", issue().spoken?.words ?? "");
  await page.see("This code is genuine");
  for (const one of [opened, page]) {
    assert.deepEqual(one.errors, []);
    assert.deepEqual([...one.origins], [listed.origin, service.url], "nobody else is asked");
    await one.close();
  }
});

test("a copy on a host that the service does not list gets no answer, and uses no code up", async () => {
  const { link } = issue();
  const page = await visit(stranger.origin + "/check/" + fragment(link));
  await page.press("Check this code");
  await page.see("We could not check this code");
  await page.page.goto(link);
  await page.press("Check this code");
  await page.see("This code is genuine");
  await page.close();
});

test("without JavaScript the page on another host leads to the service's plain form", async () => {
  const page = await visit(listed.origin + "/check/", false);
  await page.page.getByRole("link", { name: service.url + "/check" }).click();
  await page.page.getByLabel("The code").fill(issue().spoken?.digits ?? "");
  await page.press("Check this code");
  await page.see("This code is genuine");
  await page.close();
});
