import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, NARROW, PHONE, type Visit, digitsOf, fragmentOf, wordsOf } from "./browser.ts";
import { FakeService, answer, seconds, token } from "./service.ts";
import { Stage } from "./stage.ts";

// The language comes from the browser or the menu and is kept nowhere; what is read out or compared stays as it is. The page has one
// language in it, and loads another by the digest that it names.

const stage = new Stage();
const spoken = (page: Visit) => page.page.locator(".ways .way, .others .button").allInnerTexts();
const inWelsh = { ...PHONE, locale: "cy-GB" };

test("the browser's language is chosen, and the menu offers the others by their own names", async () => {
  const page = await stage.visit("/", inWelsh);
  await page.see("Gwiriwch pwy sy’n cysylltu â chi");
  assert.deepEqual(await page.page.locator("html").evaluate(({ lang, dir }: HTMLElement) => [lang, dir]), ["cy", "ltr"]);
  assert.equal(await page.page.title(), "Gwirio cod");
  const menu = page.page.getByRole("navigation", { name: "Iaith" }).getByRole("button");
  assert.deepEqual(await menu.evaluateAll((choices) => choices.map((choice) => [choice.textContent, choice.getAttribute("lang")])), [
    ["English", "en"],
    ["اردو", "ur"],
  ]);
});

test("a language that we do not have leaves the page in its first", async () => {
  const page = await stage.visit("/", { ...PHONE, locale: "is-IS" });
  await page.see("Check who is contacting you");
});

test("an answer can be read in another language, without asking again", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "Anna" })));
  await page.press("Check this code");
  await page.see("This code is genuine");
  await page.speak("Cymraeg");
  await page.see("Mae’r cod hwn yn ddilys");
  await page.speak("اردو");
  await page.see("یہ کوڈ اصلی ہے");
  await page.speak("English");
  await page.see("This code is genuine");
  assert.equal(stage.service.asked.length, 1);
});

test("a language is loaded once it is chosen, once, and stays away where it is not the one that the page names", async () => {
  const page = await stage.visit();
  const asked = () => page.paths.filter((path) => path.startsWith("/language-"));
  assert.deepEqual(asked(), []);
  await page.enter("words", "abandon");
  const own = stage.service.put("language-cy.json", Buffer.from(String(stage.service.exported.files.get("language-cy.json")) + " "));
  const refused = page.page.getByRole("alert").filter({ hasText: "This language did not load. Try again, or load this page again." });
  await page.press("Cymraeg");
  await refused.waitFor();
  await page.see("Type the words");
  assert.equal(await page.page.locator("#code").inputValue(), "abandon");
  assert.equal(page.refused.splice(0).length, 1);

  stage.service.put("language-cy.json", null);
  await page.press("Cymraeg");
  await page.page.getByText("One moment.").waitFor({ state: "detached" });
  await refused.waitFor();

  stage.service.put("language-cy.json", own);
  await page.speak("Cymraeg");
  await page.see("Teipiwch y geiriau");
  assert.equal(await page.page.locator("nav p").count(), 0);
  await page.speak("English");
  assert.deepEqual(asked(), Array(3).fill("/language-cy.json"));
});

test("of two languages the one that was chosen last counts, whichever comes first", async () => {
  const page = await stage.visit();
  let deliver = (): void => {};
  stage.service.fault = (path) => (path === "/language-cy.json" ? new Promise((resolve) => (deliver = () => resolve(null))) : null);
  const begun = page.page.waitForRequest("**/language-cy.json");
  await page.press("Cymraeg");
  const late = await begun;
  await page.speak("اردو");
  deliver();
  await (await late.response())?.finished();
  assert.equal(await page.page.locator("html").getAttribute("lang"), "ur");
});

test("a choice is kept nowhere", async () => {
  const page = await stage.visit();
  await page.speak("Cymraeg");
  await page.see("Gwiriwch pwy sy’n cysylltu â chi");
  const kept = await page.page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, location.href]);
  assert.deepEqual(kept, ["", 0, 0, stage.service.url + "/"]);
  await page.page.reload();
  await page.see("Check who is contacting you");
});

test("the words are English, so elsewhere the digits come first", async () => {
  const page = await stage.visit();
  const order = (texts: string[], ...wanted: RegExp[]) => wanted.map((way) => texts.findIndex((text) => way.test(text)));
  assert.deepEqual(order(await spoken(page), /words/, /digits/), [1, 2]);
  await page.speak("Cymraeg");
  assert.deepEqual(order(await spoken(page), /digidau/, /geiriau/), [1, 2]);
  await page.page.locator(".way-first").click();
  await page.page.locator(".others .button").first().waitFor();
  const ways = (await spoken(page)).filter((text) => /digidau|geiriau/.test(text));
  assert.deepEqual(order(ways, /digidau/, /geiriau/), [0, 1]);
});

test("words and digits are typed and shown from left to right in every language, and no translator touches them", async () => {
  const known = token();
  stage.service.reply = () => answer("unknown_code");
  for (const code of [await wordsOf(known), await digitsOf(known)]) {
    const page = await stage.visit("/", NARROW);
    await page.speak("اردو");
    assert.equal(await page.page.locator("html").getAttribute("dir"), "rtl");
    await page.page.locator(".way").nth(/[0-9]/.test(code) ? 1 : 2).click();
    const field = page.page.locator("#code");
    await field.fill(code);
    assert.equal(await field.evaluate((element) => getComputedStyle(element).direction), "ltr");
    const list = page.page.locator("ol.words");
    assert.equal(await list.getAttribute("translate"), "no");
    assert.equal(await page.overflows(), false);
    await page.page.locator("[type=submit]").click();
    await page.see("ہم یہ کوڈ نہیں جانتے");
  }
});

test("one's own number is typed as it was shown", async () => {
  stage.service.reply = () => answer("challenge_needed");
  const page = await stage.visit(fragmentOf(token({ challenge: 417092 })));
  await page.press("Check this code");
  await page.speak("اردو");
  const field = page.page.locator("#own-number");
  assert.equal(await field.evaluate((element) => getComputedStyle(element).direction), "ltr");
});

test("numbers read from left to right in a language that runs from right to left, and a date as the language does", async () => {
  const service = await FakeService.start(["ur"], "+44 1632 960123");
  try {
    // the phone's clock is a day behind, so the page shows a date
    service.reply = () => answer("withdrawn", { server_time: seconds() + 90000 });
    const page = await stage.visitElsewhere(service.url + fragmentOf(token()), [service.url], DESKTOP);
    await page.page.locator("main .button-main").click();
    await page.see("یہ کوڈ واپس لے لیا گیا ہے");
    const [plus, sixteen, last] = await placesOf(page, "main ol.steps bdi", ["[+]", "16", "96"]);
    assert.ok(plus! < sixteen! && sixteen! < last!);
    // a word, then the year
    const [month, year] = await placesOf(page, ".notes p", ["[^ ]{3,} [^ ]?20\\d\\d", "20\\d\\d"]);
    assert.ok(month! > year!);
  } finally {
    service.stop();
  }
});

/** How far from the left a text shows the first sign of each pattern. */
function placesOf(page: Visit, selector: string, patterns: readonly string[]): Promise<number[]> {
  return page.page.locator(selector).evaluate((element, wanted) => {
    const text = element.firstChild as Text;
    return wanted.map((pattern) => {
      const [range, at] = [document.createRange(), text.data.search(new RegExp(pattern))];
      // the mark that sets a value apart has no place
      range.setStart(text, at + (/[\u2066-\u2069]/.test(text.data.charAt(at)) ? 1 : 0));
      range.setEnd(text, range.startOffset + 1);
      return range.getBoundingClientRect().left;
    });
  }, patterns);
}
