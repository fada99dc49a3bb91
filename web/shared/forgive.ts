import { distance } from "./near.ts";
import { alikeByEar } from "./sound.ts";
import { SIZES, type SpokenCode, type WordList, codeOfDigits, codeOfIndexes, codeOfWords, solveIndex } from "./spoken.ts";
import { type Typed, UNHEARD, digitsIn, indexOfTyped, piecesIn, waysToRead, wordsIn } from "./typed.ts";

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
  | { readonly kind: "wrong_digits"; readonly count: number }
  /** Nothing here is like a code. */
  | { readonly kind: "no_code" };

/** One typed word: known, or unknown with the word it resembles. */
interface Piece {
  readonly typed: string;
  readonly index: number | null;
  readonly near: number | null;
}

/** The words are at least three letters apart; a word heard as another is seldom further. */
const HEARD_ALIKE = 3;

/** Reads words or digits as people give them. Only what has one reading that fits is a code. */
export function readSpoken(input: string, list: WordList): SpokenReading {
  const digits = digitsIn(input);
  if (digits !== null) {
    const code = codeOfDigits(digits);
    return code === null ? { kind: "wrong_digits", count: digits.length } : { kind: "code", code };
  }
  const [first, ...others] = fittingWays(input, list);
  if (!first) return judge(wordsIn(input, list), list);
  // the same letters are two codes, once in some millions: the one with the fewer words is asked about
  const indexes = indexesOf(others.reduce((fewest, way) => (way.length < fewest.length ? way : fewest), first), list);
  const code = codeOfWords(indexes);
  return code === null || others.length > 0 ? { kind: "suggest", words: spelled(indexes, list), changed: [] } : { kind: "code", code };
}

/** The words of an input as they are understood: those of its code, or the likeliest. */
export function understood(input: string, list: WordList): Typed[] {
  const [way, other] = fittingWays(input, list);
  return way && !other ? way : wordsIn(input, list);
}

/** The readings of an input whose check word fits, each code once. */
function fittingWays(input: string, list: WordList): Typed[][] {
  const known: string[] = [];
  return waysToRead(piecesIn(input), list).filter((words) => {
    const indexes = indexesOf(words, list);
    const isNew = codeOfWords(indexes) !== null && known.indexOf(indexes.join()) < 0;
    if (isNew) known.push(indexes.join());
    return isNew;
  });
}

function indexesOf(words: readonly Typed[], list: WordList): number[] {
  return words.map(({ typed }) => indexOfTyped(typed, list) ?? 0);
}

function judge(typed: readonly Typed[], list: WordList): SpokenReading {
  if (!SIZES.some((size) => size === typed.length)) {
    const any = typed.some((piece) => piece.typed === UNHEARD || indexOfTyped(piece.typed, list) !== null);
    return any ? { kind: "wrong_count", count: typed.length } : { kind: "no_code" };
  }
  const pieces = typed.map((piece) => readPiece(piece.typed, list));
  if (pieces.every((piece) => piece.index === null && piece.near === null && piece.typed !== UNHEARD)) return { kind: "no_code" };
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
  // one that is near to a word which does not fit is not the only one that is wrong
  if (unknown.length > 1 || (pieces[position]?.near ?? null) !== null) return { kind: "wrong_word", position };
  const solved = indexes.slice();
  solved[position] = solveIndex(indexes, position);
  return suggest(pieces, solved, list);
}

function suggest(pieces: readonly Piece[], indexes: readonly number[], list: WordList): SpokenReading {
  return { kind: "suggest", words: spelled(indexes, list), changed: positions(pieces, (piece, i) => piece.index !== indexes[i]) };
}

function spelled(indexes: readonly number[], list: WordList): string[] {
  return indexes.map((index) => list.words[index] || "");
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
    const typed = pieces[i]?.typed || "";
    if (distance(typed, word) > HEARD_ALIKE && !alikeByEar(list.words[index] || "", word)) return;
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
