import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { readProjectFile } from "../../web/test/files.ts";
import { wordList, wordsOfCode } from "../../web/shared/spoken.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// Somebody guesses at codes while an officer reads one out.

const stage = new ConsoleStage({ guesses: 4 });
const CHANGED = "The words have changed. Read out all six.";
const words = wordList(readProjectFile("src/token/words.txt").trim().split("\n"));

/** Five words that fit together and name nothing, each from an address of its own: one alone may not spend a budget. */
async function guess(code: number): Promise<void> {
  const body = JSON.stringify({ code: wordsOfCode(code, 5, words).join(" ") });
  const headers = { "Content-Type": "application/json", "Content-Length": body.length };
  const asked = request(stage.service.url + "/v1/verify", { method: "POST", headers, localAddress: `127.0.0.${10 + code}` });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(((await json(answer)) as { verdict: string }).verdict, "unknown_code");
}

async function checks(said: string): Promise<void> {
  const person = await stage.visit();
  await person.enter("words", said);
  await person.see("This code is genuine");
}

/** Whether all of an element is on the screen, over the controls at its foot. */
async function isSeen(seat: Seat, text: string): Promise<boolean> {
  const box = await seat.page.getByText(text).boundingBox();
  const foot = await seat.page.locator(".foot").boundingBox();
  return box !== null && foot !== null && box.y >= 0 && box.y + box.height <= foot.y;
}

test("the words on the screen become six at once, in every place that shows them, and five that were read out are good", async () => {
  const seat = await stage.officer();
  await seat.makeCode("By telephone");
  const five = await seat.words();
  assert.equal(five.split(" ").length, 5);
  await seat.page.locator(".word").nth(1).focus();
  await guess(1);
  await guess(2);
  await seat.read(CHANGED);
  const six = await seat.words();
  assert.equal(six.split(" ").length, 6);
  assert.equal(six.split(" ").slice(0, 4).join(" "), five.split(" ").slice(0, 4).join(" "));
  assert.equal(await seat.page.locator(".word").first().evaluate((word) => word === document.activeElement), true, "who uses keys continues there");
  assert.equal((await seat.page.locator(".digits .seen").innerText()).replace(/\D/g, "").length, 18);
  for (const [width, height] of [[360, 612], [390, 664], [1280, 800]] as const) {
    await seat.page.setViewportSize({ width, height });
    await seat.page.evaluate(() => window.scrollTo(0, 0));
    assert.deepEqual(await seat.covered("h1, .word"), [], `${width}x${height}`);
    assert.ok(await isSeen(seat, CHANGED), `${width}x${height}`);
    // who reads the last words has scrolled
    await seat.page.locator(".word").last().evaluate((word) => word.scrollIntoView({ block: "center" }));
    assert.ok(await isSeen(seat, CHANGED), `${width}x${height}, scrolled`);
  }
  await seat.press("Done");
  await seat.press("Show code");
  await seat.read("Not checked yet");
  assert.equal(await seat.words(), six);
  assert.equal(await seat.page.getByText(CHANGED).count(), 0, "nobody reads the others any more");
  await checks(five);
  await seat.read("Checked just now");
});

test("a new code has six words from then on, and one whose words are switched on", async () => {
  const seat = await stage.officer();
  await seat.makeCode("By telephone");
  assert.equal((await seat.words()).split(" ").length, 6);
  await seat.press("Done");
  await seat.makeCode("In person");
  await seat.press("Show words");
  await seat.page.locator(".word").first().waitFor();
  assert.equal((await seat.words()).split(" ").length, 6);
  assert.equal(await seat.page.getByText(CHANGED).count(), 0);
});

test("five wrong numbers are shown, and fewer are nobody's concern", async () => {
  const seat = await stage.officer();
  // a service that says how many wrong numbers came
  await seat.page.evaluate(`window.EventSource = class {
    readyState = 1;
    addEventListener(name, hear) {
      if (name !== "message") return;
      const status = { state: "live", first_checked_at: null, spoken_words: 6 };
      window.tell = (wrong_numbers) => hear({ data: JSON.stringify({ ...status, wrong_numbers }) });
      window.tell(4);
    }
    close() {}
  }`);
  await seat.makeCode("By telephone");
  await seat.page.evaluate("tell(5)");
  await seat.read("Somebody tried wrong numbers. Make a new code.");
});
