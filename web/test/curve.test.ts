import assert from "node:assert/strict";
import { test } from "node:test";
import { isOnCurve, isScalar, isSoundPoint } from "../shared/curve.ts";
import { fromHex } from "./hex.ts";

// y of the points of small order, least byte first, as others list them (curve25519-dalek, libsodium)
const SMALL_ORDER = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "ec" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

/** A number as 32 bytes, the least first; `sign` is the highest bit. */
function bytesOf(number: bigint, sign = 0n): Uint8Array<ArrayBuffer> {
  return fromHex((number | (sign << 255n)).toString(16).padStart(64, "0")).reverse();
}

function numberOf(hex: string): bigint {
  return BigInt("0x" + Buffer.from(hex, "hex").reverse().toString("hex"));
}

test("no point of small order is sound, with either sign; the numbers beside it are", () => {
  for (const y of SMALL_ORDER.map(numberOf)) {
    for (const sign of [0n, 1n]) {
      assert.equal(isSoundPoint(bytesOf(y, sign)), false, y.toString(16));
      for (const beside of [y - 2n, y + 2n]) {
        if (beside > 0n && beside < 2n ** 255n - 19n) assert.equal(isSoundPoint(bytesOf(beside, sign)), true, beside.toString(16));
      }
    }
    assert.equal(isOnCurve(bytesOf(y)), true, y.toString(16));
  }
});

test("a y has one spelling, and 32 bytes", () => {
  for (let y = 2n ** 255n - 19n; y < 2n ** 255n; y++) assert.equal(isSoundPoint(bytesOf(y)), false, y.toString(16));
  const base = fromHex("58" + "66".repeat(31));
  assert.equal(isSoundPoint(base) && isOnCurve(base), true);
  assert.equal(isSoundPoint(base.slice(1)), false);
});

test("a scalar is below the order of the group", () => {
  const order = numberOf("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  for (const [number, sound] of [[0n, true], [order - 1n, true], [order, false], [order + 1n, false], [2n ** 256n - 1n, false]] as const) {
    assert.equal(isScalar(bytesOf(number)), sound, number.toString(16));
  }
});
