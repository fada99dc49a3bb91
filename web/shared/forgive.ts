import { type SpokenWords, type WordList, codeOfDigits, codeOfIndexes, solveIndex } from "./spoken.ts";

/** What a person's words or digits come to. Nothing is corrected silently: a correction is a question. */
export type SpokenReading =
  | { readonly kind: "code"; readonly code: number }
  /** One reading would fit: ask "did you mean", with the positions that differ from what was typed. */
  | { readonly kind: "suggest"; readonly words: readonly string[]; readonly changed: readonly number[] }
  /** This word is none of ours, and we cannot tell which was meant. */
  | { readonly kind: "wrong_word"; readonly position: number }
  | { readonly kind: "wrong_count"; readonly count: number }
  | { readonly kind: "wrong_check" }
  | { readonly kind: "wrong_digits" };

/** One typed word: known, or unknown with the word it resembles; `null` stands for "not heard". */
interface Piece {
  readonly typed: string;
  readonly index: number | null;
  readonly near: number | null;
}

/** The words are at least three letters apart; a word heard as another is seldom further. */
const HEARD_ALIKE = 3;

/** Reads words or digits as people type them: any case, spaces, hyphens, commas, first letters, one slip. */
export function readSpoken(input: string, size: SpokenWords, list: WordList): SpokenReading {
  const digits = input.replace(/[\s.,-]+/g, "");
  if (/^[0-9]+$/.test(digits)) {
    const code = codeOfDigits(digits, size);
    return code === null ? { kind: "wrong_digits" } : { kind: "code", code };
  }
  const pieces = input
    .toLowerCase()
    .split(/[\s.,;\u2010-\u2015-]+/)
    .filter((piece) => piece !== "")
    .map((piece) => readPiece(piece, list));
  if (pieces.length !== size) return { kind: "wrong_count", count: pieces.length };
  return judge(pieces, list);
}

function judge(pieces: readonly Piece[], list: WordList): SpokenReading {
  const indexes = pieces.map((piece) => piece.index ?? piece.near ?? 0);
  const unknown = positions(pieces, (piece) => piece.index === null);
  if (unknown.length === 0) {
    const code = codeOfIndexes(indexes);
    if (code !== null) return { kind: "code", code };
    const repaired = repair(pieces, indexes, list);
    return repaired === null ? { kind: "wrong_check" } : suggest(pieces, repaired, list);
  }
  const guessless = positions(pieces, (piece) => piece.index === null && piece.near === null);
  if (guessless.length === 0 && codeOfIndexes(indexes) !== null) return suggest(pieces, indexes, list);
  const position = guessless[0] ?? unknown[0] ?? 0;
  if (unknown.length > 1) return { kind: "wrong_word", position };
  const solved = indexes.slice();
  solved[position] = solveIndex(indexes, position);
  return suggest(pieces, solved, list);
}

function suggest(pieces: readonly Piece[], indexes: readonly number[], list: WordList): SpokenReading {
  const words = indexes.map((index) => list.words[index] ?? "");
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
    const word = list.words[solved] ?? "";
    if (distance(pieces[i]?.typed ?? "", word) > HEARD_ALIKE) return;
    heard.push(indexes.map((old, j) => (j === i ? solved : old)));
  });
  const all = swaps.concat(heard);
  return all.length === 1 ? (all[0] ?? null) : null;
}

function readPiece(typed: string, list: WordList): Piece {
  const index = list.byPrefix.get(typed.slice(0, 4));
  if (index !== undefined && (list.words[index] ?? "").indexOf(typed) === 0) return { typed, index, near: null };
  const near = list.words.map((word, i) => (distance(typed, word) === 1 ? i : -1)).filter((i) => i >= 0);
  const only = near.length === 1 ? (near[0] ?? null) : null;
  // a right beginning with a wrong end points at one word as well
  return { typed, index: null, near: only ?? index ?? null };
}

function positions(pieces: readonly Piece[], wanted: (piece: Piece, i: number) => boolean): number[] {
  return pieces.map((piece, i) => (wanted(piece, i) ? i : -1)).filter((i) => i >= 0);
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > HEARD_ALIKE) return HEARD_ALIKE + 1;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charAt(i - 1) === b.charAt(j - 1);
      let least = Math.min(at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(rows, i - 1, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a.charAt(i - 1) === b.charAt(j - 2) && a.charAt(i - 2) === b.charAt(j - 1);
      if (swapped) least = Math.min(least, at(rows, i - 2, j - 2) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly number[][], i: number, j: number): number {
  return (rows[i] ?? [])[j] ?? 0;
}
