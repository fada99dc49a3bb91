import { type SpokenReading, readSpoken, understood } from "./forgive.ts";
import { nearWords } from "./near.ts";
import { SIZES, type WordList, codeOfDigits, digitCount } from "./spoken.ts";
import { type Typed, UNHEARD, digitsIn, indexOfTyped } from "./typed.ts";

/** One word of the code, as far as it was typed: "begun" has too few letters yet, "wrong" is none of ours. */
export interface Place {
  readonly kind: "empty" | "begun" | "word" | "unheard" | "wrong";
  readonly text: string;
}

/** Words that may be put in, and the text that then stands in the field. */
export interface Offer {
  readonly words: string;
  readonly input: string;
}

/** What is understood of words while they are typed. Nothing is put in unless the person asks for it. */
export interface FollowedWords {
  readonly places: readonly Place[];
  /** The place that needs the person now, and the text that says its word was not heard. */
  readonly present: { readonly position: number; readonly unheard: string } | null;
  readonly offers: readonly Offer[];
  /** What it all comes to, as soon as that can be said. */
  readonly reading: SpokenReading | null;
  /** These may be the first five of six words. */
  readonly mayGoOn: boolean;
}

/** What is understood of digits: how many are still to come, and then what they come to. */
export interface FollowedDigits {
  readonly missing: number;
  readonly reading: SpokenReading | null;
}

/** How many words a code has at least and at most. */
const FEWEST = 5;
const MOST = 6;

/** A link or a token has signs that no words have, or more of them without a space than six words run together. */
const NO_WORDS = /[/@]|#\d\d|\S{56}/;

/** Follows words; null where the text is no list of words at all, such as a link. */
export function followWords(input: string, list: WordList): FollowedWords | null {
  if (NO_WORDS.test(input)) return null;
  const typed = understood(input, list);
  const places = typed.map((piece) => placeOf(piece, input, list));
  const read = readingOf(input, places, list);
  // five words that do not fit are as likely the first five of six: nothing is wrong yet, and the sixth is waited for
  const unfinished = typed.length === FEWEST && read !== null && read.kind === "wrong_check";
  const reading = unfinished ? null : read;
  const size = typed.length > FEWEST || unfinished ? MOST : FEWEST;
  while (places.length < size) places.push({ kind: "empty", text: "" });
  // which of too many words is one too many, only the person can tell
  if (places.length > size) return { places, present: null, offers: [], reading, mayGoOn: false };
  const put: Put = (words, position) => ({ words, input: putIn(input, typed[position], words) });
  const position = first("wrong", places) ?? first("begun", places) ?? first("empty", places);
  return {
    places,
    present: position === null ? null : { position, unheard: put(UNHEARD, position).input },
    offers: corrections(reading, put) || nearby(places, list, put) || completion(input, typed, places, put),
    reading,
    mayGoOn: unfinished || (typed.length === FEWEST && reading !== null && reading.kind === "code"),
  };
}

/** Follows digits, in any script and any groups. */
export function followDigits(input: string): FollowedDigits {
  const digits = digitsIn(input) || "";
  const code = codeOfDigits(digits);
  // fifteen digits that do not fit may be the first fifteen of eighteen
  const [next] = SIZES.map(digitCount).filter((count) => count > digits.length || (count === digits.length && code !== null));
  const missing = code === null && next !== undefined ? next - digits.length : 0;
  if (missing > 0) return { missing, reading: null };
  return { missing: 0, reading: code === null ? { kind: "wrong_digits", count: digits.length } : { kind: "code", code } };
}

type Put = (words: string, position: number) => Offer;

function placeOf({ typed, end }: Typed, input: string, list: WordList): Place {
  if (typed === UNHEARD) return { kind: "unheard", text: typed };
  const index = indexOfTyped(typed, list);
  if (index !== null) return { kind: "word", text: list.words[index] || "" };
  // the word that the text ends with may still grow
  return { kind: end === input.length && typed.length < 4 ? "begun" : "wrong", text: typed };
}

function readingOf(input: string, places: readonly Place[], list: WordList): SpokenReading | null {
  const finished = places.length >= FEWEST && first("begun", places) === null;
  if (finished || places.length > MOST) return readSpoken(input, list);
  const unheard = places.map((place) => place.kind).lastIndexOf("unheard");
  if (unheard !== first("unheard", places) && unheard >= 0) return { kind: "two_unheard", position: unheard };
  const wrong = first("wrong", places);
  return wrong === null ? null : { kind: "wrong_word", position: wrong };
}

/** The one correction with which all words fit together. */
function corrections(reading: SpokenReading | null, put: Put): Offer[] | null {
  if (reading === null || reading.kind !== "suggest") return null;
  const { words, changed } = reading;
  const [only] = changed;
  if (changed.length === 1 && only !== undefined) return [put(words[only] || "", only)];
  return [{ words: words.join(" "), input: words.join(" ") + " " }];
}

/** The words near to the first wrong one. */
function nearby(places: readonly Place[], list: WordList, put: Put): Offer[] | null {
  const wrong = first("wrong", places);
  return wrong === null ? null : nearWords(places[wrong]?.text || "", list).map((word) => put(word, wrong));
}

/** The rest of the word that the text ends with. */
function completion(input: string, typed: readonly Typed[], places: readonly Place[], put: Put): Offer[] {
  const last = typed.length - 1;
  const [piece, place] = [typed[last], places[last]];
  if (!piece || !place || piece.end !== input.length || place.kind !== "word" || place.text === piece.typed) return [];
  return [put(place.text, last)];
}

function first(kind: Place["kind"], places: readonly Place[]): number | null {
  const found = places.map((place) => place.kind).indexOf(kind);
  return found < 0 ? null : found;
}

/** Puts a word in the place of another, or behind all; the next word can follow at once. */
function putIn(input: string, old: Typed | undefined, word: string): string {
  if (old === undefined) return input + (/[^\s]$/.test(input) ? " " : "") + word + " ";
  const rest = input.slice(old.end);
  return input.slice(0, old.start) + word + (rest === "" ? " " : rest);
}
