/** Bytes as WebCrypto takes them: never backed by shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Writes base64url without padding. */
export function toBase64url(bytes: Bytes): string {
  let text = "";
  let bits = 0;
  let held = 0;
  bytes.forEach((byte) => {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += BASE64URL.charAt((bits >> held) & 63);
    }
    bits &= (1 << held) - 1;
  });
  return held > 0 ? text + BASE64URL.charAt((bits << (6 - held)) & 63) : text;
}

/** Reads base64url strictly: no padding, no other character, zero tail bits; so each text has one spelling. */
export function fromBase64url(text: string): Bytes | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const six = BASE64URL.indexOf(text.charAt(i));
    if (six < 0) return null;
    bits = (bits << 6) | six;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = bits >> held;
    }
    bits &= (1 << held) - 1;
  }
  return bits === 0 ? bytes : null;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Bytes): string {
  let text = "";
  bytes.forEach((byte) => {
    text += (byte < 16 ? "0" : "") + byte.toString(16);
  });
  return text;
}

/** Bytes of a text that is known to be ASCII, such as an issuer name or a part of a JWT. */
export function asciiBytes(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 127;
  return bytes;
}

/**
 * Strict UTF-8 to text, or null. `decodeURIComponent` refuses overlong forms, surrogates and truncation
 * in every browser, also in those without `TextDecoder`.
 */
export function fromUtf8(bytes: Bytes): string | null {
  try {
    return decodeURIComponent(toHex(bytes).replace(/../g, "%$&"));
  } catch {
    return null;
  }
}

/** Joins byte strings. */
export function joinBytes(...parts: Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  parts.forEach((part) => {
    joined.set(part, at);
    at += part.length;
  });
  return joined;
}
