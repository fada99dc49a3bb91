import assert from "node:assert/strict";
import { digitsOf, fragmentOf, wordsOf } from "../browser.ts";
import { type FakeService, answer, seconds, token } from "../service.ts";
import type { EnginePage } from "./engine.ts";

// The flows that must work for everybody, whatever browser they have. The finer points are shown in Chromium alone.

/** Opens a path of the service in a fresh page. */
export type Open = (path?: string) => Promise<EnginePage>;
/** What is done in a browser, against a service of its own. */
export type Flow = (open: Open, service: FakeService) => Promise<void>;

const genuine = "This code is genuine";
const check = "Check this code";

const ways = { words: "Type the words", digits: "Type the digits", link: "Paste a link" };

async function enter(page: EnginePage, way: keyof typeof ways, code: string): Promise<void> {
  await page.press(ways[way]);
  await page.fill("#code", code);
  await page.press(check);
}

type Spoken = (known: Buffer) => Promise<string>;

async function spoken(open: Open, service: FakeService, way: "words" | "digits", code: Spoken): Promise<void> {
  const known = token({ channel: 2, dialled: 43 });
  service.reply = () => answer("genuine", { token: known.toString("base64url") });
  const page = await open();
  await enter(page, way, await code(known));
  await page.see(genuine);
  assert.match(await page.text(), /a call to a number ending 043/);
  assert.equal(service.asked[0]?.code, await wordsOf(known));
}

export const numberShown = (page: EnginePage): Promise<string> =>
  page.evaluate(() => (document.querySelector(".number-value")?.textContent ?? "").replace(/\s/g, ""), null);

/** What is kept of the page, by path, and how many workers there are. */
const whatIsKept = (page: EnginePage): Promise<{ copies: string[]; workers: number }> =>
  page.evaluate(async () => {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = (await Promise.all(stores.map((store) => store.keys()))).flat();
    const workers = await navigator.serviceWorker.getRegistrations();
    return { copies: requests.map((request) => new URL(request.url).pathname).sort(), workers: workers.length };
  }, null);

/** By name. */
export const flows: Readonly<Record<string, Flow>> = {
  "the start screen shows a number of six digits": async (open) => {
    const page = await open();
    await page.see("Check who is contacting you");
    assert.match(await numberShown(page), /^[0-9]{6}$/);
  },

  "an opened link waits and is wiped; after the press it is genuine, and it matches": async (open, service) => {
    const page = await open(fragmentOf(token({ name: "Anna", place: "Bridge Street" })));
    await page.see("Not checked yet");
    assert.equal(await page.evaluate(() => location.href, null), service.url + "/");
    assert.equal(service.asked.length, 0);
    await page.press(check);
    await page.see(genuine);
    assert.match(await page.text(), /Anna[^]*Bridge Street[^]*Is this who you are dealing with\?/);
    assert.doesNotMatch(await page.text(), /from our service alone/, "this browser checks the signature itself");
    await page.press("Yes");
    await page.see("It matches");
  },

  "a link handed to an open tab is taken and wiped": async (open, service) => {
    const page = await open();
    await page.evaluate((link) => location.assign(link), fragmentOf(token()).slice(1));
    await page.see("Not checked yet");
    assert.equal(await page.evaluate(() => location.href, null), service.url + "/");
  },

  "words that were spoken are genuine": (open, service) => spoken(open, service, "words", wordsOf),

  "digits that were spoken are genuine": (open, service) => spoken(open, service, "digits", digitsOf),

  "a code that was checked before": async (open, service) => {
    service.reply = () => answer("already_checked", { first_checked_at: seconds() - 250 });
    const page = await open(fragmentOf(token()));
    await page.press(check);
    await page.see("This code was checked before");
    assert.match(await page.text(), /4 minutes ago\. Was it you/);
  },

  "the number that was read out comes back": async (open, service) => {
    const page = await open();
    const challenge = await numberShown(page);
    await page.press("I have read it out");
    await enter(page, "link", token({ challenge: Number(challenge) }).toString("base64url"));
    await page.see(genuine);
    assert.equal(service.asked[0]?.challenge, challenge);
    assert.match(await page.text(), /This code was made with your number/);
  },

  "the number that was read out does not come back": async (open) => {
    const page = await open();
    await page.press("I have read it out");
    await enter(page, "link", token().toString("base64url"));
    await page.see("This code was not made with your number");
  },

  "a forged code is not genuine, whatever the service says": async (open) => {
    const forged = token();
    forged.writeUInt8(forged.readUInt8(100) ^ 1, 100);
    const page = await open(fragmentOf(forged));
    await page.press(check);
    await page.see("This code is not genuine");
  },

  "a service that is lost says nothing about the person": async (open, service) => {
    service.reply = () => null;
    const page = await open(fragmentOf(token()));
    await page.press(check);
    await page.see("We could not check this code");
    service.reply = () => answer("genuine");
    await page.press("Try again");
    await page.see(genuine);
  },

  // Before any worker is removed: in WebKitGTK 2.50.6 the worker that is registered next, for another address, controls its page but is
  // in no registration, and is gone with the page.
  "a kept page is not shown any more once the host has another, whatever a cache says": async (open, service) => {
    const page = await open();
    await page.press("Keep this page for use without signal");
    await page.press("Keep this page");
    await page.announced("This page is kept on this phone.");
    const own = service.put("index.html", Buffer.from("<!doctype html><h1>Back soon</h1>"));
    service.goodForAYear();
    await page.go(service.url + "/");
    await page.see("Back soon");
    service.put("index.html", own);
    await page.go(service.url + "/");
    await page.see("Check who is contacting you");
    service.fault = (path) => (path === "/" ? 410 : null);
    await page.go(service.url + "/");
    await page.see("Check who is contacting you");
  },

  "the page is kept when asked, and removed again": async (open) => {
    const page = await open();
    await page.press("Keep this page for use without signal");
    await page.press("Keep this page");
    await page.announced("This page is kept on this phone.");
    assert.deepEqual(await whatIsKept(page), { copies: ["/", "/.well-known/countersign/keys.jwt", "/enter.js", "/language-cy.json", "/language-ur.json", "/scan.js"], workers: 1 });
    await page.press("Remove it from this phone");
    await page.announced("The copy is removed from this phone.");
    assert.deepEqual(await whatIsKept(page), { copies: [], workers: 0 });
  },

  "hostile text is shown as text": async (open) => {
    const page = await open(fragmentOf(token({ name: "<img src=x>&amp;", place: "</script><b>'\"" })));
    await page.press(check);
    await page.see(genuine);
    assert.match(await page.text(), /<img src=x>&amp;[^]*<\/script><b>'"/);
  },

  "nothing is kept, and nobody else is asked": async (open, service) => {
    const page = await open(fragmentOf(token()));
    await page.press(check);
    await page.see(genuine);
    const kept = await page.evaluate(
      async () => ({
        cookies: document.cookie,
        stored: localStorage.length + sessionStorage.length,
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        workers: (await navigator.serviceWorker.getRegistrations()).length,
        state: history.state as unknown,
        origins: performance.getEntriesByType("resource").map((entry) => new URL(entry.name).origin),
      }),
      null,
    );
    const { origins, ...rest } = kept;
    assert.deepEqual(rest, { cookies: "", stored: 0, databases: 0, caches: 0, workers: 0, state: 1 });
    assert.deepEqual(origins.filter((origin) => origin !== service.url), []);
  },
};
