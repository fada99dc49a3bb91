import type { WordList } from "./spoken.ts";

/** How many words are offered for one that is none of ours. */
const OFFERED = 3;
/** No question is worth asking about words that are further apart than this. */
const FAR = 3;

/** The few words that resemble what was typed, be it whole or still growing; the likeliest first. */
export function nearWords(typed: string, list: WordList): string[] {
  const length = typed.length;
  return list.words
    .map((word) => {
      const row = distances(typed, word);
      const whole = at(row, word.length);
      // one letter may be too many or missing
      const begun = length < 4 ? at(row, length) * 2 : Math.min(at(row, length), at(row, length - 1), at(row, length + 1));
      const same = length > 4 && word.slice(0, 4) === typed.slice(0, 4);
      // of two that are equally far, the one with the same first letter is likelier
      const rank = same ? 0 : Math.min(whole, begun) * 20 + (word.charAt(0) === typed.charAt(0) ? 0 : 10) + whole;
      return { word, alike: same || begun <= 1 || (length >= 4 && whole <= 2), rank };
    })
    .filter(({ alike }) => alike)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, OFFERED)
    .map(({ word }) => word);
}

/** Insertions, deletions, replacements and swaps of neighbours between two words; not exact beyond three. */
export function distance(a: string, b: string): number {
  return Math.abs(a.length - b.length) > FAR ? FAR + 1 : at(distances(a, b), b.length);
}

/** The distances of a word to each beginning of another. */
function distances(a: string, b: string): readonly number[] {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [above, row] = [rows[i - 1] || [], [i]];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charAt(i - 1) === b.charAt(j - 1);
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a.charAt(i - 1) === b.charAt(j - 2) && a.charAt(i - 2) === b.charAt(j - 1);
      if (swapped) least = Math.min(least, at(rows[i - 2] || [], j - 2) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length] || [];
}

/** Beyond a row's end everything is far. */
function at(row: readonly number[], j: number): number {
  return row[j] ?? 99;
}
