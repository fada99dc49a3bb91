import { distance } from "./near.ts";
import { SIZES, type SpokenCode, type WordList, codeOfDigits, codeOfIndexes, codeOfWords, solveIndex } from "./spoken.ts";

/** What a person's words or digits come to. Nothing is corrected silently: a correction is a question. */
export type SpokenReading =
  | { readonly kind: "code"; readonly code: SpokenCode }
  /** One reading would fit: ask "did you mean", with the positions that differ from what was typed. */
  | { readonly kind: "suggest"; readonly words: readonly string[]; readonly changed: readonly number[] }
  /** This word is none of ours, and we cannot tell which was meant. */
  | { readonly kind: "wrong_word"; readonly position: number }
  /** The check word supplies one word that was not heard, not two. */
  | { readonly kind: "two_unheard"; readonly position: number }
  | { readonly kind: "wrong_count"; readonly count: number }
  | { readonly kind: "wrong_check" }
  | { readonly kind: "wrong_digits" };

/** Stands for a word that was not heard. */
export const UNHEARD = "?";

/** What stands between two separators, in small letters, and where it ends in the text. */
export interface Typed {
  readonly typed: string;
  readonly start: number;
  readonly end: number;
}

/** One typed word: known, or unknown with the word it resembles. */
interface Piece {
  readonly typed: string;
  readonly index: number | null;
  readonly near: number | null;
}

/** The words are at least three letters apart; a word heard as another is seldom further. */
const HEARD_ALIKE = 3;

/** Reads words or digits as people type them: any case, spaces, hyphens, commas, first letters, one slip. */
export function readSpoken(input: string, list: WordList): SpokenReading {
  const digits = input.replace(/[\s.,-]+/g, "");
  if (/^[0-9]+$/.test(digits)) {
    const code = codeOfDigits(digits);
    return code === null ? { kind: "wrong_digits" } : { kind: "code", code };
  }
  const pieces = typedIn(input);
  if (!SIZES.some((size) => size === pieces.length)) return { kind: "wrong_count", count: pieces.length };
  return judge(pieces.map(({ typed }) => readPiece(typed, list)), list);
}

/** The words of an input, between its spaces, hyphens and commas. */
export function typedIn(input: string): Typed[] {
  const found: Typed[] = [];
  input.replace(/[^\s.,;\u2010-\u2015-]+/g, (text: string, start: number) => {
    found.push({ typed: text.toLowerCase(), start, end: start + text.length });
    return "";
  });
  return found;
}

/** The number of the word that a whole word, or a beginning of at least four letters, stands for. */
export function indexOfTyped(typed: string, list: WordList): number | null {
  const index = list.byPrefix.get(typed.slice(0, 4));
  return index !== undefined && (list.words[index] || "").indexOf(typed) === 0 ? index : null;
}

function judge(pieces: readonly Piece[], list: WordList): SpokenReading {
  const indexes = pieces.map((piece) => piece.index ?? piece.near ?? 0);
  const unknown = positions(pieces, (piece) => piece.index === null);
  if (unknown.length === 0) {
    const code = codeOfWords(indexes);
    if (code !== null) return { kind: "code", code };
    const repaired = repair(pieces, indexes, list);
    return repaired === null ? { kind: "wrong_check" } : suggest(pieces, repaired, list);
  }
  const unheard = positions(pieces, (piece) => piece.typed === UNHEARD);
  if (unheard[1] !== undefined) return { kind: "two_unheard", position: unheard[1] };
  const guessless = positions(pieces, (piece) => piece.index === null && piece.near === null);
  if (guessless.length === 0 && codeOfIndexes(indexes) !== null) return suggest(pieces, indexes, list);
  const position = unknown.filter((i) => i !== unheard[0])[0] ?? unknown[0] ?? 0;
  if (unknown.length > 1) return { kind: "wrong_word", position };
  const solved = indexes.slice();
  solved[position] = solveIndex(indexes, position);
  return suggest(pieces, solved, list);
}

function suggest(pieces: readonly Piece[], indexes: readonly number[], list: WordList): SpokenReading {
  const words = indexes.map((index) => list.words[index] || "");
  return { kind: "suggest", words, changed: positions(pieces, (piece, i) => piece.index !== indexes[i]) };
}

/** All words are ours but do not fit together: two swapped, or one heard as another that sounds like it. */
function repair(pieces: readonly Piece[], indexes: readonly number[], list: WordList): number[] | null {
  const swaps: number[][] = [];
  const heard: number[][] = [];
  indexes.forEach((index, i) => {
    indexes.forEach((other, j) => {
      if (j <= i) return;
      const swapped = indexes.slice();
      swapped[i] = other;
      swapped[j] = index;
      if (codeOfIndexes(swapped) !== null) swaps.push(swapped);
    });
    const solved = solveIndex(indexes, i);
    const word = list.words[solved] || "";
    if (distance(pieces[i]?.typed || "", word) > HEARD_ALIKE) return;
    heard.push(indexes.map((old, j) => (j === i ? solved : old)));
  });
  const all = swaps.concat(heard);
  return (all.length === 1 && all[0]) || null;
}

function readPiece(typed: string, list: WordList): Piece {
  const index = indexOfTyped(typed, list);
  if (index !== null) return { typed, index, near: null };
  const near = list.words.map((word, i) => (distance(typed, word) === 1 ? i : -1)).filter((i) => i >= 0);
  const only = near.length === 1 ? (near[0] ?? null) : null;
  // a right beginning with a wrong end points at one word as well
  return { typed, index: null, near: only ?? list.byPrefix.get(typed.slice(0, 4)) ?? null };
}

function positions(pieces: readonly Piece[], wanted: (piece: Piece, i: number) => boolean): number[] {
  return pieces.map((piece, i) => (wanted(piece, i) ? i : -1)).filter((i) => i >= 0);
}
