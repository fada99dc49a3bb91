import assert from "node:assert/strict";
import { after, test } from "node:test";
import { PHONE, type Visit, digitsOf, fragmentOf, wordsOf } from "./browser.ts";
import { Film } from "./film.ts";
import { RealService } from "./harness.ts";
import { tracesOf } from "./keeping.ts";
import { ELSEWHERE, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Every way to an answer by keyboard alone. The focus follows the screens.

const film = new Film();
const stage = new Stage(film.switches);
const genuine = "This code is genuine";

after(() => film.remove());

/** What has the focus, by its text; a part of the screen by what names and describes it. */
const focused = (page: Visit) =>
  page.page.evaluate(() => {
    const element = document.activeElement;
    const ids = ["aria-labelledby", "aria-describedby"].map((name) => element?.getAttribute(name) ?? "").join(" ").trim();
    const parts = element instanceof HTMLElement && element.tabIndex < 0 ? ids.split(/\s+/).map((id) => document.getElementById(id)) : [element];
    return parts.map((part) => part?.textContent ?? "").join(" ").trim();
  });

async function press(page: Visit, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.page.keyboard.press(key);
}

/** Goes on by Tab to what is looked for. */
async function reach(page: Visit, isThere: () => Promise<boolean>, key = "Tab"): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await press(page, key);
    if (await isThere()) return;
  }
  assert.fail("no Tab leads there");
}

/** Goes on by Tab to the control with this text, and presses it. */
async function choose(page: Visit, text: RegExp, key = "Tab"): Promise<void> {
  await reach(page, async () => text.test(await focused(page)), key);
  await press(page, "Enter");
}

/** Whether a field has the focus. */
const isIn = (page: Visit, field: string) => page.page.locator(field).evaluate((element) => element === document.activeElement);

/** From the start to the field of one way in. */
async function enter(page: Visit, way: RegExp, text: string): Promise<void> {
  await choose(page, way);
  assert.match(await focused(page), /^(Type the (words|digits)|Paste a link)/);
  await press(page, "Tab");
  await page.page.keyboard.type(text);
}

test("words: one completed, one left out and found; then it matches", async () => {
  const known = token();
  stage.knows(known);
  const [one = "", two = "", ...rest] = (await wordsOf(known)).split(" ");
  const page = await stage.visit();
  await enter(page, /^Type the words/, one.slice(0, 4));
  await press(page, "Tab", "Enter", "Tab", "Space");
  const field = page.page.locator("#code");
  assert.equal(await field.inputValue(), one + " ? ");
  await page.page.keyboard.type(rest.join(" "));
  await press(page, "Tab", "Enter");
  assert.equal(await field.inputValue(), [one, two, ...rest].join(" "));
  await press(page, "Enter");
  await page.see(genuine);
  assert.equal(await focused(page), `${genuine} Riverside Council made this code. This is its first check.`);
  await choose(page, /^Yes$/);
  await page.see("It matches");
  assert.equal(await focused(page), "It matches You may still say no.");
});

test("words with a slip: the question and its answer", async () => {
  const known = token();
  stage.knows(known);
  const page = await stage.visit();
  await enter(page, /^Type the words/, (await wordsOf(known)).replace(/ \S(\S+)$/, " x$1"));
  await press(page, "Enter");
  await page.see("Did you mean these words?");
  await choose(page, /^Yes, check these words$/);
  await page.see(genuine);
});

test("digits; then it does not match", async () => {
  const known = token();
  stage.knows(known);
  const page = await stage.visit();
  await enter(page, /^Type the (15 )?digits/, await digitsOf(known));
  await press(page, "Enter");
  await page.see(genuine);
  await choose(page, /^No, or not sure$/);
  await page.see("Stop");
});

test("a pasted link, and how to check safely", async () => {
  const page = await stage.visit();
  await enter(page, /^Paste a link/, "https://verify.example.org" + fragmentOf(token()));
  await press(page, "Enter");
  await page.see(genuine);
  await choose(page, /^How to check safely$/);
  await page.page.getByText("You may always say no.").waitFor();
});

test("the number: read out, or said later, or typed", async () => {
  const page = await stage.visit();
  const withOwn = async () => {
    const own = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
    return token({ challenge: Number(own) }).toString("base64url");
  };
  const first = await withOwn();
  await choose(page, /^I have read it out$/);
  assert.match(await focused(page), /^Your number You have read it out/);
  await enter(page, /^Paste a link/, first);
  await press(page, "Enter");
  await page.see(genuine);
  assert.match(await page.text(), /This code was made with your number/);

  await choose(page, /^Check another code$/);
  await page.see("Check who is contacting you");
  await enter(page, /^Paste a link/, await withOwn());
  await press(page, "Enter");
  await page.see("This code needs a number");
  await choose(page, /^Yes, I read it out$/);
  await page.see(genuine);

  const opened = await stage.visit(fragmentOf(token({ challenge: 7 })));
  await choose(opened, /^Check this code$/);
  await opened.see("This code needs a number");
  await reach(opened, () => isIn(opened, "#own-number"));
  await opened.page.keyboard.type("000 007");
  await press(opened, "Enter");
  await opened.see(genuine);
});

test("a code before the camera; then it matches", async () => {
  film.show(stage.service.url + fragmentOf(token()));
  const page = await stage.visit("/", { ...PHONE, permissions: ["camera"] });
  await choose(page, /^Scan a code/);
  await page.see(genuine);
  assert.match(await focused(page), /^This code is genuine/);
  await choose(page, /^Yes$/);
  await page.see("It matches");
});

test("the way out by Shift, which says what it waits for, and can be switched off", async () => {
  const page = await stage.visit();
  // said only after a moment, in which a screen reader may show that the key was part of a command
  const says = (text: string) => page.page.locator(".unseen[aria-live]").filter({ hasText: text }).waitFor({ state: "attached" });
  await press(page, "Shift");
  await says("Shift. Press it 2 more times to leave.");
  await press(page, "a", "Shift", "Shift");
  await says("Shift. Press it once more to leave.");
  await choose(page, /^How to check safely$/);
  await choose(page, /^Do not leave when Shift is pressed$/);
  assert.match(await focused(page), /^Leave when Shift is pressed three times$/);
  await press(page, "Shift", "Shift", "Shift");
  await press(page, "Enter", "Shift", "Shift", "Shift");
  await page.page.waitForURL(ELSEWHERE);
});

test("another language: the menu lies before the heading, and the same screen follows", async () => {
  const page = await stage.visit();
  await choose(page, /^Type the words/);
  await choose(page, /^Cymraeg$/, "Shift+Tab");
  await page.see("Teipiwch y geiriau");
  assert.equal(await focused(page), "Teipiwch y geiriau");
  await choose(page, /^English$/, "Shift+Tab");
  await page.see("Type the words");
});

test("the page is kept, and removed again", async () => {
  const page = await stage.visit();
  await choose(page, /^Keep this page for use without signal$/);
  await reach(page, async () => (await focused(page)) === "Keep this page");
  await press(page, "Space");
  await page.page.getByText("This page is kept on this phone.").waitFor();
  assert.equal((await tracesOf(page)).workers, 1);
  await choose(page, /^Remove it from this phone$/);
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  assert.deepEqual(await tracesOf(page), { caches: [], workers: 0 });
});

test("the plain form without JavaScript", async (t) => {
  const service = await RealService.start();
  t.after(() => service.stop());
  const page = await stage.visitElsewhere(service.url, [service.url], { ...PHONE, javaScriptEnabled: false });
  const { token: issued } = service.issue("--channel", "in-person", "--challenge", "000123");
  await reach(page, () => isIn(page, "#code"));
  await page.page.keyboard.type(issued);
  await press(page, "Tab");
  await page.page.keyboard.type("000 123");
  await press(page, "Tab", "Space");
  await page.see(genuine);
  assert.match(await page.text(), /This code was made with the number that you typed/);
  await choose(page, /^Check another code$/);
  await page.see("Check who is contacting you");
});
