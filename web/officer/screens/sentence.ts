import { t } from "../words.ts";
import { tidy } from "./details.ts";
import { type Field, field } from "./fields.ts";

/** The longest purpose or reason, in characters. */
const LONGEST = 200;

let fields = 0;

/** A sentence that another person reads, in any script. */
export function reasonField(label: string, hint: string): Field<HTMLInputElement> {
  return field("sentence-" + String(++fields), label, hint, { dir: "auto", autocapitalize: "sentences" });
}

/** What is wrong with such a sentence, or null. */
export function wrongSentence({ input }: Field<HTMLInputElement>): string | null {
  return wrongText(input.value, LONGEST, t("field.no_sentence"));
}

/** What is wrong with a text that must be there, with a letter or digit in it, and no longer than so many characters. */
export function wrongText(typed: string, longest: number, none: string): string | null {
  const text = tidy(typed);
  if (!/[\p{L}\p{N}]/u.test(text)) return none;
  return Array.from(text).length > longest ? t("field.long", { most: String(longest) }) : null;
}
