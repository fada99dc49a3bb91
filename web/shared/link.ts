import { type Bytes, fromBase64url, joinBytes, toBase64url } from "./bytes.ts";
import { beginsLikeToken, parseToken } from "./token.ts";

/** Decimal digits that hold a chunk of so many bytes (as FIDO CTAP 2.2 hybrid does). */
const DIGITS_OF_BYTES = [0, 3, 5, 8, 10, 13, 15, 17];
const FULL_BYTES = 7;
const FULL_DIGITS = 17;

/** Writes bytes as the digits of the link form. */
export function toLinkDigits(bytes: Bytes): string {
  let digits = "";
  for (let at = 0; at < bytes.length; at += FULL_BYTES) {
    digits += digitsOfChunk(bytes.slice(at, at + FULL_BYTES));
  }
  return digits;
}

/** Reads the digits of the link form, or null when their count or a chunk's value is impossible. */
export function fromLinkDigits(digits: string): Bytes | null {
  if (digits === "") return null;
  const chunks: Bytes[] = [];
  for (let at = 0; at < digits.length; at += FULL_DIGITS) {
    const chunk = bytesOfChunk(digits.slice(at, at + FULL_DIGITS));
    if (chunk === null) return null;
    chunks.push(chunk);
  }
  return joinBytes(...chunks);
}

// 7 bytes do not fit into a double, and BigInt is younger than the browsers we serve:
// both conversions work digit by digit on the little-endian bytes.
function digitsOfChunk(chunk: Bytes): string {
  let digits = "";
  for (let left = DIGITS_OF_BYTES[chunk.length] || 0; left > 0; left--) {
    let rest = 0;
    for (let i = chunk.length - 1; i >= 0; i--) {
      const value = rest * 256 + (chunk[i] || 0);
      chunk[i] = Math.floor(value / 10);
      rest = value % 10;
    }
    digits = String(rest) + digits;
  }
  return digits;
}

function bytesOfChunk(digits: string): Bytes | null {
  const length = DIGITS_OF_BYTES.indexOf(digits.length);
  if (length < 1 || !/^[0-9]+$/.test(digits)) return null;
  const chunk = new Uint8Array(length);
  for (let at = 0; at < digits.length; at++) {
    let carry = Number(digits.charAt(at));
    for (let i = 0; i < length; i++) {
      const value = (chunk[i] || 0) * 10 + carry;
      chunk[i] = value & 255;
      carry = value >> 8;
    }
    if (carry > 0) return null;
  }
  return chunk;
}

/** What a text, a link or digits hold: the bytes of a token, a damaged one, or nothing like a token. */
export type TokenReading =
  | { readonly kind: "bytes"; readonly bytes: Bytes }
  | { readonly kind: "not_genuine" }
  | { readonly kind: "mistyped" };

/** Of text that cannot be read to its end: enough characters for the beginning of a token, and whole bytes. */
const LEADING_CHARACTERS = 12;

/** Reads a token in any of its three forms. A link counts wherever it points: only its fragment is read. */
export function readToken(input: string): TokenReading {
  const trimmed = input.replace(/^\s+|\s+$/g, "");
  const hash = trimmed.indexOf("#");
  const body = trimmed.slice(hash + 1);
  // the beginning of a token takes 20 digits, and a spoken code has 18 at most
  const digits = hash >= 0 || /^[0-9]+$/.test(body);
  const read = digits ? fromLinkDigits : fromBase64url;
  const bytes = read(body);
  // of what is damaged, the beginning still tells whether a token was meant
  const beginning = bytes || read(body.slice(0, digits ? 2 * FULL_DIGITS : LEADING_CHARACTERS));
  if (beginning === null || !beginsLikeToken(beginning)) return { kind: "mistyped" };
  return bytes === null ? { kind: "not_genuine" } : { kind: "bytes", bytes };
}

/** How every token begins, in digits and in text: mail programs change what stands before it, and cannot change this. */
const DIGITS = begun("01180882505925842", "[0-9]");
const TEXT = begun("0oRJogEyBE", "[\\w-]");
/** More digits or characters than any token has. */
const LONGEST = 1000;

/** What stands in the middle of a broken line: white space, signs of no width, `=` at its end, and `>` where it was quoted. */
function begun(beginning: string, more: string): RegExp {
  const gap = "[\\s\\u0085\\u00ad\\u200b-\\u200d\\u2060=>]*";
  const apart = beginning.split("").join(gap);
  return new RegExp(apart + `(?:(?!${gap}${apart})${gap}${more})*`, "g");
}

/** What a pasted text holds; "several" where it holds more than one code. */
export type FoundToken = TokenReading | { readonly kind: "several" };

/** Finds a token in what a person pasted: as it is, broken over lines, or within a link that was changed on its way. */
export function findToken(input: string): FoundToken {
  const readings = [...(input.match(DIGITS) || []), ...(input.match(TEXT) || [])].map(readBroken);
  const whole = readings.filter(isWhole);
  const [first] = whole.map(({ bytes }) => toText(bytes));
  if (whole.some(({ bytes }) => toText(bytes) !== first)) return { kind: "several" };
  const all: readonly TokenReading[] = [...whole, readToken(input), ...readings];
  const found = (kind: TokenReading["kind"]): TokenReading | undefined => all.filter((reading) => reading.kind === kind)[0];
  return found("bytes") || found("not_genuine") || { kind: "mistyped" };
}

/** Reads a token from the first of its lines, or as many as make it whole: what follows may be digits or words of their own. */
function readBroken(text: string): TokenReading {
  const lines = text.split(/[^\w-]+/);
  let [joined, best]: [string, TokenReading] = ["", { kind: "mistyped" }];
  for (const line of lines) {
    joined += line;
    if (joined.length > LONGEST) break;
    const reading = readToken(joined);
    if (isWhole(reading)) return reading;
    if (reading.kind !== "mistyped") best = reading;
  }
  return best;
}

function isWhole(reading: TokenReading): reading is { kind: "bytes"; bytes: Bytes } {
  return reading.kind === "bytes" && parseToken(reading.bytes) !== null;
}

/** Programs that put a link of their own in place of one in a message. */
const CHANGED = /safelinks|urldefense|proofpoint|cudasvc|mimecast|\/url\?|redirect|[?&]url=/i;

/** What ends a sentence behind a link. A comma within may be part of a host. */
const MARKS = /[.,;:!)\]}'’”»،۔।]+$/;

/** Why a link holds no code; null where there is no link. `own` are the addresses that lead to us. */
export function faultOfLink(input: string, own: readonly string[]): "link_changed" | "link_foreign" | "link_empty" | null {
  const links = hostsIn(input);
  if (links.length === 0) return null;
  if (CHANGED.test(input)) return "link_changed";
  const ours = hostsIn(own.join(" "));
  return links.every((host) => ours.indexOf(host) >= 0) ? "link_empty" : "link_foreign";
}

/** The hosts of all links in a text, as a browser reads them: what stands before an `@` is none, and `\` is as good as `/`. */
function hostsIn(text: string): string[] {
  const plain = text.toLowerCase().replace(/%3a/g, ":").replace(/%2f/g, "/");
  return (plain.match(/(https?:[\\/]*|www\.)[^\s\\/?#<>"]*/g) || []).map((link) => {
    const host = link.replace(/^https?:[\\/]*/, "").replace(MARKS, "");
    return host.slice(host.lastIndexOf("@") + 1).replace(/:[0-9]*$/, "").replace(/\.$/, "");
  });
}

/** The canonical text form, which is what the page sends. */
export function toText(bytes: Bytes): string {
  return toBase64url(bytes);
}
