import type { RealService, Role } from "../harness.ts";
import type { EnginePage } from "./engine.ts";

// What the console's flows have in common.

/** What is done at the console, with a page of its own. */
export type ConsoleFlow = (open: (link: string) => Promise<EnginePage>, service: RealService) => Promise<void>;

/** Somebody new makes a passkey with their link, and signs in with it. */
export async function enter(open: (link: string) => Promise<EnginePage>, service: RealService, callsign: string, role: Role): Promise<EnginePage> {
  const page = await open(service.enrol(callsign, role));
  await page.bringDevice();
  await page.press("Make a passkey");
  await page.see("This device is ready");
  await page.press("Sign in");
  await page.waitFor(says("Sign out"));
  return page;
}

/** What says exactly this, or has it in a longer sentence. */
export function says(text: string, how: "exactly" | "within" = "exactly"): string {
  return `//*[text()[${how === "exactly" ? `normalize-space()="${text}"` : `contains(.,"${text}")`}]]`;
}

/** The card with this title. */
export function card(title: string): string {
  return `//li[contains(@class,"card")][.//h3[normalize-space()="${title}"]]`;
}

/** Waits until the screen stands still, as somebody does who reads what it says. */
export function stand(page: EnginePage): Promise<void> {
  return page.waitFor(`//html[not(contains(@class,"is-moving"))]/body`);
}

/** Where a card stands, whatever is in sight. */
export function placeOf(page: EnginePage, title: string): Promise<string> {
  return page.evaluate((wanted) => {
    const found = Array.from(document.querySelectorAll("li.card")).find((it) => it.querySelector("h3")?.textContent === wanted);
    const { top = NaN, height = NaN } = found?.getBoundingClientRect() ?? {};
    return [top + window.scrollY, height].map(Math.round).join(" ");
  }, title);
}

/** The titles of a list's cards, from the top. */
export function titles(page: EnginePage, kind: "people" | "authorisations"): Promise<string[]> {
  return page.evaluate((search) => Array.from(document.querySelectorAll(`section:has(${search}) li.card h3`), (it) => it.textContent ?? ""), `#${kind}-search`);
}

/** Chooses from a list. */
export function choose(page: EnginePage, selector: string, value: string): Promise<void> {
  return page.evaluate(
    ([where = "", what = ""]) => {
      const found = document.querySelector<HTMLSelectElement>(where);
      if (found === null) throw new Error(`no ${where}`);
      found.value = what;
      found.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [selector, value],
  );
}

/** The page is hidden by the device, or shown again. */
export function away(page: EnginePage, hidden: boolean): Promise<void> {
  return page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}
