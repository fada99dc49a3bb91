import assert from "node:assert/strict";
import { test } from "node:test";
import { Unreadable } from "../officer/parse.ts";
import { readCreation, readRequest } from "../officer/passkeys.ts";

const creation = {
  rp: { id: "console.example.org", name: "Workspace" },
  user: { id: "AAECAw", name: "kestrel", displayName: "kestrel" },
  challenge: "_-8",
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  timeout: 60000,
  excludeCredentials: [{ type: "public-key", id: "BAU" }],
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
  attestation: "none",
  extensions: { credProps: true },
};

test("what makes a passkey: texts become bytes, the rest stays", () => {
  assert.deepEqual(readCreation(creation), {
    ...creation,
    challenge: Uint8Array.of(255, 239),
    user: { ...creation.user, id: Uint8Array.of(0, 1, 2, 3) },
    excludeCredentials: [{ type: "public-key", id: Uint8Array.of(4, 5) }],
  });
});

test("what is absent or null is left out, since a browser would read it as a text", () => {
  const { rp, user, challenge, pubKeyCredParams } = creation;
  const read = readCreation({ rp: { name: "Workspace" }, user, challenge, pubKeyCredParams, attestation: null });
  assert.deepEqual(Object.keys(read).sort(), ["challenge", "pubKeyCredParams", "rp", "user"]);
  assert.deepEqual(read.rp, { name: "Workspace" });
  assert.deepEqual(Object.keys(readCreation({ ...creation, rp })).sort(), Object.keys(creation).sort());
});

test("what uses a passkey: any that the person chooses, with their confirmation", () => {
  const read = readRequest({ challenge: "AAA", rpId: "localhost", allowCredentials: [], userVerification: "required" });
  assert.deepEqual(read, { challenge: Uint8Array.of(0, 0), rpId: "localhost", allowCredentials: [], userVerification: "required" });
});

test("options that are not sound reach no browser", () => {
  for (const challenge of [undefined, "AB", "AA==", 7]) {
    assert.throws(() => readRequest({ challenge }), Unreadable);
  }
  assert.throws(() => readCreation({ ...creation, user: { ...creation.user, id: "é" } }), Unreadable);
  assert.throws(() => readCreation({ ...creation, pubKeyCredParams: [{ type: "public-key", alg: "-7" }] }), Unreadable);
  assert.throws(() => readRequest({ challenge: "AAA", userVerification: "never" }), Unreadable);
});
