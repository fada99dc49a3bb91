import { type Bytes, toHex } from "./bytes.ts";

// The arithmetic of Ed25519 (RFC 8032 5.1). BigInt is younger than some browsers that we serve, yet older than any that has Ed25519:
// without it nothing is sound, and no key set is read.

/** Whether 32 bytes may stand for a point: canonical, and not of small order. Whether it lies on the curve is another question. */
export function isSoundPoint(point: Bytes): boolean {
  if (typeof BigInt !== "function" || point.length !== 32) return false;
  const { one, p, y, ySquared, above, below } = fieldOf(point);
  // y is 0 where the order is 4, 1 or -1 where it is 1 or 2; where it is 8, doubling gives y = 0, so x^2 = -y^2 and d y^4 + 2 y^2 = 1
  const eighth = (below * (ySquared + ySquared - one) - above * ySquared * ySquared) % p;
  return y < p && y * (ySquared - one) * eighth !== BigInt(0);
}

/**
 * Whether a canonical y belongs to a point of the curve. WebCrypto imports any 32 bytes, but a key set with such a key is refused by
 * the service, so it is refused here.
 */
export function isOnCurve(point: Bytes): boolean {
  const { one, p, ySquared, above, below } = fieldOf(point);
  // x^2 = (y^2 - 1) / (d y^2 + 1); a quotient is a square where the product is one (Euler's criterion)
  const product = ((ySquared + p - one) * below * (below + (p - ySquared) * above)) % p;
  return product === BigInt(0) || power(product, (p - one) >> one, p) === one;
}

/** Whether 32 bytes are a number below the order of the group. */
export function isScalar(bytes: Bytes): boolean {
  return numberOf(bytes) < (BigInt(1) << BigInt(252)) + BigInt("27742317777372353535851937790883648493");
}

interface Field {
  readonly one: bigint;
  readonly p: bigint;
  readonly y: bigint;
  readonly ySquared: bigint;
  /** -d is `above / below`. */
  readonly above: bigint;
  readonly below: bigint;
}

/** The field with the y of a point, which stands below the sign bit of its x. */
function fieldOf(point: Bytes): Field {
  const one = BigInt(1);
  const p = (one << BigInt(255)) - BigInt(19);
  const y = numberOf(point) & ((one << BigInt(255)) - one);
  return { one, p, y, ySquared: (y * y) % p, above: BigInt(121665), below: BigInt(121666) };
}

function numberOf(littleEndian: Bytes): bigint {
  return BigInt("0x" + toHex(littleEndian.slice().reverse()));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = BigInt(1);
  for (let left = exponent; left > BigInt(0); left >>= BigInt(1)) {
    if (left & BigInt(1)) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
