import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../shared/bytes.ts";
import { verifyEd25519 } from "../shared/ed25519.ts";
import { parseKeySet } from "../shared/keyset.ts";
import { readToken } from "../shared/link.ts";
import { referenceOf } from "../shared/reference.ts";
import { readStrict } from "../shared/spoken.ts";
import { verifyToken } from "../shared/verify.ts";
import { fromHex, list } from "./files.ts";
import { expectedCode, expectedInput, readSharedVectors } from "./shared-vectors.ts";

const { tokens, keySets, ed25519, inputs, spoken, references } = readSharedVectors();

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
      const code = readStrict(input, list);
      // a whole code of the other size is read as one of that size
      assert.equal(code === null || code.size !== spoken_words ? "mistyped" : code.value.toString(16), expectedCode(expect));
    });
  }
});

test("references", async () => {
  assert.equal(references.vectors.length, 6);
  for (const { name, token_hex, reference } of references.vectors) assert.equal(await referenceOf(fromHex(token_hex)), reference, name);
});
