import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { seconds } from "../service.ts";
import type { Seat } from "./seat.ts";

/** Has the person who is signed in send all of these, each when the one before is answered. Gives the ids. */
export async function send(seat: Seat, all: readonly (readonly [path: string, body: object])[]): Promise<readonly string[]> {
  const answers = await seat.page.evaluate(async (wanted) => {
    const found: { readonly id: string; readonly status: number }[] = [];
    for (const [path, body] of wanted) {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      found.push({ id: ((await answer.json()) as { readonly id: string }).id, status: answer.status });
    }
    return found;
  }, all);
  for (const { status } of answers) assert.ok(status < 300, String(status));
  return answers.map(({ id }) => id);
}

export const wish = (reference: string, minutes = 60, more: object = {}): readonly [string, object] => [
  "/v1/authorisations",
  { reference, purpose: "Return a lost bag", channels: ["telephone", "in-person"], until: seconds() + 60 * minutes, max_tokens: 20, ...more },
];
export const approval = (id: string): readonly [string, object] => [`/v1/authorisations/${id}/approve`, {}];

export const card = (seat: Seat, text: string): Locator => seat.page.locator("li.card", { hasText: text });
export const titles = (seat: Seat): Promise<string[]> => seat.page.locator("li.card h3").allInnerTexts();
