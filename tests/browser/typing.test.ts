import assert from "node:assert/strict";
import { test } from "node:test";
import { list } from "../../web/test/files.ts";
import { type Visit, digitsOf, wordsOf } from "./browser.ts";
import { token } from "./service.ts";
import { Stage } from "./stage.ts";

// What a person sees while they type. Everything comes from the field's text, and nothing is put in unasked.

const stage = new Stage();
const fits = "All there, and they fit together. Not checked yet.";
const fitsFive = "Five words, and they fit together. If they said a sixth, type it too. Not checked yet.";
const right = "legroom mansion dingo customer talisman";

async function typing(way: "words" | "digits", text: string): Promise<Visit> {
  const page = await stage.visit();
  await page.page.getByRole("button", { name: way === "words" ? /^Type the words/ : /^Type the digits/ }).click();
  await page.page.locator("#code").pressSequentially(text);
  return page;
}

const field = (page: Visit) => page.page.locator("#code").inputValue();
const line = (page: Visit) => page.page.locator(".line").innerText();
const rows = (page: Visit) => page.page.getByRole("list", { name: "The words so far" }).getByRole("listitem").allInnerTexts();
const offers = (page: Visit) => page.page.locator(".offers button").allInnerTexts();
const inField = (page: Visit) => page.page.locator("#code").evaluate((element) => element === document.activeElement);

test("the words are listed as they are read, and the rest of a word is put in by a press", async () => {
  const page = await typing("words", "legroom man");
  assert.deepEqual(await rows(page), ["legroom", "man…", "", "", ""]);
  assert.deepEqual(await offers(page), []);
  await page.page.keyboard.type("s");
  assert.deepEqual(await rows(page), ["legroom", "mansion", "", "", ""]);
  assert.equal(await field(page), "legroom mans", "nothing is put in unasked");
  await page.press("mansion");
  assert.equal(await field(page), "legroom mansion ");
  assert.ok(await inField(page));
  await page.page.keyboard.type("ding");
  assert.deepEqual(await rows(page), ["legroom", "mansion", "dingo", "", ""]);
  assert.equal(await line(page), "");
});

test("where no word of ours begins so, near words are asked about", async () => {
  const page = await typing("words", "legroom dimg");
  assert.equal(await line(page), "One word looks wrong: the second. Did you mean one of these?");
  assert.deepEqual(await rows(page), ["legroom", "dimg looks wrong", "", "", ""]);
  assert.equal(await field(page), "legroom dimg");
  assert.ok((await offers(page)).length <= 3);
  await page.press("dingo");
  assert.equal(await field(page), "legroom dingo ");
  assert.equal(await line(page), "");
  await page.page.keyboard.type("xqzz");
  assert.equal(await line(page), "One word looks wrong: the third. Ask to hear it again.");
});

test("a word that was not heard is left out by a press, and found by the check word", async () => {
  const page = await typing("words", "legroom ");
  await page.page.getByRole("button", { name: "I did not hear this word the second" }).click();
  assert.equal(await field(page), "legroom ? ");
  assert.ok(await inField(page));
  await page.page.keyboard.type("dingo customer talisman");
  assert.deepEqual(await rows(page), ["legroom", "not heard", "dingo", "customer", "talisman"]);
  assert.equal(await line(page), "The word that you did not hear is most likely “mansion”.");
  assert.equal(await page.page.getByRole("button", { name: /did not hear/ }).count(), 0);
  await page.press("mansion");
  assert.equal(await field(page), right);
  assert.equal(await line(page), fitsFive);
});

test("two words that were not heard are too many, and that is said at once", async () => {
  const page = await typing("words", "legroom ? dingo ? ");
  assert.equal(await line(page), "We can find one word, not two. Ask to hear the fourth again.");
  await page.page.keyboard.type("talisman");
  await page.press("Check this code");
  assert.match(await page.page.getByRole("alert").innerText(), /^We can find one word, not two/);
  assert.equal(await line(page), "", "it is not said twice");
});

test("the check word is verified as it is typed, before anything is sent", async () => {
  for (const [text, said, offered] of [
    [right, fitsFive, []],
    ["legr mans ding cust tali", fitsFive, ["talisman"]],
    ["legroom mansion dimgo customer talisman", "One word looks wrong: the third. Did you mean “dingo”?", ["dingo"]],
    ["mansion legroom dingo customer talisman", "2 of these words look wrong. Did you mean these?", [right]],
    ["progress onboard chapter maternal talisman", "Did they say a sixth word? Then type it. If not, press the button.", []],
    ["progress onboard chapter maternal talisman chapter", "One of these words is wrong. Look at each word, or ask to hear them again.", []],
    [right + " dingo mansion", "You have typed 7 words. There should be 5 or 6.", []],
  ] as const) {
    const page = await typing("words", text);
    assert.equal(await line(page), said);
    assert.deepEqual(await offers(page), offered);
    if (said === fitsFive || offered.length === 0) continue;
    await page.press(offered[0]);
    assert.equal((await field(page)).trim(), right);
    assert.equal(await line(page), fitsFive);
  }
  assert.equal(stage.service.asked.length, 0);
});

test("digits: how many are to come, then whether they fit", async () => {
  const page = await typing("digits", "055 140");
  assert.match(await page.text(), /Digits still to come: 9/);
  assert.equal(await line(page), "");
  await page.page.keyboard.type(" 547809304");
  assert.match(await page.text(), /Digits still to come: 3/, "they may be the first of eighteen");
  await page.page.keyboard.type("0000");
  assert.equal(await line(page), "You have typed 19 digits. There should be 15 or 18.");
  for (let n = 0; n < 4; n++) await page.page.keyboard.press("Backspace");
  await page.page.keyboard.press("Backspace");
  assert.equal(await line(page), "");
  await page.page.keyboard.type("3");
  assert.equal(await line(page), fits);
  assert.doesNotMatch(await page.text(), /still to come/);
  assert.equal(stage.service.asked.length, 0);
});

test("a screen reader hears one line at the end, not one at each key", async () => {
  const known = token();
  for (const [way, code] of [["words", await wordsOf(known)], ["digits", await digitsOf(known)]] as const) {
    const page = await typing(way, "");
    await page.page.evaluate(() => {
      const said: string[] = [];
      Object.assign(window, { said });
      const observer = new MutationObserver((changes) => changes.forEach(({ target }) => said.push(target.textContent ?? "")));
      document.querySelectorAll("[aria-live], [role=alert]").forEach((live) => observer.observe(live, { childList: true, characterData: true, subtree: true }));
    });
    await page.page.keyboard.type(code);
    const whole = way === "words" ? fitsFive : fits;
    assert.equal(await line(page), whole);
    await page.page.locator(".unseen[aria-live]").filter({ hasText: whole }).waitFor({ state: "attached" });
    const said = await page.page.evaluate(() => (window as unknown as { said: string[] }).said.filter((text) => text !== ""));
    assert.deepEqual(said, [whole]);
  }
});

test("field, offers and the button stay above a keyboard that covers half of a small phone", async () => {
  const page = await typing("words", "legroom mans");
  const bottom = async (text: string | RegExp) => {
    const box = await page.page.getByRole("button", { name: text }).boundingBox();
    return box === null ? Infinity : box.y + box.height;
  };
  assert.ok((await bottom("mansion")) <= 370);
  assert.ok((await bottom(/I did not hear this word/)) <= 370);
  const before = await bottom(/I did not hear this word/);
  await page.page.keyboard.type("ion d");
  assert.equal(await bottom(/I did not hear this word/), before, "it does not jump away under a finger");
});

test("what is no list of words raises no alarm", async () => {
  for (const text of ["https://verify.example.org/#123", token().toString("base64url").slice(0, 60)]) {
    const page = await typing("words", text);
    assert.equal(await line(page), "");
    assert.equal(await page.page.getByRole("listitem").count(), 0);
  }
  const page = await typing("words", await digitsOf(token()));
  assert.equal(await line(page), fits);
});

test("the page knows each of the 1,024 words by four letters", async () => {
  const page = await typing("words", "");
  await page.page.locator("#code").fill(list.words.map((word) => word.slice(0, 4)).join(" ") + " ");
  assert.deepEqual(await rows(page), list.words);
});

test("what was typed stays when another language is chosen", async () => {
  const page = await typing("digits", "055 140");
  await page.speak("Cymraeg");
  await page.see("Teipiwch y digidau");
  assert.equal(await field(page), "055 140");
  assert.match(await page.text(), /Digidau eto i ddod: 9/);
});
