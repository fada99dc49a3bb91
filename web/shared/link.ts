import { type Bytes, fromBase64url, joinBytes, toBase64url } from "./bytes.ts";

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

/**
 * Digits by themselves are a token's only from here on: the shortest has 272. One in a hundred of the spoken codes, which
 * have 18 digits at most, and of other people's barcodes would read like the beginning of a token.
 */
const FEWEST_DIGITS = 100;

/** Reads a token in any of its three forms. A link counts wherever it points: only its fragment is read. */
export function readToken(input: string): TokenReading {
  const trimmed = input.replace(/^\s+|\s+$/g, "");
  const hash = trimmed.indexOf("#");
  const body = trimmed.slice(hash + 1);
  const digits = hash >= 0 || (body.length >= FEWEST_DIGITS && /^[0-9]+$/.test(body));
  const bytes = digits ? fromLinkDigits(body) : fromBase64url(body);
  // of what is damaged, the first characters still tell whether a token was meant
  const damaged = (): Bytes | null => (digits ? bytesOfChunk(body.slice(0, FULL_DIGITS)) : fromBase64url(body.slice(0, 4)));
  const beginning = bytes || damaged();
  if (beginning === null || !beginsLikeToken(beginning)) return { kind: "mistyped" };
  return bytes === null ? { kind: "not_genuine" } : { kind: "bytes", bytes };
}

/** Whether bytes begin as a COSE_Sign1 does in any spelling: tag 18 short, none, or long. */
export function beginsLikeToken(bytes: Bytes): boolean {
  const [first, second, third] = [bytes[0], bytes[1], bytes[2]];
  return first === 0xd2 || first === 0x84 || (first === 0xd8 && second === 0x3d && third === 0xd2);
}

/** The canonical text form, which is what the page sends. */
export function toText(bytes: Bytes): string {
  return toBase64url(bytes);
}
