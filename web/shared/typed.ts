import type { WordList } from "./spoken.ts";

/** What stands for one word in an input, in small letters, and where it stands in the text. */
export interface Typed {
  readonly typed: string;
  readonly start: number;
  readonly end: number;
}

/** Stands for a word that was not heard. */
export const UNHEARD = "?";

// What parts words: white space, punctuation, quotes, bullets, arrows and what else people and phones put between them. Written out,
// because property escapes do not even parse in the older browsers. U+2100 to U+218F are letters and numbers.
const PIECE =
  /[^\s\u0085!-/:->@[-`{-\u00b4\u00b6-\u00b9\u00bb\u00bf\u060c\u061b\u061f\u066b\u066c\u06d4\u0964\u0965\u2000-\u20ff\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f\ufeff\uff01-\uff0f\uff1a-\uff20]+/g;

/** The longest word of the list has so many letters, and so many pieces at most. */
const LONGEST = 8;
/** More pieces than any code has, however it was dictated. */
const MOST_PIECES = 60;
const MOST_WORDS = 6;
const FEWEST_WORDS = 5;

/** What people say before and between words and digits. None is a word of the list, nor the beginning of one. */
const BETWEEN = " and are code is my next no number the then word words your ";
/** Digits, and letters that are taken for them. */
const ALIKE = /^[0-9oil]+$/;
/** How words are counted, and digits said. None is a word of the list, nor the beginning of one. */
const NAMED = ["zero oh", "one first 1st", "two second 2nd", "three third 3rd", "four fourth 4th", "five fifth 5th", "six sixth 6th", "seven", "eight", "nine"];

/** The decimal digits of every script; where a browser cannot name them, those of the scripts that are most met. */
const DECIMAL = decimals();

function decimals(): RegExp {
  try {
    return new RegExp("\\p{Nd}", "gu");
  } catch {
    return /[0-9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\uff10-\uff19]/g;
  }
}

/** Writes the digits of any script as 0 to 9. Each script has its ten in order, so the value is how many stand before one. */
export function plainDigits(text: string): string {
  return text.replace(DECIMAL, (digit) => {
    const code = digit.codePointAt(0) || 0;
    let before = 0;
    while (String.fromCodePoint(code - before - 1).search(DECIMAL) === 0) before += 1;
    return String(before % 10);
  });
}

/** What stands between the separators of an input. */
export function piecesIn(input: string): Typed[] {
  const found: Typed[] = [];
  // the blocks of emoji lie above U+FFFF, and so do some digits
  input.replace(/[\ud83c-\ud83e][\udc00-\udfff]/g, "  ").replace(PIECE, (text: string, start: number) => {
    // by the rules of Unicode the sign for kelvin would become a k
    const typed = plainDigits(text).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    found.push({ typed: typed.replace(/\?+/g, "") || UNHEARD, start, end: start + text.length });
    return "";
  });
  return found;
}

/** The digits that an input consists of, grouped in any way, also said, or typed with letters that look like them; else null. */
export function digitsIn(input: string): string | null {
  const pieces = piecesIn(input).map(({ typed }) => typed).filter((typed) => !isBetween(typed));
  const digits = pieces.map((typed) => (ALIKE.test(typed) ? typed.replace(/o/g, "0").replace(/[il]/g, "1") : numberNamed(typed)));
  // letters alone are no digits
  const any = pieces.some((typed) => !/^[oil]*$/.test(typed));
  return any && digits.indexOf("") < 0 ? digits.join("") : null;
}

/** The person's number, as people type six digits; else null. */
export function numberIn(input: string): string | null {
  const digits = digitsIn(input);
  return digits !== null && digits.length === 6 ? digits : null;
}

/** The number of the word that a whole word, or a beginning of at least four letters, stands for. */
export function indexOfTyped(typed: string, list: WordList): number | null {
  const index = list.byPrefix.get(typed.slice(0, 4));
  return index !== undefined && (list.words[index] || "").indexOf(typed) === 0 ? index : null;
}

/** All ways in which pieces may be five or six words: one by one, split, run together, counted, with words between. */
export function waysToRead(pieces: readonly Typed[], list: WordList): Typed[][] {
  const ways: Typed[][] = [];
  const go = (at: number, words: readonly Typed[]): void => {
    if (words.length > MOST_WORDS) return;
    const piece = pieces[at];
    if (!piece) {
      if (words.length >= FEWEST_WORDS) ways.push(words.slice());
      return;
    }
    if (countsOnly(piece.typed, words.length)) go(at + 1, words);
    if (indexOfTyped(piece.typed, list) !== null) go(at + 1, words.concat(piece));
    for (let n = 2; n <= LONGEST; n++) {
      const whole = joined(pieces.slice(at, at + n));
      if (at + n <= pieces.length && isWord(whole.typed, list)) go(at + n, words.concat(whole));
    }
    const split = splitWords(piece, list);
    if (split !== null) go(at + 1, words.concat(split));
  };
  if (pieces.length <= MOST_PIECES) go(0, []);
  return ways;
}

/** The likeliest words of an input that is no code yet: what is split is put together, what is run together parted. */
export function wordsIn(input: string, list: WordList): Typed[] {
  const pieces = piecesIn(input);
  const words: Typed[] = [];
  for (let at = 0; at < pieces.length; at++) {
    const here = pieces.slice(at, at + LONGEST);
    const [piece] = here;
    if (!piece) break;
    const known = here.map(({ typed }) => indexOfTyped(typed, list) !== null);
    const isOne = (n: number): boolean => {
      const whole = joined(here.slice(0, n)).typed;
      // what the text ends with may still grow
      const grows = at + n === pieces.length && known[0] === false && indexOfTyped(whole, list) !== null;
      return grows || (known.slice(0, n).indexOf(false) >= 0 && isWord(whole, list));
    };
    let n = here.length;
    while (n > 1 && !isOne(n)) n -= 1;
    if (n > 1) words.push(joined(here.slice(0, n)));
    else if (!countsOnly(piece.typed, words.length)) words.push(...(splitWords(piece, list) || [piece]));
    at += n - 1;
  }
  return words;
}

/** Whether a piece only counts the next word, or stands between two. */
function countsOnly(typed: string, before: number): boolean {
  const counted = /^[0-9]$/.test(typed) ? typed : numberNamed(typed);
  return counted === String(before + 1) || isBetween(typed);
}

function isBetween(typed: string): boolean {
  return BETWEEN.indexOf(" " + typed + " ") >= 0;
}

/** "3" for "three", "third" and "3rd"; else nothing. */
function numberNamed(typed: string): string {
  const found = NAMED.map((names) => names.split(" ").indexOf(typed) >= 0).indexOf(true);
  return found < 0 ? "" : String(found);
}

function isWord(typed: string, list: WordList): boolean {
  const index = indexOfTyped(typed, list);
  return index !== null && list.words[index] === typed;
}

function joined(pieces: readonly Typed[]): Typed {
  const [first, last] = [pieces[0], pieces[pieces.length - 1]];
  return { typed: pieces.map(({ typed }) => typed).join(""), start: first ? first.start : 0, end: last ? last.end : 0 };
}

/** The words that were run together; null where they are not two at least. No two rows of words run together alike. */
function splitWords({ typed, start }: Typed, list: WordList): Typed[] | null {
  const words: Typed[] = [];
  let at = 0;
  while (at < typed.length && words.length < MOST_WORDS) {
    const index = list.byPrefix.get(typed.slice(at, at + 4));
    const word = index === undefined ? "" : list.words[index] || "";
    if (word === "" || typed.slice(at, at + word.length) !== word) return null;
    words.push({ typed: word, start: start + at, end: start + at + word.length });
    at += word.length;
  }
  return words.length > 1 && at === typed.length ? words : null;
}
