import { type Bytes, asciiBytes } from "./bytes.ts";
import { sha256 } from "./ed25519.ts";

/** How many words a code has: 4 or 5 data words of 10 bits, and a check word. Both are live at once, and every page reads both. */
export type SpokenWords = 5 | 6;
export const SIZES: readonly SpokenWords[] = [5, 6];

/** A code whose check fits: a number below 2^40 or 2^50. */
export interface SpokenCode {
  readonly value: number;
  readonly size: SpokenWords;
}

/** The 1,024 words, with their first four letters as an index. */
export interface WordList {
  readonly words: readonly string[];
  readonly byPrefix: ReadonlyMap<string, number>;
}

const PREFIX = 4;
/** x^10 + x^3 + 1, the field in which the check word is computed. */
const POLYNOMIAL = 0x409;

/** Makes the word list. */
export function wordList(words: readonly string[]): WordList {
  return { words, byPrefix: new Map(words.map((word, i): [string, number] => [word.slice(0, PREFIX), i])) };
}

/** The code of a token, as a number below 2^40 or 2^50; null where the browser has no SHA-256. */
export async function codeOfToken(token: Bytes, size: SpokenWords): Promise<number | null> {
  const digest = await sha256(asciiBytes("countersign/1 spoken"), token);
  if (digest === null) return null;
  const leading = digest.slice(0, 7).reduce((value, byte, i) => (i < 5 ? value * 256 + byte : value), 0);
  // the last 10 of 50 bits are one byte and the top of the next
  return size === 5 ? leading : leading * 1024 + (digest[5] || 0) * 4 + ((digest[6] || 0) >> 6);
}

/** A code's word numbers, check word last. */
export function indexesOfCode(code: number, size: SpokenWords): number[] {
  const data: number[] = [];
  for (let i = 0; i < size - 1; i++) {
    data.unshift(code % 1024);
    code = Math.floor(code / 1024);
  }
  return data.concat(checkOf(data));
}

/** A code's words, check word last. */
export function wordsOfCode(code: number, size: SpokenWords, list: WordList): string[] {
  return indexesOfCode(code, size).map((index) => list.words[index] || "");
}

/** The code that word numbers spell, or null when the check word does not fit. */
export function codeOfIndexes(indexes: readonly number[]): number | null {
  const data = indexes.slice(0, -1);
  if (checkOf(data) !== indexes[indexes.length - 1]) return null;
  return data.reduce((code, index) => code * 1024 + index, 0);
}

/**
 * The number that must stand at one position so that the check word fits the others. The check is
 * linear, so the position's share is what the others leave over, divided by x^position.
 */
export function solveIndex(indexes: readonly number[], position: number): number {
  const others = indexes.map((index, i) => (i === position ? 0 : index));
  const check = others.pop() || 0;
  const left = checkOf(others) ^ check;
  if (position === indexes.length - 1) return left;
  let solved = left;
  for (let i = 0; i <= position; i++) solved = halve(solved);
  return solved;
}

/** A code's digits, check digits last, without groups. */
export function digitsOfCode(code: number, size: SpokenWords): string {
  const value = String(code);
  const check = String(checkDigits(code));
  return "0".repeat(dataDigits(size) - value.length) + value + (check.length < 2 ? "0" : "") + check;
}

/** The code of word numbers, or null when their count or check word does not fit. */
export function codeOfWords(indexes: readonly number[]): SpokenCode | null {
  const [size] = SIZES.filter((words) => words === indexes.length);
  const value = size === undefined ? null : codeOfIndexes(indexes);
  return size === undefined || value === null ? null : { value, size };
}

/** The code that digits without separators spell, or null when their count or check does not fit. */
export function codeOfDigits(digits: string): SpokenCode | null {
  const [size] = SIZES.filter((words) => digitCount(words) === digits.length);
  if (size === undefined || !/^[0-9]+$/.test(digits)) return null;
  const data = dataDigits(size);
  const value = Number(digits.slice(0, data));
  const limit = Math.pow(1024, size - 1);
  return value < limit && checkDigits(value) === Number(digits.slice(data)) ? { value, size } : null;
}

/** How many digits a code has, check digits included. */
export function digitCount(size: SpokenWords): number {
  return dataDigits(size) + 2;
}

function dataDigits(size: SpokenWords): number {
  return size === 5 ? 13 : 16;
}

// 98 - (100 N mod 97) in steps that stay below 2^53
function checkDigits(code: number): number {
  return 98 - ((3 * (code % 97)) % 97);
}

// Horner's rule for the sum over i = 1.. of x^i * w_i
function checkOf(data: readonly number[]): number {
  return data.reduceRight((sum, index) => double(sum ^ index), 0);
}

function double(value: number): number {
  return value & 512 ? (value << 1) ^ POLYNOMIAL : value << 1;
}

function halve(value: number): number {
  return value & 1 ? (value ^ POLYNOMIAL) >> 1 : value >> 1;
}
