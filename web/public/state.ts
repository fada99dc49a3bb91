import type { Bytes } from "../shared/bytes.ts";
import type { Judged, Unconfirmed } from "./check.ts";

/** How a code is entered by hand. */
export type Way = "words" | "digits" | "paste";

/** All screens of the page, each with just what it needs. */
export type Screen =
  | { readonly at: "start" }
  | { readonly at: "scan" }
  | { readonly at: "enter"; readonly way: Way; readonly typed: string }
  | Suggestion
  | { readonly at: "opened"; readonly bytes: Bytes }
  | { readonly at: "checking" }
  | { readonly at: "held" }
  | { readonly at: "verdict"; readonly outcome: Judged; readonly typed: string }
  | { readonly at: "unconfirmed"; readonly outcome: Unconfirmed }
  | { readonly at: "match"; readonly outcome: Judged; readonly matches: boolean };

/** "Did you mean ...?" */
export interface Suggestion {
  readonly at: "suggest";
  readonly way: Way;
  readonly typed: string;
  readonly words: readonly string[];
  readonly changed: readonly number[];
}
