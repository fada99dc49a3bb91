import type axe from "axe-core";
import type { Frame } from "playwright-core";
import { DESKTOP, NARROW } from "./browser.ts";
import { axeSource } from "./tools.ts";

const WIDTHS = [["320 px", NARROW.viewport], ["desktop", DESKTOP.viewport]] as const;
const LOOKS = [
  ["light", { colorScheme: "light", forcedColors: "none" }, "100%"],
  ["dark", { colorScheme: "dark", forcedColors: "none" }, "100%"],
  ["forced colours", { colorScheme: "light", forcedColors: "active" }, "100%"],
  ["200% text", { colorScheme: "light", forcedColors: "none" }, "200%"],
] as const;
const LANGUAGES = ["Cymraeg", "اردو"];

/** What is wrong with a screen: in every look, and in other languages by its menu. It ends in English. */
export async function findProblems(frame: Frame, shown = async (): Promise<unknown> => null): Promise<string[]> {
  const found = await findProblemsOfLooks(frame);
  for (const language of LANGUAGES) {
    await chooseLanguage(frame, language);
    await shown();
    found.push(...(await findNarrowProblems(frame, language)));
  }
  await chooseLanguage(frame, "English");
  return found;
}

/**
 * What is wrong with a screen at both widths, in every look. The screen is looked at again, not visited again; `ready` brings it
 * into view each time.
 */
export async function findProblemsOfLooks(frame: Frame, ready = async (): Promise<unknown> => null): Promise<string[]> {
  const [page, found] = [frame.page(), [] as string[]];
  for (const [width, size] of WIDTHS) {
    await page.setViewportSize(size);
    for (const [look, media, text] of LOOKS) {
      await page.emulateMedia(media);
      await setTextSize(frame, text);
      await ready();
      found.push(...(await findProblemsNow(frame)).map((problem) => `${width}, ${look}: ${problem}`));
    }
  }
  await setTextSize(frame, "100%");
  return found;
}

/** What is wrong with a screen at 320 px in a language. */
export async function findNarrowProblems(frame: Frame, language: string): Promise<string[]> {
  await frame.page().setViewportSize(NARROW.viewport);
  return (await findProblemsNow(frame)).map((problem) => `${language}: ${problem}`);
}

/** Chooses a language, and unfolds what the new drawing folded. */
async function chooseLanguage(frame: Frame, name: string): Promise<void> {
  const parts = frame.locator("details");
  const open = await parts.evaluateAll((found) => found.map((part) => (part as HTMLDetailsElement).open));
  const choice = frame.getByRole("button", { name, exact: true });
  await choice.click();
  await choice.waitFor({ state: "detached" });
  await parts.evaluateAll((found, states) => found.forEach((part, i) => ((part as HTMLDetailsElement).open = states[i] === true)), open);
}

/** What axe-core finds with all its rules, also those that it leaves off unless asked; whether the screen fits; and whether an alert is put in full. */
async function findProblemsNow(frame: Frame): Promise<string[]> {
  if (!(await frame.evaluate(() => "axe" in window))) await frame.evaluate(axeSource);
  return frame.evaluate(async () => {
    const { axe: loaded } = window as unknown as { axe: typeof axe };
    const rules = Object.fromEntries(loaded.getRules().map((rule) => [rule.ruleId, { enabled: true }]));
    const { violations } = await loaded.run(document, { rules });
    const fits = document.documentElement.scrollWidth <= window.innerWidth;
    const found = violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`);
    if (!fits) found.push("wider than its window");
    // Firefox says nothing of an alert that is filled later
    if (document.querySelector("[role=alert]:empty") !== null) found.push("an alert that waits for its text");
    return found;
  });
}

async function setTextSize(frame: Frame, size: string): Promise<void> {
  await frame.evaluate((wanted) => (document.documentElement.style.fontSize = wanted), size);
}
