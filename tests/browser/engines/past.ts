import assert from "node:assert/strict";
import { fragmentOf } from "../browser.ts";
import { ELSEWHERE, answer, token } from "../service.ts";
import type { EnginePage } from "./engine.ts";
import { type Flow, numberShown } from "./flows.ts";

// What Back and Forward show, while the page lives, after it was loaded again, and after it was left by the exit.

const start = "Check who is contacting you";
const genuine = "This code is genuine";
const away = "Elsewhere";

/** The exit leads to another host in life; here it leads to a page of this one, which every browser can reach. */
const exits: { readonly [how: string]: (page: EnginePage) => Promise<void> } = {
  "by button": (page) => page.evaluate(() => document.querySelector<HTMLElement>("a.exit")?.click(), null),
  "by Shift": async (page) => {
    // what a new screen moves, the focus and the place in the page, comes with the next frames, and ends the count
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null)))), null);
    for (let press = 0; press < 3; press++) await page.key("Shift");
  },
};

/** Goes from screen to screen, back and forth. */
async function wander(page: EnginePage): Promise<void> {
  await page.press("Paste a link");
  await page.fill("#code", token().toString("base64url"));
  await page.press("Check this code");
  await page.see(genuine);
  await page.press("Yes");
  await page.see("It matches");
  await page.back();
  await page.see(genuine);
}

const leaving = Object.entries(exits).flatMap(([how, exit]) =>
  [true, false].map((before): [string, Flow] => [
    `after the exit ${how} neither Back nor Forward shows the page, ${before ? "with" : "without"} another page before it`,
    async (open, service) => {
      service.put("before", Buffer.from("<!doctype html><h1>Before</h1>"));
      service.put("elsewhere", Buffer.from(`<!doctype html><h1>${away}</h1>`));
      const index = String(service.exported.files.get("index.html"));
      service.put("index.html", Buffer.from(index.replace(`href="${ELSEWHERE}"`, 'href="/elsewhere"')));
      const page = await open(before ? "/before" : "/");
      if (before) await page.go(service.url + "/");
      await page.see(start);
      await wander(page);
      await exit(page);
      await page.see(away);
      await page.forward();
      await page.see(away);
      if (!before) return;
      // Forward was led to where the exit leads, so there are two of it now
      await page.back();
      await page.see(away);
      await page.back();
      await page.see("Before");
    },
  ]),
);

/** By name. */
export const past: Readonly<Record<string, Flow>> = {
  ...Object.fromEntries(leaving),

  "Back goes one screen back, and a slip can be mended": async (open) => {
    const page = await open(fragmentOf(token({ name: "Anna" })));
    await page.press("Check this code");
    await page.see(genuine);
    await page.press("No, or not sure");
    await page.see("Stop");
    await page.back();
    await page.see(genuine);
    await page.press("Yes");
    await page.see("It matches");
    await page.back();
    await page.back();
    await page.see("Not checked yet");
    await page.forward();
    await page.see(genuine);
    assert.equal(await page.evaluate(() => location.pathname + location.hash + history.state, null), "/1");
  },

  "loaded again it shows nothing old, and a number that was written down can be typed": async (open, service) => {
    const page = await open();
    const read = await numberShown(page);
    await wander(page);
    await page.reload();
    await page.see(start);
    const code = token({ challenge: Number(read) }).toString("base64url");
    service.reply = (asked) => answer(asked.challenge === read ? "genuine" : "challenge_needed");
    await page.press("Paste a link");
    await page.fill("#code", code);
    await page.press("Check this code");
    await page.see("This code needs a number");
    assert.doesNotMatch(await page.text(), /Did you read out/, "nobody can have heard the number of now");
    await page.back();
    await page.press("Go back");
    await page.press("I have a number already");
    await page.fill("#own-number", read);
    await page.press("Use this number");
    assert.doesNotMatch(await page.text(), new RegExp(`${read.slice(0, 3)}.?${read.slice(3)}`), "it is not shown");
    await page.press("Paste a link");
    await page.fill("#code", code);
    await page.press("Check this code");
    await page.see(genuine);
    assert.match(await page.text(), /with the number that you typed/);
  },
};
