/** Bytes as WebCrypto takes them: never backed by shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Writes base64url without padding. */
export function toBase64url(bytes: Bytes): string {
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return base64.replace(/[+]/g, "-").replace(/[/]/g, "_").replace(/=/g, "");
}

/** Reads base64url strictly: no padding, no other character, zero tail bits; so each text has one spelling. */
export function fromBase64url(text: string): Bytes | null {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
    // atob takes more spellings than this one
    return toBase64url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => (byte < 16 ? "0" : "") + byte.toString(16)).join("");
}

/** Bytes of a text that is known to be ASCII, such as an issuer name or a part of a JWT. */
export function asciiBytes(text: string): Bytes {
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0) & 127);
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
