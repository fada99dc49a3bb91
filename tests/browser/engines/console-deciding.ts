import assert from "node:assert/strict";
import { type ConsoleFlow, card, choose, enter, placeOf, says, stand, titles } from "./console.ts";
import { seconds } from "../service.ts";
import type { EnginePage } from "./engine.ts";

// Those who decide: a double tap does no more than a tap, nothing moves under a finger, and long lists are searched and turned over.

/** How an authorisation stands, by its reference. */
const standing = (all: readonly { readonly reference: string; readonly state: string }[], wanted: string): string =>
  all.find(({ reference }) => reference === wanted)?.state ?? "none";

/** Has the person who is signed in ask the service for all of these, at once. */
async function create(page: EnginePage, path: string, all: readonly object[]): Promise<void> {
  const statuses = await page.evaluate(
    ({ to, bodies }) => Promise.all(bodies.map((body) => fetch(to, { method: "POST", headers: { "Content-Type": "application/json" }, body }).then(({ status }) => status))),
    { to: path, bodies: all.map((one) => JSON.stringify(one)) },
  );
  assert.deepEqual(new Set(statuses), new Set([201]));
}

/** Waits until the first card has this title. */
const first = (page: EnginePage, title: string): Promise<void> => page.waitFor(`(//li[contains(@class,"card")])[1][.//h3[normalize-space()="${title}"]]`);

export const deciding: Readonly<Record<string, ConsoleFlow>> = {
  "a double tap on Approve or Withdraw decides nothing that was not read, and nothing moves": async (open, service) => {
    const references = ["Case 10", "Case 11"];
    for (const reference of references) service.ask("kestrel", reference);
    const page = await enter(open, service, "stint", "approver");
    await page.waitFor(card("Case 11"));
    const before = await placeOf(page, "Case 11");
    service.ask("kestrel", "Case 12");
    await page.waitFor(says("1 more request: show"));
    assert.equal(await placeOf(page, "Case 11"), before);
    await stand(page);
    await page.clickTwice(`${card("Case 10")}//button[text()="Approve"]`);
    await page.waitFor(says("You approved Case 10."));
    assert.equal(await placeOf(page, "Case 11"), before);
    await page.click(`${card("Case 11")}//button[text()="Refuse"]`);
    await stand(page);
    await page.press("Yes, refuse it");
    await page.waitFor(says("Please write a sentence."));
    await page.press("1 more request: show");
    await page.waitFor(card("Case 12"));
    await page.press("In use");
    await page.clickTwice(`${card("Case 10")}//button[text()="Withdraw"]`);
    await page.waitFor(says("Withdraw Case 10?"));
    await page.waitFor(says("Codes that stop: 0."));
    const all = service.authorisations();
    assert.deepEqual([...references, "Case 12"].map((one) => standing(all, one)), ["approved", "asked", "asked"]);
    await stand(page);
    await page.clickTwice(`${card("Case 10")}//button[text()="Yes, withdraw it"]`);
    await page.waitFor(`${card("Case 10")}${says("Withdrawn")}`);
    await page.back();
    await page.see("Requests");
  },

  "a double tap on Suspend suspends nobody; a list of people is searched, in order, and turned over": async (open, service) => {
    const page = await enter(open, service, "heron-2", "administrator");
    await create(page, "/v1/people", Array.from({ length: 21 }, (_, i) => ({ callsign: `zander-${i + 10}`, role: "overseer" })));
    await create(page, "/v1/people", [{ callsign: "zander-31", role: "overseer" }]);
    await page.press("There is something new: show");
    await page.press("Next page");
    await page.waitFor(says("Page before"));
    assert.ok((await titles(page, "people")).includes("zander-31"));
    await page.press("Page before");
    await page.waitFor(says("Next page"));
    assert.equal((await titles(page, "people")).length, 20);
    await page.fill("#people-search", "ZANDER-3");
    await first(page, "zander-30");
    assert.deepEqual(await titles(page, "people"), ["zander-30", "zander-31"]);
    await choose(page, "#people-sort", "made");
    await first(page, "zander-31");
    await stand(page);
    await page.clickTwice(`${card("zander-31")}//button[text()="Suspend"]`);
    await page.waitFor(says("Sessions that end: 0. Codes that stop: 0. Authorisations that stop: 0."));
    await stand(page);
    await page.press("No, leave it");
    await page.click(`${card("zander-31")}//button[text()="Suspend"]`);
    await stand(page);
    await page.clickTwice(`${card("zander-31")}//button[text()="Yes, suspend zander-31"]`);
    await page.waitFor(`${card("zander-31")}${says("overseer, suspended", "within")}`);
    await page.waitFor(`${card("zander-31")}//button[text()="Lift suspension"]`);
  },

  "a list of many authorisations is searched, in order, and turned over": async (open, service) => {
    const page = await enter(open, service, "plover", "approver");
    const wish = { purpose: "Visit", channels: ["online"], max_tokens: 1 };
    await create(page, "/v1/authorisations", Array.from({ length: 22 }, (_, i) => ({ ...wish, reference: `Op ${i + 10}`, until: seconds() + 3600 + 60 * i })));
    await page.press("In use");
    // what waits is not in use
    await page.click(`//label[contains(.,"Show all, also what is over")]`);
    await page.press("Next page");
    await page.waitFor(says("Page before"));
    const second = await titles(page, "authorisations");
    await page.press("Page before");
    await page.waitFor(says("Next page"));
    assert.equal((await titles(page, "authorisations")).filter((title) => second.includes(title)).length, 0);
    await page.fill("#authorisations-search", "OP 3");
    await first(page, "Op 31");
    assert.deepEqual(await titles(page, "authorisations"), ["Op 31", "Op 30"]);
    await choose(page, "#authorisations-sort", "name");
    await first(page, "Op 30");
    assert.deepEqual(await titles(page, "authorisations"), ["Op 30", "Op 31"]);
  },
};
