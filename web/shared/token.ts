import { type Bytes, asciiBytes, fromUtf8, joinBytes, toHex } from "./bytes.ts";

/** The three ways an officer makes contact, by their number in the token. */
export const CHANNELS = ["in_person", "telephone", "online"] as const;
export type Channel = (typeof CHANNELS)[number];

/** What a token says. Its shape has been checked; whether it is true has not. */
export interface Token {
  /** First 4 bytes of the signing key's thumbprint, in hex. */
  readonly kid: string;
  /** The token's own 8 random bytes, in hex. */
  readonly id: string;
  readonly issuedAt: number;
  readonly notBefore: number | null;
  readonly expiresAt: number;
  readonly channel: Channel;
  readonly name: string | null;
  readonly place: string | null;
  readonly challenge: number | null;
  readonly dialled: number | null;
  readonly payload: Bytes;
  readonly protectedHeader: Bytes;
  readonly signature: Bytes;
}

type Claims = Omit<Token, "kid" | "payload" | "protectedHeader" | "signature">;

const NAME_BYTES = 24;
const PLACE_BYTES = 32;
const PRIVATE_CLAIMS = [0x3a, 0x00, 0x01, 0x00, 0x00];

// What may not be in a text: the closed list of src/token/display.rs. Written out, because property escapes do not even parse
// in the older browsers. Above U+FFFF by surrogate pairs; the last line is spaces and joiners that do not stand between others.
const FORBIDDEN = [
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f]/,
  /[\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164]/,
  /[\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff]/,
  /\ud804[\udcbd\udccd]|\ud80d[\udc30-\udc3f]|\ud82f[\udca0-\udca3]|\ud834[\udd59\udd73-\udd7a]|[\udb40-\udb43\udb80-\udbff]/,
  /[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f][\udffe\udfff]/,
  /^[ \u200c\u200d]|[ \u200c\u200d]{2}|[ \u200c\u200d]$/,
];

/** How every token begins, up to the bytes of its key id: the tag, an array of four, and the protected header. */
const BEGINNING: readonly number[] = [0xd2, 0x84, 0x49, 0xa2, 0x01, 0x32, 0x04, 0x44];
const HEADER_AT = 3;

/** Whether bytes are a token or what is left of one. By eight bytes no word, number or code of somebody else is, by chance. */
export function beginsLikeToken(bytes: Bytes): boolean {
  return BEGINNING.every((byte, i) => bytes[i] === byte);
}

/** Reads the one permitted encoding of a token; anything else, however close, is null. */
export function parseToken(bytes: Bytes): Token | null {
  const cbor = new Reader(bytes);
  cbor.expect(BEGINNING);
  const kid = toHex(cbor.take(4));
  const protectedHeader = bytes.slice(HEADER_AT, cbor.at);
  cbor.expect([0xa0]);
  const payload = cbor.take(cbor.head(2));
  cbor.expect([0x58, 0x40]);
  const signature = cbor.take(64);
  const claims = parseClaims(payload);
  if (!cbor.finished() || claims === null) return null;
  return Object.assign({ kid, payload, protectedHeader, signature }, claims);
}

/** The Sig_structure of RFC 9052 4.4: what the signature covers, bound to one issuer and one purpose. */
export function signedBytes(token: Token, issuer: string): Bytes {
  return joinBytes(
    Uint8Array.of(0x84, 0x6a),
    asciiBytes("Signature1"),
    byteString(token.protectedHeader),
    byteString(asciiBytes("countersign/1 " + issuer)),
    byteString(token.payload),
  );
}

/** When the token's window opens. */
export function startOf(token: Token): number {
  return token.notBefore === null ? token.issuedAt : token.notBefore;
}

function parseClaims(payload: Bytes): Claims | null {
  const cbor = new Reader(payload);
  const count = cbor.head(5);
  cbor.expect([0x04]);
  const expiresAt = cbor.head(0);
  const notBefore = cbor.skipIf(0x05) ? cbor.head(0) : null;
  cbor.expect([0x06]);
  const issuedAt = cbor.head(0);
  cbor.expect([0x07, 0x48]);
  const id = toHex(cbor.take(8));
  cbor.expect(PRIVATE_CLAIMS);
  const approach = parseApproach(cbor);
  const wanted = notBefore === null ? 4 : 5;
  if (!cbor.finished() || count !== wanted || approach === null) return null;
  return Object.assign({ id, issuedAt, notBefore, expiresAt }, approach);
}

function parseApproach(cbor: Reader): Omit<Claims, "id" | "issuedAt" | "notBefore" | "expiresAt"> | null {
  let left = cbor.head(5) - 1;
  const optional = <T>(key: number, read: () => T): T | null => {
    if (!cbor.skipIf(key)) return null;
    left -= 1;
    return read();
  };
  cbor.expect([0x01]);
  const channel = CHANNELS[cbor.head(0) - 1];
  const name = optional(0x02, () => cbor.text(NAME_BYTES));
  const place = optional(0x03, () => cbor.text(PLACE_BYTES));
  const challenge = optional(0x04, () => cbor.below(1000000));
  const dialled = optional(0x05, () => cbor.below(1000));
  return left === 0 && channel !== undefined ? { channel, name, place, challenge, dialled } : null;
}

function byteString(bytes: Bytes): Bytes {
  const { length } = bytes;
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
  return joinBytes(Uint8Array.from(head), bytes);
}

/** Reads shortest-form CBOR only. A failure sticks, so that callers need ask once, at the end. */
class Reader {
  at = 0;
  private failed = false;

  constructor(private readonly bytes: Bytes) {}

  finished(): boolean {
    return !this.failed && this.at === this.bytes.length;
  }

  take(length: number): Bytes {
    if (this.failed || length > this.bytes.length - this.at) {
      this.failed = true;
      return new Uint8Array(0);
    }
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  expect(wanted: readonly number[]): void {
    const found = this.take(wanted.length);
    wanted.forEach((byte, i) => {
      if (found[i] !== byte) this.failed = true;
    });
  }

  skipIf(byte: number): boolean {
    const here = !this.failed && this.bytes[this.at] === byte;
    if (here) this.at += 1;
    return here;
  }

  /** The number in an item's head, in its shortest form and below 2^53. */
  head(major: number): number {
    const first = this.take(1)[0] || 0;
    const info = first & 31;
    if (first >> 5 !== major || info > 27) return this.fail();
    if (info < 24) return info;
    const size = 1 << (info - 24);
    let value = 0;
    this.take(size).forEach((byte) => {
      value = value * 256 + byte;
    });
    const least = size === 1 ? 24 : Math.pow(256, size / 2);
    return value < least || value > Number.MAX_SAFE_INTEGER ? this.fail() : value;
  }

  below(limit: number): number {
    const value = this.head(0);
    return value < limit ? value : this.fail();
  }

  text(most: number): string {
    const length = this.head(3);
    const text = length < 1 || length > most ? null : fromUtf8(this.take(length));
    if (text === null || FORBIDDEN.some((signs) => signs.test(text)) || text.normalize("NFC") !== text) {
      this.fail();
      return "";
    }
    return text;
  }

  private fail(): number {
    this.failed = true;
    return 0;
  }
}
