import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { STRICTNESS } from "../../web/shared/verdict.ts";
import { Visit, fragmentOf, startBrowser, wordsOf } from "./browser.ts";
import { findProblems } from "./problems.ts";
import { FakeService, answer, seconds, token } from "./service.ts";

// Every rule of axe-core on every screen, in every look.

const HEARD = new URL("heard.yml", import.meta.url);

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

type Screen = readonly [name: string, path: () => string, go: (visit: Visit) => Promise<unknown>];

const link = () => fragmentOf(token({ name: "Anna", place: "Bridge Street" }));
const long = () => fragmentOf(token({ name: "W".repeat(24), place: "W".repeat(32) }));

const start = (name: string, go: (visit: Visit) => Promise<unknown>): Screen => [name, () => "/", go];
const typed = (name: string, way: RegExp, text: string): Screen =>
  start(name, async (visit) => {
    await visit.page.getByRole("button", { name: way }).click();
    await visit.page.locator("#code").fill(text);
  });
const verdictOf = (verdict: string, next?: string) => async (visit: Visit) => {
  service.reply = () => answer(verdict, { first_checked_at: seconds() - 250, server_time: seconds() + 300 });
  await visit.press("Check this code");
  await visit.page.locator(".screen-verdict").waitFor();
  if (next !== undefined) await visit.press(next);
};

const screens: readonly Screen[] = [
  start("start", async () => {}),
  start("number read out", (visit) => visit.press("I have read it out")),
  start("number too old", async (visit) => {
    await visit.page.clock.install();
    await visit.page.reload();
    await visit.page.clock.fastForward(601000);
  }),
  start("how to check safely", (visit) => visit.page.getByText("How to check safely").click()),
  typed("words, none yet", /^Type the words/, ""),
  typed("words, one begun", /^Type the words/, "legroom man"),
  typed("words, one to complete", /^Type the words/, "legroom mans"),
  typed("words, one wrong", /^Type the words/, "legroom mnas"),
  typed("words, two not heard", /^Type the words/, "legroom ? dingo ? "),
  typed("words, two swapped", /^Type the words/, "mansion legroom dingo customer talisman"),
  typed("words that fit", /^Type the words/, "legroom mansion dingo customer talisman"),
  typed("digits, some yet", /^Type the digits/, "055 140"),
  typed("digits that do not fit", /^Type the digits/, "055140547809304"),
  start("words with a problem", (visit) => visit.enter("words", "legroom")),
  start("digits with a problem", (visit) => visit.enter("digits", "1")),
  start("link with a problem", (visit) => visit.enter("link", "no link")),
  start("did you mean", (visit) => visit.enter("words", "legroom mansion dimgo customer talisman")),
  start("checking", async (visit) => {
    await visit.page.route("**/v1/verify", () => undefined);
    await visit.enter("words", "legroom mansion dingo customer talisman");
  }),
  start("a code that carries the number", async (visit) => {
    service.reply = () => answer("challenge_needed");
    await visit.enter("words", await wordsOf(token()));
    await visit.see("This code needs a number");
  }),
  start("new words, since we cannot check these", async (visit) => {
    service.reply = () => answer("cannot_check");
    await visit.enter("words", await wordsOf(token()));
    await visit.see("We cannot check right now");
  }),
  ["no answer from the service", link, async (visit) => {
    service.reply = () => null;
    await visit.press("Check this code");
    await visit.see("We could not check this code");
  }],
  start("scan, without a camera", (visit) => visit.page.getByRole("button", { name: /^Scan a code/ }).click()),
  ["not checked yet", link, async () => {}],
  ["the longest name and place", long, async () => {}],
  ...STRICTNESS.map((verdict): Screen => [verdict, link, verdictOf(verdict)]),
  ["genuine, with the longest name and place", long, verdictOf("genuine")],
  ["it matches", link, verdictOf("genuine", "Yes")],
  ["stop", link, verdictOf("genuine", "No, or not sure")],
  ["stop after two tries", link, async (visit) => {
    await verdictOf("expired")(visit);
    await visit.press("Check another code");
    service.reply = () => answer("withdrawn");
    await visit.enter("link", Buffer.from(token()).toString("base64url"));
    await visit.see("Stop");
  }],
];
/** Screens whose tree, as Chromium gives it to assistive technology, is written down. */
const isHeard = (name: string): boolean => STRICTNESS.some((verdict) => verdict === name) || /^(it matches|stop.*)$/.test(name);
const trees: string[] = [];

for (const [name, path, go] of screens) {
  test(`no accessibility problem: ${name}`, async () => {
    const visit = await Visit.open(browser, service.url + path());
    await go(visit);
    if (isHeard(name)) trees.push(`# ${name}\n${await treeOf(visit)}\n`);
    assert.deepEqual(await findProblems(visit.page.mainFrame()), []);
    await visit.close();
  });
}

/** Times and references in it are others each time. */
const treeOf = async (visit: Visit) =>
  (await visit.page.locator("main").ariaSnapshot())
    .replace(/\b(says|at) [^.,\n]*\d\d:\d\d/g, "$1 00:00")
    .replace(/(?<=reference: )[\d ,]+/g, "0 0 0 0, 0 0 0 0");

test("the answers are heard as they are written down: HEARD=overwrite writes them", () => {
  assert.equal(trees.length, screens.filter(([name]) => isHeard(name)).length, "run the whole file, without a pattern of names");
  const all = trees.join("\n");
  if (process.env["HEARD"] === "overwrite") writeFileSync(HEARD, all);
  assert.equal(all, readFileSync(HEARD, "utf8"));
});
