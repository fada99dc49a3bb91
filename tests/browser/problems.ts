import type axe from "axe-core";
import type { Page } from "playwright-core";
import { axeSource } from "./tools.ts";

/** What axe-core finds on a page with all its rules, also those that it leaves off unless asked. */
export async function findProblems(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe: loaded } = window as unknown as { axe: typeof axe };
    const rules = Object.fromEntries(loaded.getRules().map((rule) => [rule.ruleId, { enabled: true }]));
    const { violations } = await loaded.run(document, { rules });
    return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`);
  });
}
