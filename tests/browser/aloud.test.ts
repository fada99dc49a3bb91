import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, type Visit, fragmentOf } from "./browser.ts";
import { token } from "./service.ts";
import { Stage } from "./stage.ts";

// Reading aloud, by a stand-in for the voices: a machine that tests may have none.

const stage = new Stage();

interface Said {
  readonly text: string;
  readonly lang: string;
  readonly local: boolean;
}

/** Voices as a phone has them; they come only once a test says so. */
const STAND_IN = `
  window.said = [];
  window.voices = [];
  window.stopped = 0;
  window.queue = [];
  class Utterance { constructor(text) { this.text = text; } }
  const synthesis = {
    onvoiceschanged: null,
    getVoices: () => window.voices,
    speak(one) { window.queue.push(one); window.said.push({ text: one.text, lang: one.lang, local: one.voice.localService }); },
    cancel() { window.stopped++; window.queue = []; },
  };
  Object.defineProperty(window, "speechSynthesis", { value: synthesis });
  Object.defineProperty(window, "SpeechSynthesisUtterance", { value: Utterance });
  window.voicesCome = (...voices) => {
    window.voices = voices.map(([lang, localService]) => ({ lang, localService }));
    synthesis.onvoiceschanged?.();
  };
`;

interface Spoken {
  readonly said: Said[];
  readonly stopped: number;
  readonly queue: { onend?: () => void }[];
  voicesCome(...voices: [string, boolean][]): void;
}

const said = (page: Visit) => page.page.evaluate(() => (window as unknown as Spoken).said.splice(0));
const stops = (page: Visit) => page.page.evaluate(() => (window as unknown as Spoken).stopped);
const come = (page: Visit, ...voices: [string, boolean][]) =>
  page.page.evaluate((all) => (window as unknown as Spoken).voicesCome(...all), voices);
const read = (page: Visit) => page.page.locator(".aloud");

test("a screen is read by a voice of the phone alone, digit by digit, and stops where it is left", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "Anna" })), { ...PHONE, locale: "en-GB" }, STAND_IN);
  await page.see("Not checked yet");
  assert.equal(await read(page).isVisible(), false, "no voice is there");
  await come(page, ["en-US", false], ["fr-FR", true]);
  assert.equal(await read(page).isVisible(), false, "none of the phone's own for the language");
  await come(page, ["en-US", false], ["cy", true], ["en-AU", true], ["en_GB", true]);
  await page.press("Read this to me");
  const first = await said(page);
  assert.ok(first.length > 1 && first.every(({ lang, local }) => lang === "en_GB" && local), JSON.stringify(first));
  assert.equal(first[0]?.text, "Not checked yet");

  await page.press("Stop reading");
  assert.equal(await stops(page), 1);
  await page.press("Read this to me");
  await page.page.evaluate(() => (window as unknown as Spoken).queue.slice(-1)[0]?.onend?.());
  await page.page.getByRole("button", { name: "Read this to me" }).waitFor();
  await page.press("Read this to me");
  const before = await stops(page);
  await page.press("Check this code");
  await page.see("This code is genuine");
  assert.equal(await stops(page), before + 1, "what is left is not read any more");
  await said(page);
  await page.press("Read this to me");
  const answer = (await said(page)).map(({ text }) => text);
  assert.equal(answer[0], "This code is genuine");
  assert.ok(answer.some((text) => text.endsWith("by Anna")), answer.join("|"));
  assert.equal(new Set(answer).size, answer.length, "nothing is read twice");

  await page.page.locator("a.exit").click();
  await page.page.waitForURL("https://elsewhere.example/");
});

test("one's own number is read digit by digit, and a language by its own voice", async () => {
  const page = await stage.visit("/", PHONE, STAND_IN);
  await come(page, ["en-GB", true], ["cy-GB", true]);
  await page.press("Read this to me");
  const texts = (await said(page)).map(({ text }) => text);
  assert.ok(texts.some((text) => /^(\d )(\d )\d, (\d )(\d )\d$/.test(text)), texts.join("|"));
  await page.speak("Cymraeg");
  await page.press("Darllenwch hwn i mi");
  assert.ok((await said(page)).every(({ lang }) => lang === "cy-GB"));

  await page.page.locator(".way").nth(2).click();
  await page.page.locator("#code").fill("legroom mansion dimgo customer talisman");
  await page.page.locator("[type=submit]").click();
  await page.page.locator(".screen-suggest").waitFor();
  await page.press("Darllenwch hwn i mi");
  const words = (await said(page)).filter(({ lang }) => lang === "en-GB").map(({ text }) => text);
  assert.deepEqual(words, ["dingo", "legroom", "mansion", "dingo", "customer", "talisman"]);

  await page.press("Na, gadewch i mi eu newid");
  await page.page.locator(".screen-enter").waitFor();
  await page.speak("English");
  await page.press("Go back");
  await page.page.locator(".way-stop").click();
  await page.see("Stop");
  await page.press("Read this to me");
  const stop = (await said(page)).map(({ text }) => text);
  for (const line of ["Ring us on 0 3 0 0, 5 5 5, 0 1 4 3.", "In danger? Ring 9 9 9."]) assert.ok(stop.includes(line), stop.join("|"));
  await page.speak("اردو");
  assert.equal(await read(page).isVisible(), false);
});
