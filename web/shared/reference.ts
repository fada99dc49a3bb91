import type { Bytes } from "./bytes.ts";
import { sha256 } from "./ed25519.ts";

/** What a person quotes on the telephone about a token: eight digits of its hash. Null where the browser has no SHA-256. */
export async function referenceOf(token: Bytes): Promise<string | null> {
  const digest = await sha256(token);
  if (digest === null) return null;
  const beginning = digest.slice(0, 4).reduce((value, byte) => value * 256 + byte, 0);
  // at most 10^8 * 2^32, of which a number holds the first 53 bits; bits, not divided, would be signed
  const [high, low] = [Math.floor(beginning / 65536), beginning % 65536];
  const reference = Math.floor((high * 1e8 + Math.floor((low * 1e8) / 65536)) / 65536);
  const digits = ("0000000" + String(reference)).slice(-8);
  return digits.slice(0, 4) + " " + digits.slice(4);
}
