import { SIZES, digitCount } from "../../shared/spoken.ts";
import type { App, Text } from "../app.ts";
import type { Interpretation } from "../interpret.ts";
import type { Way } from "../state.ts";

const FEWEST_WORDS = 5;

/** What is wrong with an input, and what to do about it, in one line. */
export function problemText(app: App, found: Exclude<Interpretation, { kind: "ticket" | "damaged" | "suggest" }>, way: Way): string {
  const { t } = app;
  switch (found.kind) {
    case "nothing":
      return t(`enter.nothing.${way}`);
    case "wrong_word":
    case "two_unheard":
      return t(`enter.${found.kind}`, { ordinal: ordinal(t, found.position) });
    case "wrong_count":
      return t(found.count < FEWEST_WORDS ? "enter.few_words" : "enter.many_words", { count: String(found.count) });
    case "wrong_digits":
      if (SIZES.some((size) => digitCount(size) === found.count)) return t("enter.wrong_digit");
      return t(found.count < digitCount(FEWEST_WORDS) ? "enter.few_digits" : "enter.many_digits", { count: String(found.count) });
    default:
      return t(`enter.${found.kind}`);
  }
}

/** "the third", of a position that counts from 0. */
export function ordinal(t: Text, position: number): string {
  return t(`ordinal.${(position + 1) as 1 | 2 | 3 | 4 | 5 | 6}`);
}
