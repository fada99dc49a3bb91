import { type Bytes, joinBytes, toHex } from "./bytes.ts";
import { isOnCurve } from "./curve.ts";

// Browsers differ on edge cases: some accept keys and points of small order, or a signature plus the
// group order, and WebKitGTK ends its page on a key that is no point of the curve. What is refused here
// is refused in all of them alike, before WebCrypto sees it.

/** The group order L, little-endian. */
const ORDER = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
/** The field prime p, little-endian. */
const PRIME = hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
/**
 * y of the points of small order. With either sign bit, and with the spellings at or above p, which
 * are refused for all points, these are the 14 encodings.
 */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

/** Verifies strictly. False for anything that the browser cannot or should not accept. */
export async function verifyEd25519(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  if (!isSoundKey(publicKey) || !isSoundPoint(signature.slice(0, 32))) return false;
  if (!below(signature.slice(32), ORDER)) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
    return (await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message)) === true;
  } catch {
    return false; // no Ed25519 here
  }
}

/** Whether this browser can check a signature at all. The key is the base point of RFC 8032 5.1. */
export async function hasEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.importKey("raw", hex("58" + "66".repeat(31)), { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch {
    return false; // too old, or not a secure context: the caller says so on screen
  }
}

/** SHA-256, or null where the browser offers none. */
export async function sha256(...parts: Bytes[]): Promise<Bytes | null> {
  try {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", joinBytes(...parts)));
  } catch {
    return null;
  }
}

/** Whether bytes may stand for a public key: a canonical point of the curve, and not of small order. */
export function isSoundKey(key: Bytes): boolean {
  return isSoundPoint(key) && isOnCurve(key);
}

/** Whether 32 bytes may stand for a point: canonical, and not of small order. */
function isSoundPoint(point: Bytes): boolean {
  if (point.length !== 32) return false;
  const y = point.slice();
  y[31] = (y[31] || 0) & 127;
  return below(y, PRIME) && SMALL_ORDER.indexOf(toHex(y)) < 0;
}

function below(value: Bytes, limit: Bytes): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (value[i] || 0) - (limit[i] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function hex(text: string): Bytes {
  return Uint8Array.from((text.match(/../g) || []).map((pair) => parseInt(pair, 16)));
}
