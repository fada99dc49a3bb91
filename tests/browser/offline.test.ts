import assert from "node:assert/strict";
import { after, test } from "node:test";
import verdicts from "../../web/shared/verdicts.json" with { type: "json" };
import { drawFrame } from "../../web/test/frames.ts";
import { PHONE, type Visit, fragmentOf, wordsOf } from "./browser.ts";
import { Film, choosePhoto, photoOf } from "./film.ts";
import { RealService } from "./harness.ts";
import { goOffline, goOnline, keepPage } from "./keeping.ts";
import { findProblems } from "./problems.ts";
import { answer, keySetOf, seconds, token } from "./service.ts";
import { Stage } from "./stage.ts";

// What a kept page says without network, and what every page says when no answer comes.

const film = new Film();
const stage = new Stage(film.switches);
const start = "Check who is contacting you";
const unconfirmed = "We could not check this code";
const cannotCheck = "We cannot check right now";
const notGenuine = "This code is not genuine";
const expired = "This code has run out";
const HOUR = 3600;
const TEN_YEARS = 10 * 365 * 24 * HOUR;

after(() => film.remove());

const textOf = (bytes: Buffer): string => bytes.toString("base64url");

function forged(): Buffer {
  const bytes = token();
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
  return bytes;
}

/** A page that was kept, and opened again after the network had gone. */
async function keptPage(options = PHONE): Promise<Visit> {
  const page = await stage.visit("/", options);
  await keepPage(page);
  await goOffline(page, stage.service);
  await page.page.reload();
  await page.see(start);
  return page;
}

async function scan(page: Visit): Promise<void> {
  await page.page.getByRole("button", { name: /^Scan a code/ }).click();
}

/** From now on a page's clock stands so many seconds from ours. */
async function shiftClock(page: Visit, shift: number): Promise<void> {
  await page.page.clock.setFixedTime((seconds() + shift) * 1000);
}

async function seeNoGoodSign(page: Visit): Promise<void> {
  await page.seeAnswer(unconfirmed);
  const text = (await page.text()).replace("How to check safely", "");
  assert.doesNotMatch(text, /genuine|first check|match|valid|safe|trust/i);
  assert.equal(await page.page.locator(".panel.tone-calm").count(), 1);
  const icons = await page.page.locator("main svg path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.deepEqual(icons, [verdicts.cannot_check.icon]);
}

test("without network a token that was pasted gets its own screen, which says what was seen and what was not", async () => {
  const page = await keptPage();
  await page.enter("link", textOf(token({ name: "Anna", place: "Bridge Street" })));
  await seeNoGoodSign(page);
  const text = await page.text();
  assert.match(text, /Do not let them in or tell them anything\. Ring us on 0300.555.0143, or try again when there is signal/);
  assert.match(text, /could not see[^]*used this code before[^]*took it back[^]*could see[^]*Anna[^]*Bridge Street/);
  assert.match(text, /If this phone’s clock is right/);
});

test("a code before the camera, or in a photo, is read without network by the kept scanner, and gets no good sign", async () => {
  film.show(stage.service.url + fragmentOf(token({ name: "Anna" })));
  const page = await keptPage({ ...PHONE, permissions: ["camera"] });
  await scan(page);
  await seeNoGoodSign(page);
  assert.match(await page.text(), /Anna/);
  await page.page.context().clearPermissions();
  await page.press("Check another code");
  await scan(page);
  await choosePhoto(page, photoOf(drawFrame(stage.service.url + fragmentOf(token({ name: "Bela" })))));
  await seeNoGoodSign(page);
  assert.match(await page.text(), /Bela/);
  assert.deepEqual(stage.service.asked, []);
});

test("the page speaks its other languages without network, but none that was changed", async () => {
  const page = await keptPage();
  await page.speak("Cymraeg");
  await page.see("Gwiriwch pwy sy’n cysylltu â chi");
  await page.page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0] ?? "");
    const kept = await (await cache.match("language-ur.json"))?.text();
    await cache.put("language-ur.json", new Response(`${kept} `));
  });
  await page.press("اردو");
  await page.page.getByText(/^Ni lwythodd yr iaith hon/).waitFor();
  await page.see("Gwiriwch pwy sy’n cysylltu â chi");
});

test("a kept scanner that was changed does not run, and the words stand", async () => {
  const page = await keptPage();
  await page.page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0] ?? "");
    const kept = await (await cache.match("scan.js"))?.text();
    await cache.put("scan.js", new Response(`${kept};`, { headers: { "Content-Type": "text/javascript" } }));
  });
  await scan(page);
  await page.page.getByText("Scanning did not load. You can type the code.").waitFor();
  assert.equal(await page.page.evaluate(() => "countersignScan" in window), false);
  // the browser itself says that it refused it
  assert.equal(page.refused.splice(0).length, 1);
  await page.press("Type the words instead");
  await page.see("Type the words");
});

test("a link that is opened without network is checked as far as it goes, and in full once there is signal", async () => {
  const page = await keptPage();
  await page.page.goto(stage.service.url + fragmentOf(token()));
  await page.see("Not checked yet");
  assert.equal(page.page.url(), stage.service.url + "/");
  await page.press("Check this code");
  await seeNoGoodSign(page);
  await goOnline(page, stage.service);
  await page.press("Try again");
  await page.see("This code is genuine");
});

test("without network what is wrong with a token is still said", async () => {
  const page = await keptPage();
  const later = seconds() + 2 * HOUR;
  const cases: readonly [Buffer, string][] = [
    [forged(), notGenuine],
    [token({ iat: seconds() - 400 }), expired],
    [token({ iat: seconds(), nbf: later, exp: later + 300 }), "It is too early for this code"],
    [token({ exp: seconds() + HOUR }), notGenuine],
  ];
  for (const [bytes, heading] of cases) {
    await page.enter("link", textOf(bytes));
    await page.seeAnswer(heading);
    assert.equal(/We went by this phone’s clock/.test(await page.text()), heading !== notGenuine);
    await page.press("Check another code");
  }
  await page.press("I have read it out");
  await page.enter("link", textOf(token()));
  await page.seeAnswer("This code was not made with your number");
});

test("without network words cannot be checked, nor a token that lacks the number it carries", async () => {
  const page = await keptPage();
  await page.enter("words", await wordsOf(token()));
  await page.seeAnswer(cannotCheck);
  await page.press("Check another code");
  await page.enter("link", textOf(token({ challenge: 417092 })));
  await page.seeAnswer(cannotCheck);
});

test("the number that was read out stays for the next try", async () => {
  const page = await keptPage();
  const number = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await page.press("I have read it out");
  await page.enter("link", textOf(token({ challenge: Number(number) })));
  await seeNoGoodSign(page);
  await goOnline(page, stage.service);
  await page.press("Try again");
  await page.see("This code is genuine");
  assert.equal(stage.service.asked[0]?.challenge, number);
});

test("a signing key that is newer than the kept set is no fault of the code", async () => {
  const keys: object[] = [];
  stage.service.keySet = keySetOf({ keys });
  const page = await keptPage();
  await page.enter("link", textOf(token()));
  await page.seeAnswer(cannotCheck);
});

test("with a key set that has ended nothing can be checked", async () => {
  stage.service.keySet = keySetOf({ exp: seconds() + HOUR });
  const page = await keptPage();
  await shiftClock(page, 2 * HOUR);
  await page.enter("link", textOf(token({ iat: seconds() + 2 * HOUR })));
  await page.seeAnswer(cannotCheck);
});

test("without network the phone's clock refuses what it must, and says that it was asked", async () => {
  const page = await keptPage();
  const cases: readonly [number, string][] = [
    [HOUR, expired],
    [-HOUR / 2, "It is too early for this code"],
    [-2 * HOUR, cannotCheck], // before the key set was made
    [TEN_YEARS, cannotCheck],
    [-TEN_YEARS, cannotCheck],
  ];
  for (const [shift, heading] of cases) {
    await shiftClock(page, shift);
    await page.enter("link", textOf(token()));
    await page.seeAnswer(heading);
    await page.press("Check another code");
  }
});

test("without a kept key set nothing at all is said about a token, except that it is damaged", async () => {
  const page = await stage.visit();
  await page.page.waitForFunction(() => "countersignEnter" in window);
  await goOffline(page, stage.service);
  for (const bytes of [token(), forged(), token({ iat: seconds() - 400 })]) {
    await page.enter("link", textOf(bytes));
    await page.seeAnswer(cannotCheck);
    await page.press("Check another code");
  }
  await page.enter("link", textOf(token().subarray(0, 90)));
  await page.seeAnswer(notGenuine);
});

test("without network a browser that checks no signatures says nothing about a token", async () => {
  const without = `SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"))`;
  const page = await stage.visit("/", PHONE, without);
  await keepPage(page);
  await goOffline(page, stage.service);
  await page.page.reload();
  await page.enter("link", textOf(token()));
  await page.seeAnswer(cannotCheck);
  assert.doesNotMatch(await page.text(), /This answer is from/);
  await page.press("Check another code");
  await page.press("I have read it out");
  await page.enter("link", textOf(token({ challenge: 417092 })));
  await page.seeAnswer(cannotCheck);
});

test("a service that answers, however badly, is no missing network", async () => {
  const refusals = [429, 422, 500].map((status) => ({ status, body: { title: "No" } }));
  for (const reply of [answer("cannot_check"), ...refusals]) {
    stage.service.reply = () => reply;
    const page = await stage.visit(fragmentOf(token()));
    await page.press("Check this code");
    await page.seeAnswer(cannotCheck);
  }
});

test("no accessibility problem: a page to be kept, kept, and without network", async () => {
  const page = await stage.visit();
  const sound = async (): Promise<void> => assert.deepEqual(await findProblems(page.page.mainFrame(), ready), []);
  // a redrawn screen asks first whether it is kept
  const ready = (): Promise<void> => page.page.locator(".keep button").waitFor();
  await page.page.getByText("Keep this page for use without signal").click();
  await sound();
  await page.press("Keep this page");
  await page.page.getByText("This page is kept on this phone.").waitFor();
  await sound();
  await goOffline(page, stage.service);
  await page.page.reload();
  await page.see(start);
  await page.page.getByText("Keep this page for use without signal").click();
  await sound();
});

test("no accessibility problem: no answer came", async () => {
  const page = await keptPage();
  await page.enter("link", textOf(token({ name: "W".repeat(24), place: "W".repeat(32) })));
  await page.seeAnswer(unconfirmed);
  assert.deepEqual(await findProblems(page.page.mainFrame()), []);
});

test("the real service's page, kept, without the service", async () => {
  const service = await RealService.start();
  const { link } = service.issue("--channel", "in-person", "--name", "Anna");
  const page = await stage.visitElsewhere(service.url, [service.url]);
  await keepPage(page);
  await service.stop();
  await page.page.context().setOffline(true);
  await page.page.goto("about:blank");
  await page.page.goto(link);
  await page.see("Not checked yet");
  await page.press("Check this code");
  await seeNoGoodSign(page);
  assert.match(await page.text(), /Anna/);
});
