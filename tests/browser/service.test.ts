import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { PHONE, Visit } from "./browser.ts";
import { RealStage } from "./stage.ts";
import { PNG, readQr } from "./tools.ts";

// The real service from end to end: an officer issues by the command line, a person checks in a browser.

const genuine = "This code is genuine";
const noScript: BrowserContextOptions = { ...PHONE, javaScriptEnabled: false };

const stage = new RealStage();
let visits: Visit[] = [];
afterEach(async () => {
  for (const visit of visits) {
    assert.deepEqual(visit.errors, []);
    assert.deepEqual([...visit.origins], [stage.service.url], "no request leaves the origin");
    await visit.close();
  }
  visits = [];
});

async function visit(address = stage.service.url, options: BrowserContextOptions = PHONE): Promise<Visit> {
  const opened = await Visit.open(stage.browser, address, options);
  visits.push(opened);
  return opened;
}

test("the issued link opens, waits, and is genuine after the press; then it is used", async () => {
  const { link } = stage.service.issue("--channel", "in-person", "--name", "Anna", "--place", "Bridge Street");
  const first = await visit(link);
  await first.see("Not checked yet");
  assert.equal(first.page.url(), stage.service.url + "/");
  await first.press("Check this code");
  await first.see(genuine);
  assert.match(await first.text(), /Anna[^]*Bridge Street[^]*Is this who you are dealing with\?/);
  const second = await visit(link);
  await second.press("Check this code");
  await second.see("This code was checked before");
  assert.match(await second.text(), /minute|Was it you/);
});

test("words and digits as the officer reads them out", async () => {
  for (const [way, form] of [["words", "words"], ["digits", "digits"]] as const) {
    const { spoken } = stage.service.issue("--channel", "telephone", "--dialled", "143");
    assert.ok(spoken);
    const page = await visit();
    await page.enter(way, spoken[form]);
    await page.see(genuine);
    assert.match(await page.text(), /a call to a number ending 143/);
  }
});

test("the number that the page drew comes back in the code", async () => {
  const page = await visit();
  const number = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await page.press("I have read it out");
  const { spoken } = stage.service.issue("--channel", "telephone", "--challenge", number);
  await page.enter("words", spoken?.words ?? "");
  await page.see(genuine);
  assert.match(await page.text(), /This code was made with your number/);
});

test("a code made with another number, or with none, is not used up", async () => {
  const { link } = stage.service.issue("--channel", "in-person");
  const asked = await visit();
  await asked.press("I have read it out");
  await asked.enter("link", link);
  await asked.see("This code was not made with your number");
  const opened = await visit(link);
  await opened.press("Check this code");
  await opened.see(genuine);

  const numbered = await visit(stage.service.issue("--channel", "in-person", "--challenge", "000123").link);
  await numbered.press("Check this code");
  await numbered.see("This code needs a number");
  await numbered.page.getByLabel("The number on your own screen").fill("000123");
  await numbered.press("Check with this number");
  await numbered.see(genuine);
});

test("tampered, withdrawn and unknown", async () => {
  const { token, id } = stage.service.issue("--channel", "in-person");
  const tampered = await visit();
  await tampered.enter("link", token.slice(0, 120) + (token[120] === "A" ? "B" : "A") + token.slice(121));
  await tampered.see("This code is not genuine");
  stage.service.withdraw(id);
  const withdrawn = await visit();
  await withdrawn.enter("link", token);
  await withdrawn.see("This code was withdrawn");
  const unknown = await visit();
  await unknown.enter("words", "legroom mansion dingo customer talisman");
  await unknown.see("We do not know this code");
});

test("the QR is read back by a decoder that is not ours", async () => {
  const { link, qr_svg } = stage.service.issue("--channel", "in-person");
  const context = await stage.browser.newContext({ viewport: { width: 600, height: 600 } });
  const page = await context.newPage();
  await page.setContent(`<body style="margin:0;background:#fff"><img width=600 height=600 src="data:image/svg+xml;base64,${Buffer.from(qr_svg).toString("base64")}">`);
  await page.locator("img").evaluate((image) => (image as HTMLImageElement).decode());
  const { data, width, height } = PNG.sync.read(await page.screenshot());
  const found = readQr(new Uint8ClampedArray(data), width, height);
  assert.equal(found?.data, link);
  assert.equal(found?.version, 8);
  await context.close();
});

test("without JavaScript the form gives the same verdicts", async () => {
  const { link, spoken } = stage.service.issue("--channel", "telephone", "--name", "<b>Anna</b>");
  const check = async (code: string, heading: string): Promise<Visit> => {
    const page = await visit(stage.service.url, noScript);
    await page.page.getByLabel("The code").fill(code);
    await page.press("Check this code");
    await page.see(heading);
    return page;
  };
  const page = await check(spoken?.words ?? "", genuine);
  assert.match(await page.text(), /<b>Anna<\/b>/);
  await check(link, "This code was checked before");
  await check("legroom mansion dingo customer talisman", "We do not know this code");
});
