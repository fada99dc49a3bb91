import assert from "node:assert/strict";
import { decode, greyOf } from "../../../web/scan/decode.ts";
import { stretch } from "../../../web/scan/stretch.ts";
import { readToken, toText } from "../../../web/shared/link.ts";
import type { RealService } from "../harness.ts";
import { PNG } from "../tools.ts";
import { type ConsoleFlow, away, choose, enter, says, stand } from "./console.ts";
import { type EnginePage, PHONE_SIZE } from "./engine.ts";

// At an officer's console: what comes of its own accord, the code that is held out, and what outlives a reload.

const SIZES = [[390, 664], [375, 553], [360, 612], [340, 568], [412, 915], [844, 390], [1280, 800], [640, 400]] as const;
const NEW = "There is something new: show";
const NO_ROOM = "This device cannot keep a code. Its storage is full or switched off. No code was made.";
const MINUTE = 60_000;

/** What a camera reads off the window. */
async function scan(page: EnginePage): Promise<readonly string[]> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null)))), null);
  const pixels = PNG.sync.read(await page.photograph()) as unknown as ImageData;
  return decode(stretch(greyOf(pixels))).texts;
}

async function check(service: RealService, link: string): Promise<void> {
  const reading = readToken(link);
  assert.equal(reading.kind, "bytes");
  const token = reading.kind === "bytes" ? toText(reading.bytes) : "";
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token, attempt: "A".repeat(22) }) };
  const { verdict } = (await (await fetch(service.url + "/v1/verify", asked)).json()) as { readonly verdict: string };
  assert.equal(verdict, "genuine");
}

async function ask(page: EnginePage, reference: string): Promise<void> {
  await page.press("Ask for an authorisation");
  await page.fill("#reference", reference);
  await page.fill("input[id^=sentence]", "Return a lost bag");
}

async function makeCode(page: EnginePage): Promise<void> {
  await page.press("In person");
  await page.fill("#name", "Anna");
  await page.press("Make code");
  await page.waitFor(says("Not checked yet"));
}

const valueOf = (page: EnginePage, selector: string): Promise<string> =>
  page.evaluate((where) => document.querySelector<HTMLInputElement>(where)?.value ?? "", selector);

/** What is higher than its frame, so that it runs over what follows. */
const overflowing = (page: EnginePage): Promise<string[]> =>
  page.evaluate(() => Array.from(document.querySelectorAll<HTMLElement>("li.card, .button")).filter((it) => it.scrollHeight > it.clientHeight).map((it) => it.innerText), null);

/** How many codes the officer has that can be checked. */
const codesInUse = (page: EnginePage): Promise<number> =>
  page.evaluate(async () => ((await (await fetch("/v1/tokens")).json()) as { readonly state: string }[]).filter(({ state }) => state === "live").length, null);

/** Time goes by for the page. */
const later = (page: EnginePage, by: number): Promise<void> =>
  page.evaluate((passed) => {
    const before = Date.now;
    Date.now = () => before() + passed;
    document.dispatchEvent(new Event("visibilitychange"));
  }, by);

export const officers: Readonly<Record<string, ConsoleFlow>> = {
  "news: a refusal with its reason while the page is open, an approval at once when it comes back": async (open, service) => {
    const page = await enter(open, service, "curlew", "officer");
    await ask(page, "ملف 7");
    await page.press("Send request");
    await page.waitFor(says("Your request is sent."));
    await page.waitFor(says("Waiting for an approver"));
    const [asked] = service.authorisations().filter(({ reference }) => reference === "ملف 7");
    await page.resize({ width: 844, height: 390 });
    service.refuse(asked?.id ?? "", "Nid yr wythnos hon");
    await page.waitFor(says("Refused"));
    await page.waitFor(says("Reason: Nid yr wythnos hon"));
    await page.resize(PHONE_SIZE);
    assert.deepEqual(await overflowing(page), [], "a phone that is turned upright again");
    await away(page, true);
    service.authorise("curlew", "R-8");
    await away(page, false);
    await page.press(NEW);
    await page.waitFor(says("0 of 100 codes used", "within"));
    await page.waitFor(says("In person"));
  },

  "a code: read off the window at every size, kept by a reload, left by Back, never withdrawn by a double tap": async (open, service) => {
    const page = await enter(open, service, "dunlin", "officer");
    service.authorise("dunlin", "R-9");
    await page.press(NEW);
    await makeCode(page);
    const [link = ""] = await scan(page);
    await check(service, link);
    await page.waitFor(says("Checked just now"));
    for (const [width, height] of SIZES) {
      await page.resize({ width, height });
      assert.deepEqual(await scan(page), [link], `${width}x${height}`);
    }
    await page.resize({ width: 390, height: 664 });
    for (let times = 0; times < 2; times++) {
      await page.reload();
      await page.waitFor(says("Checked", "within"));
      assert.deepEqual(await scan(page), [link]);
    }
    await stand(page);
    await page.clickTwice(says("Hold to withdraw"));
    await page.waitFor(says("Withdraw this code?"));
    await stand(page);
    await page.press("No, leave it");
    await page.back();
    await page.see("Make a code");
    await page.press("By telephone");
    assert.equal(await valueOf(page, "#name"), "Anna");
    await page.back();
    await page.see("Make a code");
    await page.press("Show code");
    assert.deepEqual(await scan(page), [link]);
  },

  "a prepared code says when it begins, also after a sleep of the device, and then that it is not checked": async (open, service) => {
    const page = await enter(open, service, "turnstone", "officer");
    service.authorise("turnstone", "R-11");
    await page.press(NEW);
    await page.press("Prepare one for later");
    await page.evaluate(() => {
      const field = document.querySelector<HTMLInputElement>("#from");
      const begins = new Date(Math.ceil(Date.now() / 60_000 + 2) * 60_000);
      if (field !== null) field.value = new Date(begins.getTime() - begins.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    }, null);
    await page.press("Make code");
    await page.waitFor(says("The code for", "within"));
    await page.press("Show code");
    await page.waitFor(says("Not yet. It begins at", "within"));
    await later(page, 4 * MINUTE);
    await page.waitFor(says("Not checked yet"));
    await page.press("Done");
    await page.press("Show code");
    await page.waitFor(says("Not checked yet"));
  },

  "an idle session says so before and after, and what was typed is there again": async (open, service) => {
    const page = await enter(open, service, "knot", "officer");
    await ask(page, "Case 77");
    await later(page, 13.1 * MINUTE);
    await page.waitFor(says("You will be signed out at", "within"));
    await page.press("Stay signed in");
    await later(page, 16 * MINUTE);
    await page.waitFor(says("You were signed out, because nothing was pressed for 15 minutes."));
    await page.waitFor(says("What you typed is still here. Sign in to send it."));
    assert.doesNotMatch(await page.evaluate(() => document.body.innerText, null), /Case 77/);
    await page.press("Sign in");
    await page.see("Ask for an authorisation");
    assert.equal(await valueOf(page, "#reference"), "Case 77");
    await page.press("Send request");
    await page.waitFor(says("Your request is sent."));
  },

  "storage that is full, or that the browser forbids: said before a code is made": async (open, service) => {
    const page = await enter(open, service, "ruff", "officer");
    service.authorise("ruff", "R-10");
    await page.press(NEW);
    await page.press("Prepare one for later");
    await page.evaluate(() => {
      for (let size = 1 << 24, parts = 0; size >= 1; size >>= 1) {
        for (;;) {
          try {
            localStorage.setItem(`full-${parts}`, "x".repeat(size));
            parts++;
          } catch {
            break;
          }
        }
      }
    }, null);
    await page.press("Make code");
    await page.waitFor(says(NO_ROOM));
    await page.evaluate(() => {
      Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "")
        .filter((name) => name.indexOf("full-") === 0)
        .forEach((name) => localStorage.removeItem(name));
    }, null);
    // as a browser does that keeps nothing of any site
    await page.run(`
      globalThis.before = Object.getOwnPropertyDescriptor(window, "localStorage");
      Object.defineProperty(window, "localStorage", { configurable: true, get() { throw new DOMException("", "SecurityError"); } });`);
    await page.press("Make code");
    await page.waitFor(says(NO_ROOM));
    assert.equal(await codesInUse(page), 0);
    await page.run(`Object.defineProperty(window, "localStorage", before)`);
    await choose(page, "#channel", "telephone");
    await page.press("Make code");
    await page.waitFor(says("The code for", "within"));
    assert.equal(await codesInUse(page), 1);
  },
};
