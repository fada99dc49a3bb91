import assert from "node:assert/strict";
import { test } from "node:test";
import cy from "../../web/shared/i18n/cy.json" with { type: "json" };
import en from "../../web/shared/i18n/en.json" with { type: "json" };
import ur from "../../web/shared/i18n/ur.json" with { type: "json" };
import { Visit } from "./browser.ts";
import { findNarrowProblems, findProblemsOfLooks } from "./problems.ts";
import { RealStage } from "./stage.ts";

// The plain pages of the real service, in every look and language. They allow no script; the driver runs axe-core all the same.

const stage = new RealStage({ languages: ["en", "cy", "ur"] });

/** What is typed, and what the page then says. */
type Screen = readonly [name: string, says: keyof typeof en, typed?: () => { readonly code: string; readonly number?: string; readonly twice?: true }];

const words = "legroom mansion dingo customer talisman";
const issue = (): string => stage.service.issue("--channel", "in-person", "--name", "W".repeat(24), "--place", "W".repeat(32)).token;

const screens: readonly Screen[] = [
  ["the form", "check.code.label"],
  ["the form, nothing typed", "check.empty", () => ({ code: " " })],
  ["the form, a number of two digits", "check.challenge.wrong", () => ({ code: words, number: "12" })],
  ["mistyped", "verdict.mistyped.title", () => ({ code: words.replace("dingo", "dimgo") })],
  ["genuine", "verdict.genuine.title", () => ({ code: issue() })],
  ["needs a number", "number.type.label", () => ({ code: stage.service.issue("--channel", "in-person", "--challenge", "417092").token })],
  ["stop after two tries", "stop.title", () => ({ code: words.replace("dingo", "dimgo"), twice: true })],
  ["not genuine", "verdict.not_genuine.title", () => ({ code: issue().slice(0, 90) })],
];

for (const [name, says, typed] of screens) {
  test(`no accessibility problem on the plain page: ${name}`, async () => {
    const found: string[] = [];
    for (const [language, texts] of Object.entries({ en, cy, ur })) {
      const visit = await Visit.open(stage.browser, `${stage.service.url}/check?lang=${language}`);
      if (typed !== undefined) {
        const { code, number = "", twice } = typed();
        const send = async () => {
          await visit.page.locator("#code").fill(code);
          await visit.page.locator("#challenge").fill(number);
          await visit.page.locator(".enter [type=submit]").click();
        };
        await send();
        if (twice) {
          await visit.page.locator(".panel").waitFor();
          await send();
        }
      }
      await visit.page.getByText(String(texts[says]), { exact: true }).waitFor();
      const frame = visit.page.mainFrame();
      found.push(...(await (language === "en" ? findProblemsOfLooks(frame) : findNarrowProblems(frame, language))));
      await visit.close();
    }
    assert.deepEqual(found, []);
  });
}
