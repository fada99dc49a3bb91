import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../shared/bytes.ts";
import { verifyEd25519 } from "../shared/ed25519.ts";
import { parseKeySet } from "../shared/keyset.ts";
import { readToken } from "../shared/link.ts";
import { referenceOf } from "../shared/reference.ts";
import { readSpoken } from "../shared/forgive.ts";
import { verifyToken } from "../shared/verify.ts";
import { numberIn } from "../shared/typed.ts";
import { type Interpretation, interpret } from "../public/interpret.ts";
import { fromHex, list } from "./files.ts";
import { OWN, expectedCode, expectedInput, readSharedVectors } from "./shared-vectors.ts";

const { tokens, keySets, ed25519, inputs, spoken, readings, numbers, references } = readSharedVectors();

test("tokens", async (t) => {
  const { issuer, now, root } = tokens;
  const keySet = await parseKeySet(tokens.key_set, { issuer, root: root.x, minimumVersion: 0 }, now);
  assert.ok(keySet, "the key set of the vectors is good");
  for (const { name, token_hex, expect } of tokens.vectors) {
    await t.test(name, async () => assert.equal((await verifyToken(fromHex(token_hex), keySet, issuer, now)).verdict, expect));
  }
});

test("key sets", async (t) => {
  const { issuer, now, root, minimum_version: minimumVersion } = keySets;
  for (const { name, jwt, expect } of keySets.vectors) {
    await t.test(name, async () => {
      const keySet = await parseKeySet(jwt, { issuer, root: root.x, minimumVersion }, now);
      assert.equal(keySet === null ? "refused" : "good", expect);
    });
  }
});

test("Ed25519", async (t) => {
  for (const { name, public_key_hex, message_hex, signature_hex, expect } of ed25519.vectors) {
    await t.test(name, async () => {
      const accepted = await verifyEd25519(fromHex(public_key_hex), fromHex(message_hex), fromHex(signature_hex));
      assert.equal(accepted ? "accept" : "refuse", expect);
    });
  }
});

test("inputs", async (t) => {
  for (const { name, input, expect } of inputs.vectors) {
    await t.test(name, () => {
      const reading = readToken(input);
      assert.equal(reading.kind === "bytes" ? toHex(reading.bytes) : reading.kind, expectedInput(expect));
    });
  }
});

test("spoken codes", async (t) => {
  for (const { name, input, spoken_words, expect } of spoken.vectors) {
    await t.test(name, () => {
      const reading = readSpoken(input, list);
      // a whole code of the other size is read as one of that size
      const read = reading.kind === "code" && reading.code.size === spoken_words ? reading.code.value.toString(16) : "mistyped";
      assert.equal(read, expectedCode(expect));
    });
  }
});

test("references", async () => {
  assert.equal(references.vectors.length, 6);
  for (const { name, token_hex, reference } of references.vectors) assert.equal(await referenceOf(fromHex(token_hex)), reference, name);
});

test("whatever people give", async (t) => {
  for (const { name, input, expect } of readings.vectors) await t.test(name, () => assert.deepEqual(plain(interpret(input, list, OWN)), expect));
});

/** A reading as the vectors write it. */
function plain(found: Interpretation): unknown {
  if (found.kind === "ticket") {
    const { ticket } = found;
    return ticket.kind === "token" ? { token_hex: toHex(ticket.bytes) } : { code: ticket.code.value.toString(16) };
  }
  if (found.kind === "suggest") return { did_you_mean: found.words.join(" "), changed: found.changed };
  const { kind, ...rest } = found;
  return { problem: kind, ...rest };
}

test("numbers", async (t) => {
  for (const { name, input, expect } of numbers.vectors) await t.test(name, () => assert.equal(numberIn(input) ?? "wrong", expect));
});
