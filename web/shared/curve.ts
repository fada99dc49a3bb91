import { type Bytes, toHex } from "./bytes.ts";

/**
 * Whether a canonical y belongs to a point of Ed25519. WebCrypto imports any 32 bytes, but a key set with
 * such a key is refused by the service, so it is refused here. BigInt is younger than some browsers that
 * we serve, yet older than any that has Ed25519: elsewhere no key set is read.
 */
export function isOnCurve(point: Bytes): boolean {
  if (typeof BigInt !== "function") return false;
  const one = BigInt(1);
  const p = (one << BigInt(255)) - BigInt(19);
  const d = BigInt("0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
  const y = BigInt("0x" + toHex(point.slice().reverse())) & ((one << BigInt(255)) - one);
  const ySquared = (y * y) % p;
  // x^2 = (y^2 - 1) / (d y^2 + 1); a quotient is a square where the product is one (Euler's criterion)
  const product = ((ySquared + p - one) * (d * ySquared + one)) % p;
  return product === BigInt(0) || power(product, (p - one) >> one, p) === one;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = BigInt(1);
  for (let left = exponent; left > BigInt(0); left >>= BigInt(1)) {
    if (left & BigInt(1)) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
