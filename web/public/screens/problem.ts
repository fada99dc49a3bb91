import type { App, Text } from "../app.ts";
import type { Interpretation } from "../interpret.ts";

/** What is wrong with an input, and what to do about it, in one line. */
export function problemText(app: App, found: Exclude<Interpretation, { kind: "ticket" | "damaged" | "suggest" }>): string {
  const { t } = app;
  if ("position" in found) return t(`enter.${found.kind}`, { ordinal: ordinal(t, found.position) });
  return t(`enter.${found.kind}`, "count" in found ? { count: String(found.count) } : {});
}

/** "the third", of a position that counts from 0. */
export function ordinal(t: Text, position: number): string {
  return t(`ordinal.${(position + 1) as 1 | 2 | 3 | 4 | 5 | 6}`);
}
