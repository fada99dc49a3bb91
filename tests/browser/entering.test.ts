import assert from "node:assert/strict";
import { test } from "node:test";
import { digitsOf, fragmentOf, wordsOf } from "./browser.ts";
import { answer, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Every way in: an opened link, and what is typed or pasted.

const stage = new Stage();
const genuine = "This code is genuine";
const notGenuine = "This code is not genuine";

test("an opened link waits, shows what it says, and is used only on a press", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "Anna", place: "Bridge Street" })));
  await page.see("Not checked yet");
  assert.match(await page.text(), /It says:\s+How\s+in person\s+Name\s+Anna\s+Place\s+Bridge Street/);
  assert.match(await page.text(), /This link can stay in your browser’s history\. A code that you scan on this page does not\./);
  assert.equal(stage.service.asked.length, 0);
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /Does that match\?/);
  assert.equal(stage.service.asked.length, 1);
  assert.equal(stage.service.asked[0]?.challenge, undefined);
});

test("a link handed to an open tab is taken and wiped as well", async () => {
  const page = await stage.visit();
  await page.page.evaluate((link) => location.assign(link), fragmentOf(token()).slice(1));
  await page.see("Not checked yet");
  assert.equal(page.page.url(), stage.service.url + "/");
});

test("words, digits, links and text entered by hand", async () => {
  const known = token({ channel: 2, dialled: 43 });
  stage.knows(known);
  const inputs = [
    ["words", (await wordsOf(known)).toUpperCase()],
    ["words", await digitsOf(known)],
    ["digits", await digitsOf(known)],
    ["link", "https://hostile.example" + fragmentOf(known)],
    ["link", `They wrote: see ${stage.service.url}${fragmentOf(known)} 11 thanks`],
    ["link", known.toString("base64url")],
  ] as const;
  for (const [way, input] of inputs) {
    const page = await stage.visit();
    await page.enter(way, input);
    await page.see(genuine);
    assert.match(await page.text(), /a call to a number ending 043/);
  }
});

test("a slip in one word is asked about before anything is sent", async () => {
  const known = token();
  stage.knows(known);
  const words = await wordsOf(known);
  const page = await stage.visit();
  await page.enter("words", words.replace(/ \S(\S+)$/, " x$1"));
  await page.see("Did you mean these words?");
  assert.equal(stage.service.asked.length, 0);
  await page.press("Yes, check these words");
  await page.see(genuine);
  assert.equal(stage.service.asked[0]?.code, words);
});

test("what is wrong with an input is said beside it, and nothing is sent", async () => {
  const page = await stage.visit();
  await page.enter("words", "legroom mansion");
  const alert = page.page.getByRole("alert");
  assert.equal(await alert.innerText(), "There should be five or six words. Here we see 2.");
  assert.equal(await page.page.locator("#code").getAttribute("aria-invalid"), "true");
  for (const [input, problem] of [["", /Nothing is typed/], ["legroom xxxyyy dingo zzzqqq talisman", /the second/], ["123", /15/]] as const) {
    await page.page.locator("#code").fill(input);
    await page.press("Check this code");
    assert.match(await alert.innerText(), problem);
  }
  assert.equal(stage.service.asked.length, 0);
});

test("a fragment that is nothing of ours raises no alarm", async () => {
  for (const fragment of ["menu", "_=_", "12345"]) {
    const page = await stage.visit("/#" + fragment);
    await page.see("Check who is contacting you");
    assert.equal(page.page.url(), stage.service.url + "/");
  }
});

test("a damaged link is not genuine, and never called mistyped", async () => {
  const damaged = await stage.visit(fragmentOf(token()).slice(0, -1));
  await damaged.see(notGenuine);
  stage.service.reply = () => answer("mistyped");
  const page = await stage.visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(notGenuine);
});
