import assert from "node:assert/strict";
import { test } from "node:test";
import { type Visit, fragmentOf, wordsOf } from "./browser.ts";
import { answer, token } from "./service.ts";
import { Stage } from "./stage.ts";

// The person's own number.

const stage = new Stage();
const genuine = "This code is genuine";

const numberOf = async (page: Visit) => (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");

test("the number: not sent before it was read out, matched, used once", async () => {
  const page = await stage.visit();
  const shown = () => numberOf(page);
  const first = await shown();
  assert.match(first, /^[0-9]{6}$/);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[0]?.challenge, undefined);
  assert.match(await page.text(), /This code was made without your number/);

  await page.press("Check another code");
  const second = await shown();
  await page.press("I have read it out");
  await page.enter("link", token({ challenge: Number(second) }).toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[1]?.challenge, second);
  assert.match(await page.text(), /This code was made with your number/);

  await page.press("Check another code");
  assert.notEqual(await shown(), second);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[2]?.challenge, undefined);
});

// every row of the protocol's table: what the token carries, whether the number was read out, and what the screen says
const matched = ["This code is genuine", "This code was made with your number."];
const absent = ["This code is genuine", "This code was made without your number. To be safer, read your number out and ask for a new code."];
const other = [
  "This code was not made with your number", "This code may be for someone else.", "A genuine officer can always make a new code at once.",
  "Do not use this code. Get a new number and read it out. Then ask for a new code.",
];
const needed = [
  "This code needs a number", "Someone read out a number to get this code.", "We cannot say yes or no yet.",
  "Get a new number and read it out. Then ask for a new code.",
];
const table: readonly (readonly ["your number" | "another number" | "no number", boolean, readonly string[]])[] = [
  ["your number", true, matched],
  ["no number", false, absent],
  ["another number", true, other],
  ["no number", true, other],
  ["your number", false, needed],
  ["another number", false, needed],
];

for (const [carried, readOut, said] of table) {
  test(`your number ${readOut ? "read out" : "not read out"}, a code with ${carried}: ${said[0]}`, async () => {
    for (const way of ["link", "words"] as const) {
      const page = await stage.visit();
      const own = Number(await numberOf(page));
      const numbers = { "your number": { challenge: own }, "another number": { challenge: (own + 1) % 1000000 }, "no number": {} };
      const made = token(numbers[carried]);
      // asked by link the service lies, and the page's own check counts; asked by words it answers as it should
      const verdict = said === matched || said === absent || way === "link" ? "genuine" : said === other ? "other_challenge" : "challenge_needed";
      stage.service.reply = () => answer(verdict, verdict === "genuine" ? { token: made.toString("base64url") } : {});
      if (readOut) await page.press("I have read it out");
      await page.enter(way, way === "link" ? made.toString("base64url") : await wordsOf(made));
      await page.see(said[0] ?? "");
      const text = await page.text();
      for (const sentence of said) assert.ok(text.includes(sentence), sentence);
    }
  });
}

test("a number that was read out without saying so can still be said, and counts as the page's own", async () => {
  const page = await stage.visit();
  const own = await numberOf(page);
  const made = token({ challenge: Number(own) });
  stage.service.reply = (asked) =>
    asked.challenge === own ? answer("genuine", { token: made.toString("base64url") }) : answer("challenge_needed");
  await page.enter("words", await wordsOf(made));
  await page.see("This code needs a number");
  assert.ok((await page.text()).includes(`Did you read out ${own.slice(0, 3)} ${own.slice(3)}`));
  assert.equal(await page.page.getByRole("textbox").count(), 0);
  await page.press("Yes, I read it out");
  await page.see(genuine);
  assert.match(await page.text(), /This code was made with your number\./);
  await page.press("Check another code");
  assert.notEqual(await numberOf(page), own, "it was used");
});

test("a typed number is sent, and said to count only if the own screen chose it", async () => {
  stage.service.reply = (asked) => answer(asked.challenge === undefined ? "challenge_needed" : "genuine");
  const page = await stage.visit(fragmentOf(token({ challenge: 7 })));
  await page.press("Check this code");
  await page.see("This code needs a number");
  assert.match(await page.text(), /This counts only if your own screen chose the number\. Never type a number that they tell you\./);
  await page.page.getByLabel("The number on your own screen").fill("12");
  await page.press("Check with this number");
  assert.equal(await page.page.getByRole("alert").innerText(), "A number has six digits.");
  await page.page.getByLabel("The number on your own screen").fill("000 007");
  assert.equal(await page.page.getByRole("alert").count(), 0, "it goes as soon as something is changed");
  await page.press("Check with this number");
  await page.see(genuine);
  assert.equal(stage.service.asked[1]?.challenge, "000007");
  assert.match(await page.text(), /This code was made with the number that you typed\. That counts only if your own screen chose the number\./);
});

test("when the code's time passes the check still stands; an old number is replaced", async () => {
  const page = await stage.visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.match(await page.text(), /This code runs out at/);
  await page.page.clock.fastForward(301000);
  assert.match(await page.text(), /You checked this code in time, at .+\. Your check still counts\./);
  await page.press("Check another code");
  await page.page.clock.fastForward(601000);
  assert.match(await page.text(), /Your number is too old to use/);
  await page.press("Get a new number");
  const value = await page.page.locator(".number-value").innerText();
  assert.match(value, /^\d{3} \d{3}$/);
  const said = await page.page.evaluate(() => document.getElementById(document.activeElement?.getAttribute("aria-describedby") ?? "")?.innerText);
  assert.ok(said?.includes(value.split("").join(" ").replace("   ", ", ")), "a screen reader reads it at once, digit by digit");
});

test("an answer that comes late takes no number away that was drawn since", async () => {
  let release = (): void => undefined;
  const page = await stage.visit();
  await page.page.route("**/v1/verify", async (route) => {
    if (stage.service.asked.length === 0) await new Promise<void>((resolve) => (release = resolve));
    await route.continue();
  }, { times: 1 });
  await page.press("I have read it out");
  await page.enter("link", token().toString("base64url"));
  await page.see("Checking this code");

  stage.service.reply = () => answer("challenge_needed");
  await page.page.evaluate((fragment) => (location.hash = fragment), fragmentOf(token()).slice(1));
  await page.press("Check this code");
  await page.press("Get a new number");
  const drawn = await numberOf(page);
  stage.service.reply = () => answer("genuine");
  const answered = page.page.waitForResponse("**/v1/verify");
  release();
  await answered;
  await page.press("I have read it out");
  assert.equal(await numberOf(page), drawn);
});

test("a number that was read out more than ten minutes ago is not sent", async () => {
  const page = await stage.visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.press("I have read it out");
  await page.page.clock.fastForward(601000);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[0]?.challenge, undefined);
});
