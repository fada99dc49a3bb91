import { type Bytes, joinBytes } from "./bytes.ts";
import { isOnCurve, isScalar, isSoundPoint } from "./curve.ts";

// Browsers differ on edge cases: some accept keys and points of small order, or a signature plus the
// group order, and WebKitGTK ends its page on a key that is no point of the curve. What is refused here
// is refused in all of them alike, before WebCrypto sees it.

/** Verifies strictly. False for anything that the browser cannot or should not accept. */
export async function verifyEd25519(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  if (!isSoundKey(publicKey) || !isSoundPoint(signature.slice(0, 32))) return false;
  if (!isScalar(signature.slice(32))) return false;
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
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(0x66).fill(0x58, 0, 1), { name: "Ed25519" }, false, ["verify"]);
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
