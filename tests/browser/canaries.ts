import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { constants, inflateRawSync } from "node:zlib";
import type { Issued } from "./harness.ts";

// Searching every byte of a folder for what must not have stayed behind. A search for bytes cannot see into what is
// encrypted (Chromium keeps a sealed copy of its Sessions beside them) or packed by other means than gzip and zlib
// (LevelDB packs its tables, the *.ldb files; the logs of a young profile are plain).

/** Something that must not stay behind, in one of the ways in which it could be written down. */
export interface Canary {
  readonly name: string;
  readonly pattern: RegExp;
}

/** A canary in a file. */
export interface Find {
  readonly file: string;
  readonly canary: string;
}

/** Every canary in every file of a folder, once each. */
export function search(folder: string, canaries: readonly Canary[]): Find[] {
  return filesOf(folder).flatMap((path) => {
    const views = viewsOf(readFileSync(path));
    const found = canaries.filter(({ pattern }) => views.some((view) => pattern.test(view)));
    return [...new Set(found.map(({ name }) => name))].map((canary) => ({ file: relative(folder, path), canary }));
  });
}

/** The files under a folder. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : [];
  });
}

/** Bytes as texts with one character for each: as they are, UTF-16 made plain by leaving out zeros, and both unpacked. */
function viewsOf(bytes: Buffer): string[] {
  return [bytes, ...unpack(bytes)].flatMap((content) => {
    const text = content.toString("latin1");
    return [text, text.replace(/\0/g, "")];
  });
}

/** What was packed by gzip or zlib, wherever it begins and whatever follows it, even if its end is missing. */
function unpack(bytes: Buffer): Buffer[] {
  const end = { finishFlush: constants.Z_SYNC_FLUSH };
  return [...bytes.toString("latin1").matchAll(/\x1f\x8b\x08\0[^]{6}|\x78[\x01\x5e\x9c\xda]/g)].flatMap(({ index, 0: head }) => {
    try {
      // node's gunzip refuses bytes after the end, so that it is given what stands behind the head alone
      return [inflateRawSync(bytes.subarray(index + head.length), end)];
    } catch {
      return [];
    }
  });
}

/** A text, in letters of either case. */
export function text(name: string, value: string): Canary {
  return { name, pattern: new RegExp(escape(value), "i") };
}

/** Bytes as they are, as hex and as base64. */
export function bytes(name: string, value: Buffer): Canary[] {
  const plain = { name, pattern: new RegExp(escape(value.toString("latin1"))) };
  return [plain, text(`${name} as hex`, value.toString("hex")), base64(name, value.toString("base64url"))];
}

/** An address of IPv4. Its four bytes are found by chance where there are millions, so not for a browser's profile. */
export function address(value: string): Canary[] {
  const octets = Buffer.from(value.split(".").map(Number));
  const [name, hex] = ["address", octets.toString("hex")];
  const mapped = text(name, `${hex.slice(0, 4)}:${hex.slice(4)}`);
  return [text(name, value), mapped, text(name, String(octets.readUInt32BE())), ...bytes(name, octets)];
}

/** A number of a person, alone or in two groups, but not inside a longer one such as a time. */
export function number(name: string, digits: string): Canary {
  const [first, second] = [digits.slice(0, 3), digits.slice(3)];
  return { name, pattern: new RegExp(`(?<![0-9])${first}(?:[ +\xa0-]|\xc2\xa0|%20|&nbsp;)?${second}(?![0-9])`) };
}

/** All that an officer handed out with one token, whole or in pieces. */
export function issued({ id, token, link, spoken }: Issued): Canary[] {
  const raw = Buffer.from(token, "base64url");
  return [
    base64("token", token),
    ...pieces(raw.toString("hex"), 16).map((piece) => text("token as hex", piece)),
    // what stands before the signature is much alike in all tokens
    ...pieces(raw.subarray(-64).toString("latin1"), 8).map((piece) => ({ name: "token as bytes", pattern: new RegExp(escape(piece)) })),
    ...pieces(link.slice(link.indexOf("#") + 1), 17).map((piece) => text("link", piece)),
    text("id", id),
    ...(spoken === null ? [] : [...words(spoken.words), ...words(spoken.six_words), digits(spoken.digits), digits(spoken.six_digits)]),
  ];
}

/** Two neighbours among words, with anything short between them. */
export function words(code: string): Canary[] {
  const list = code.split(" ");
  return list.slice(1).map((word, i) => ({ name: "words", pattern: new RegExp(`${list[i]}[^a-z]{0,3}${word}`, "i") }));
}

/** Most of a code's digits, however they are grouped. */
function digits(code: string): Canary {
  const all = code.replace(/\D/g, "");
  const runs = [0, 1, 2, 3].map((from) => [...all.slice(from, from + 12)].join("[^0-9]?"));
  return { name: "digits", pattern: new RegExp(runs.join("|")) };
}

/** Both alphabets of base64. */
function base64(name: string, value: string): Canary {
  const either = (piece: string): string => piece.replace(/[-_]/g, (sign) => (sign === "-" ? "[-+]" : "[_/]"));
  return { name: `${name} as base64`, pattern: new RegExp(pieces(value, 16).map(either).join("|")) };
}

function pieces(value: string, length: number): string[] {
  const whole = Array.from({ length: Math.floor(value.length / length) }, (_, i) => value.slice(i * length, (i + 1) * length));
  return whole.length === 0 ? [value] : whole;
}

function escape(value: string): string {
  return value.replace(/[^0-9A-Za-z]/g, (sign) => "\\x" + sign.charCodeAt(0).toString(16).padStart(2, "0"));
}
