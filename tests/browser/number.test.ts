import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentOf } from "./browser.ts";
import { answer, token } from "./service.ts";
import { Stage } from "./stage.ts";

// The person's own number.

const stage = new Stage();
const genuine = "This code is genuine";

test("the number: not sent before it was read out, matched, used once", async () => {
  const page = await stage.visit();
  const shown = async () => (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  const first = await shown();
  assert.match(first, /^[0-9]{6}$/);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[0]?.challenge, undefined);
  assert.match(await page.text(), /It was not made with your number/);

  await page.press("Check another code");
  const second = await shown();
  await page.press("I have read it out");
  await page.enter("link", token({ challenge: Number(second) }).toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[1]?.challenge, second);
  assert.match(await page.text(), /It carries your number/);

  await page.press("Check another code");
  assert.notEqual(await shown(), second);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(stage.service.asked[2]?.challenge, undefined);
});

test("a token with another number, or without, is refused whatever the service says", async () => {
  for (const challenge of [undefined, 1]) {
    const page = await stage.visit();
    await page.press("I have read it out");
    await page.enter("link", token(challenge === undefined ? {} : { challenge }).toString("base64url"));
    await page.see("This code does not carry your number");
  }
});

test("a typed number is sent, and said to count only if the own screen chose it", async () => {
  stage.service.reply = (asked) => answer(asked.challenge === undefined ? "challenge_needed" : "genuine");
  const page = await stage.visit(fragmentOf(token({ challenge: 7 })));
  await page.press("Check this code");
  await page.see("This code needs a number");
  assert.match(await page.text(), /Never type a number that they tell you/);
  await page.page.getByLabel("The number on your own screen").fill("12");
  await page.press("Check with this number");
  assert.equal(await page.page.getByRole("alert").innerText(), "A number has six digits.");
  await page.page.getByLabel("The number on your own screen").fill("000 007");
  await page.press("Check with this number");
  await page.see(genuine);
  assert.equal(stage.service.asked[1]?.challenge, "000007");
  assert.match(await page.text(), /counts only if your own screen chose it/);
});

test("when the code's time passes the check still stands; an old number is replaced", async () => {
  const page = await stage.visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.match(await page.text(), /This code runs out at/);
  await page.page.clock.fastForward(301000);
  assert.match(await page.text(), /This code has now run out\. Your check at \S+ stands\./);
  await page.press("Check another code");
  await page.page.clock.fastForward(601000);
  assert.match(await page.text(), /Your number is too old to use/);
  await page.press("Get a new number");
  assert.match(await page.page.locator(".number-value").innerText(), /^\d{3}.\d{3}$/);
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
