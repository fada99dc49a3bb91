import { type SpokenReading, readSpoken } from "../shared/forgive.ts";
import { faultOfLink, findToken } from "../shared/link.ts";
import { type SpokenCode, type WordList, wordsOfCode } from "../shared/spoken.ts";
import type { Ticket } from "./check.ts";

/** What an input comes to, whichever screen it was typed on. */
export type Interpretation =
  | { readonly kind: "ticket"; readonly ticket: Ticket }
  | { readonly kind: "damaged" }
  | { readonly kind: "nothing" }
  | { readonly kind: "several" | "link_changed" | "link_foreign" | "link_empty" }
  | Exclude<SpokenReading, { readonly kind: "code" }>;

/** Finds a token or a spoken code in what was typed or pasted. `own` are the addresses that lead to us. */
export function interpret(input: string, list: WordList, own: readonly string[]): Interpretation {
  if (/^\s*$/.test(input)) return { kind: "nothing" };
  const token = findToken(input);
  if (token.kind === "bytes") return { kind: "ticket", ticket: { kind: "token", bytes: token.bytes } };
  if (token.kind === "not_genuine") return { kind: "damaged" };
  if (token.kind === "several") return { kind: "several" };
  const spoken = readSpoken(input, list);
  if (spoken.kind === "code") return { kind: "ticket", ticket: ticketOf(spoken.code, list) };
  const fault = faultOfLink(input, own);
  return fault === null ? spoken : { kind: fault };
}

/** What is to be checked where a code was spoken. */
export function ticketOf(code: SpokenCode, list: WordList): Ticket {
  return { kind: "code", code, words: wordsOfCode(code.value, code.size, list).join(" ") };
}
