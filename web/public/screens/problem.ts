import type { App, Text } from "../app.ts";
import type { Interpretation } from "../interpret.ts";

/** What is wrong with an input, and what to do about it, in one line. */
export function problemText(app: App, found: Exclude<Interpretation, { kind: "ticket" | "damaged" | "suggest" }>): string {
  const { t } = app;
  switch (found.kind) {
    case "nothing":
      return t("enter.empty");
    case "no_code":
      return t("enter.wrong_text");
    case "wrong_word":
      return t("enter.wrong_word", { ordinal: ordinal(t, found.position) });
    case "two_unheard":
      return t("enter.two_unheard", { ordinal: ordinal(t, found.position) });
    case "wrong_count":
      return t("enter.wrong_count", { count: String(found.count) });
    case "wrong_check":
      return t("enter.wrong_check");
    case "wrong_digits":
      return t("enter.wrong_digits");
  }
}

/** "the third", of a position that counts from 0. */
export function ordinal(t: Text, position: number): string {
  return t(`ordinal.${(position + 1) as 1 | 2 | 3 | 4 | 5 | 6}`);
}
