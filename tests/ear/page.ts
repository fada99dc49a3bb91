import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import cy from "../../web/shared/i18n/cy.json" with { type: "json" };
import en from "../../web/shared/i18n/en.json" with { type: "json" };
import { wordsOf } from "../browser/browser.ts";
import { FakeService, answer, seconds, token } from "../browser/service.ts";
import type { Window } from "./browsers.ts";
import { keys, type } from "./heard.ts";
import { READY_WITHIN_MS, WITHIN_MS, heard, isFirst, isHeardOnce, isShort, openPage, startsWith } from "./listening.ts";

// The page for the person approached. What is expected comes from the catalogue.

type Text = keyof { [K in keyof typeof en as (typeof en)[K] extends string ? K : never]: string };
const titled = (verdict: string): RegExp => startsWith(en[`verdict.${verdict}.title` as Text]);

export function pageScenes(window: Window): void {
  describe("the page", () => {
    let service: FakeService;
    before(async () => {
      service = await FakeService.start();
    });
    after(() => service.stop());

    verdictScene("genuine");
    wrongWordScene();
    if (isShort) return;
    for (const verdict of ["already_checked", "challenge_needed", "unknown_code", "withdrawn", "not_genuine"]) verdictScene(verdict);
    wrongFieldScene();
    shiftScene();
    numberScene();
    welshScene();

    function verdictScene(verdict: string): void {
      test(`the answer is the first thing heard: ${verdict}`, async () => {
        const made = token();
        service.reply = () => answer(verdict, { token: made.toString("base64url"), first_checked_at: seconds() - 250 });
        await enter(service, window, await wordsOf(made));
        await keys("Return");
        // the wait for the answer is a screen of its own where the answer takes longer
        await isFirst(titled(verdict), WITHIN_MS, (text) => text === en["checking.wait"] || text.startsWith(en["checking.title"]));
      });
    }

    function wrongWordScene(): void {
      test("a wrong word is heard before anything is pressed", async () => {
        await enter(service, window, "");
        const warning = en["enter.wrong_word"].split("{ordinal}")[0] ?? "";
        await type("legroom mansion xqzz customer talisman");
        await heard.until(startsWith(warning), WITHIN_MS);
      });
    }

    function wrongFieldScene(): void {
      test("what is wrong in a field is heard once at each press, in the field and at the button", async () => {
        await enter(service, window, "");
        await type("legroom mansion ");
        const few = en["enter.few_words"].replace("{count}", "2");
        for (const press of [() => keys("Return"), () => keys("Return"), () => window.press(en["enter.submit"])]) {
          await heard.listen();
          await press();
          await isHeardOnce(few, WITHIN_MS);
        }
      });
    }

    function shiftScene(): void {
      test("three times the heading before stays on the page", async () => {
        await openPage(window, service.url, en["start.title"]);
        await heard.listen();
        await keys("h", "h", "h", "h");
        await keys("shift+h", "shift+h", "shift+h");
        await heard.until(/heading/, WITHIN_MS);
        await heard.silence();
        assert.equal(await window.address(), service.url + "/");
        assert.ok(!heard.report().includes(en["page.shift_2"].split(".")[1] ?? ""), "the letter was part of it: " + heard.report());
      });
    }

    function numberScene(): void {
      test("the person's number is heard digit by digit", async () => {
        await openPage(window, service.url, en["start.title"]);
        await heard.listen();
        const number = await window.text(".number-value");
        const spelled = number.split(" ").map((group) => group.split("").join(" ")).join(", ");
        for (let heading = 0; heading < 6 && !heard.report().includes(en["number.title"]); heading++) {
          await keys("h");
          await heard.silence();
        }
        await keys("Down");
        await heard.until(new RegExp(spelled), WITHIN_MS);
        assert.ok(!heard.report().includes(number), heard.report());
      });
    }

    function welshScene(): void {
      test("on a Welsh page English words are English to Orca", async () => {
        await openPage(window, service.url, en["start.title"]);
        await window.press("Cymraeg");
        await heard.until(startsWith(cy["start.title"]), READY_WITHIN_MS);
        await window.press(cy["start.words"]);
        await heard.until(startsWith(cy["enter.words.title"] + " panel"), READY_WITHIN_MS);
        await keys("Tab");
        await heard.until(startsWith(cy["enter.words.title"] + " entry"), READY_WITHIN_MS);
        await type("legroom dimg");
        await heard.silence();
        await keys("Tab");
        await heard.until(/dingo/, WITHIN_MS);
        await heard.silence();
        assert.equal(await heard.languageOf(cy["enter.words.title"]), "cy");
        assert.equal(await heard.languageOf("dingo"), "en");
      });
    }
  });
}

/** Opens the page, goes to the field for words with the pointer, and has a text in it. */
async function enter(service: FakeService, window: Window, code: string): Promise<void> {
  await openPage(window, service.url, en["start.title"]);
  await window.press(en["start.words"]);
  await heard.until(startsWith(en["enter.words.title"] + " panel"), READY_WITHIN_MS);
  await keys("Tab");
  await heard.until(startsWith(en["enter.words.title"] + " entry"), READY_WITHIN_MS);
  await heard.listen();
  if (code === "") return;
  await window.fill(code);
  await heard.until(startsWith(en["follow.fits_five"].split(".")[0] ?? ""), READY_WITHIN_MS);
  await heard.listen();
}
