import { type Translate, translator } from "../shared/i18n.ts";
import en from "./i18n/en.json";
import type { Problem } from "./result.ts";

export type Words = Translate<keyof typeof en>;

/** Says things in the words of the catalogue. */
export const t: Words = translator(en, {}, { tag: "en", direction: "ltr" });

/** What became of an attempt, in words; a kind without words of its own is shown in the service's. */
export function problemText({ kind, detail }: Problem): string {
  const key = "problem." + kind;
  const known = key in en ? t(key as keyof typeof en, { detail: sentence(detail) }) : sentence(detail);
  return known.trim() || t("problem.unreadable");
}

/** The service writes its reasons without a capital and a full stop. */
function sentence(detail: string): string {
  if (detail === "") return "";
  return detail.charAt(0).toUpperCase() + detail.slice(1) + (/[.!?]$/.test(detail) ? "" : ".");
}
