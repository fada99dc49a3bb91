import type { Bytes } from "../shared/bytes.ts";

/** Bytes of a hexadecimal text, in node and in browsers. */
export function fromHex(hex: string): Bytes {
  return Uint8Array.from((hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
}
