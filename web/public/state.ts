import type { Bytes } from "../shared/bytes.ts";
import type { Key } from "./app.ts";
import type { Judged, Unconfirmed } from "./check.ts";

/** How a code is entered by hand. */
export type Way = "words" | "digits" | "paste";

/** All screens of the page, each with just what it needs. */
export type Screen =
  | Start
  | { readonly at: "scan" }
  | { readonly at: "enter"; readonly way: Way; readonly typed: string }
  | Suggestion
  | { readonly at: "not_loaded"; readonly wanted: Screen }
  | { readonly at: "opened"; readonly bytes: Bytes }
  | { readonly at: "checking" }
  | { readonly at: "held" }
  | { readonly at: "verdict"; readonly outcome: Judged; readonly typed: string }
  | { readonly at: "unconfirmed"; readonly outcome: Unconfirmed }
  | { readonly at: "match"; readonly outcome: Judged }
  | Stop;

/** Where a check begins. */
export interface Start {
  readonly at: "start";
  /** An answer led here for a new number. */
  readonly isNew?: boolean;
}

/** Hang up or close the door, and ring us. */
export interface Stop {
  readonly at: "stop";
  /** Sentences on what led here. */
  readonly why: readonly Key[];
  /** What was to be shown otherwise. */
  readonly instead: Screen | null;
}

/** "Did you mean ...?" */
export interface Suggestion {
  readonly at: "suggest";
  readonly way: Way;
  readonly typed: string;
  readonly words: readonly string[];
  readonly changed: readonly number[];
}
