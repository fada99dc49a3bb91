import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsoleStage } from "./console/stage.ts";

// The officers' console and the public page at one service, from the first link to the last withdrawal.

const stage = new ConsoleStage();

test("enrol, ask, approve, issue, check, see the check, withdraw", async () => {
  const officer = await stage.person("officer");
  await officer.see("Make a code");
  await officer.read("You have no current authorisation. Ask for one first.");

  await officer.press("Ask for an authorisation");
  await officer.page.getByLabel("Reference").fill("Case 2041");
  await officer.page.getByLabel("What it is for").fill("Return a lost bag");
  await officer.page.getByLabel("By telephone").check();
  await officer.page.getByLabel("Maximum number of codes").fill("3");
  await officer.press("Send request");
  await officer.read("Your request is sent.");
  await officer.read("Waiting for an approver");

  const approver = await stage.person("approver");
  await approver.see("Requests");
  await approver.read(`Asked by ${officer.callsign}`);
  await approver.press("Approve");
  await approver.read("You approved Case 2041.");

  // nobody loads anything again
  await officer.read("0 of 3 codes used");
  await officer.press("There is something new: show");
  const person = await stage.visit();
  const number = (await person.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await person.press("I have read it out");

  await officer.makeCode("In person", async () => {
    for (const digit of number) await officer.press(digit);
    await officer.page.getByLabel("Your name, as you will give it").fill("Anna");
    await officer.page.getByLabel("Place").fill("Bridge Street");
  });
  const address = new URL(stage.service.url).host;
  await officer.see(`Type ${address}, then scan.`);

  await person.enter("link", await officer.scan());
  await person.see("This code is genuine");
  assert.match(await person.text(), /Anna[^]*Bridge Street/);
  assert.match(await person.text(), /This code was made with your number/);
  await officer.page.getByText("Checked just now").waitFor({ timeout: 2000 });

  await officer.press("Done");
  await officer.read("1 of 3 codes used");
  await officer.makeCode("In person");
  const link = await officer.scan();
  await officer.hold();
  await officer.see("This code is withdrawn");
  const late = await stage.visit(link);
  await late.press("Check this code");
  await late.see("This code was withdrawn");
});

test("on the telephone: the words that are read out are the code, and say which number was dialled", async () => {
  const officer = await stage.officer();
  await officer.makeCode("By telephone", () => officer.page.getByLabel("Last three digits you dialled").fill("143"));
  const person = await stage.visit();
  await person.enter("words", await officer.words());
  await person.see("This code is genuine");
  assert.match(await person.text(), /a call to a number ending 143/);
  await officer.read("Checked just now");
});

test("words can be switched on for a code to scan, and a tap spells one", async () => {
  const officer = await stage.officer();
  await officer.makeCode("In person");
  const address = new URL(stage.service.url).host;
  for (const [width, height] of [[320, 568], [360, 612], [390, 664]] as const) {
    await officer.page.setViewportSize({ width, height });
    await officer.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.deepEqual(await officer.covered("button, .qr img"), [], `${width}x${height}`);
  }
  await officer.press("Show words");
  await officer.see(`Type ${address}, then these words.`);
  assert.equal(await officer.page.locator(".qr").isVisible(), false, "the words stand in the place of the symbol");
  const first = officer.page.locator(".word").first();
  const word = await first.innerText();
  await first.click();
  await officer.read(word.toUpperCase().split("").join(" "));
  assert.equal(await first.getAttribute("aria-expanded"), "true");
  await first.click();
  assert.equal(await officer.page.locator(".spelt").first().innerText(), "");
  const person = await stage.visit();
  await person.enter("words", await officer.words());
  await person.see("This code is genuine");

  // a reload without a network has them too
  await officer.untilKept();
  const words = await officer.words();
  await officer.press("Show code to scan");
  await officer.see(`Type ${address}, then scan.`);
  const link = await officer.scan();
  await officer.page.context().setOffline(true);
  await officer.page.reload();
  await officer.read("Checks do not show here now. Ask what their screen says.");
  assert.equal(await officer.scan(), link);
  await officer.press("Show words");
  await officer.page.locator(".word").first().waitFor();
  assert.equal(await officer.words(), words);
});

test("the next code has the same details, and never the same number", async () => {
  const officer = await stage.officer();
  await officer.makeCode("In person", () => officer.page.getByLabel("Your name, as you will give it").fill("Anna"));
  const first = await officer.scan();
  const shown = await officer.page.locator(".qr img").getAttribute("src");
  await officer.press("New code");
  await officer.page.waitForFunction((old) => document.querySelector(".qr img")?.getAttribute("src") !== old, shown);
  const second = await officer.scan();
  assert.notEqual(second, first);
  const person = await stage.visit(second);
  await person.press("Check this code");
  await person.see("This code is genuine");
  assert.match(await person.text(), /Anna/);

  await officer.press("Done");
  await officer.makeCode("In person", async () => {
    await officer.page.getByLabel("Their number").pressSequentially("417092");
    await officer.page.getByLabel("Your name, as you will give it").fill("Anna");
  });
  await officer.press("New code");
  await officer.see("Code in person");
  assert.equal(await officer.page.getByLabel("Their number").inputValue(), "");
  assert.equal(await officer.page.getByLabel("Your name, as you will give it").inputValue(), "Anna");
});

test("a number that is not whole, a name that is too long: said before anything is asked", async () => {
  const officer = await stage.officer();
  await officer.press("In person");
  for (const [width, height] of [[320, 568], [360, 612], [390, 664]] as const) {
    await officer.page.setViewportSize({ width, height });
    assert.deepEqual(await officer.covered(".number, .key"), [], `${width}x${height}`);
  }
  await officer.press("7");
  await officer.press("Make code");
  await officer.read("A number has six digits. Leave it empty if there is none.");
  await officer.press("Delete the last digit");
  await officer.page.getByLabel("Your name, as you will give it").fill("é".repeat(13));
  await officer.press("Make code");
  await officer.read("The name is too long for a code. Please shorten it.");
  assert.deepEqual(await officer.page.evaluate(async () => (await fetch("/v1/tokens")).json()), [], "no code");
});

test("each code needs the person: no finger, no code", async () => {
  const officer = await stage.officer();
  await officer.verifies(false);
  await officer.press("In person");
  await officer.press("Make code");
  await officer.read("No passkey was used. Try again when you are ready.");
  await officer.verifies(true);
  await officer.press("Make code");
  await officer.read("Not checked yet");
});

test("the authorisation that this tab used last is chosen, and after a sign-in the one that ends last", async () => {
  const officer = await stage.person("officer");
  stage.service.approve(stage.service.ask(officer.callsign, "Ends first", "--for", "2h"));
  stage.service.approve(stage.service.ask(officer.callsign, "Ends last", "--for", "8h"));
  stage.service.approve(stage.service.ask(officer.callsign, "Ends between", "--for", "4h"));
  await officer.page.reload();
  const choice = officer.page.getByLabel("Authorisation", { exact: true });
  const chosen = () => choice.locator("option:checked").innerText();
  await officer.press("In person");
  assert.equal(await chosen(), "Ends last");
  await choice.selectOption("Ends first");
  await officer.press("Make code");
  await officer.read("Not checked yet");
  await officer.press("Done");
  await officer.press("By telephone");
  assert.equal(await chosen(), "Ends first");
  await officer.untilKept();
  await officer.page.reload();
  await officer.press("By telephone");
  assert.equal(await chosen(), "Ends first", "a reload is no sign-in");
  await officer.press("Sign out");
  await officer.press("Sign in");
  await officer.press("In person");
  assert.equal(await chosen(), "Ends last", "nothing says what was done before");
});

test("all codes of an authorisation are used: the reason is shown", async () => {
  const officer = await stage.person("officer");
  stage.service.authorise(officer.callsign, "R-few", 1);
  await officer.page.reload();
  await officer.makeCode("In person");
  await officer.press("New code");
  await officer.read(/^No code was made\. All tokens of the authorisation are used up/);
  await officer.press("Done");
  await officer.read("All codes used");
});

test("an authorisation for later: the ways to make a code are there once it begins", async () => {
  const officer = await stage.person("officer");
  const from = new Date(Date.now() + 6000).toISOString().replace(/\.\d+/, "");
  stage.service.approve(stage.service.ask(officer.callsign, "Case 2042", "--from", from));
  const [way, news] = ["In person", "There is something new: show"].map((name) => officer.page.getByRole("button", { name, exact: true }));
  assert.ok(way && news);
  await officer.press("There is something new: show");
  await officer.page.getByRole("heading", { name: "Case 2042" }).waitFor();
  await way.or(news).first().waitFor();
  if (!(await way.isVisible())) await news.click();
  await way.waitFor();
});
