import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeySet, parseKeySet } from "../shared/keyset.ts";
import { verifyToken } from "../shared/verify.ts";
import { type TestClaims, signKeySet, signToken, testKey } from "./signing.ts";

const issuer = "verify.example.org";
const now = 1795000000;
const root = testKey(1);
const key = testKey(2);
const policy = { issuer, root: root.jwk.x, minimumVersion: 1 };
const name = "https://" + issuer;
const published = { ...key.jwk, nbf: now - 86400, exp: now + 86400 };
const payload = { iss: name, sub: name, iat: now - 3600, exp: now + 86400, version: 3, keys: [published] as object[] };

const load = async (keys: object[] = [published]): Promise<KeySet> => {
  const keySet = await parseKeySet(signKeySet(root, { ...payload, keys }), policy, now);
  assert.ok(keySet);
  return keySet;
};

const judge = async (claims: TestClaims, keySet?: KeySet, of = issuer) =>
  (await verifyToken(signToken(key, of, claims), keySet ?? (await load()), issuer, now)).verdict;

test("a good token is good", async () => {
  assert.equal(await judge({ iat: now, exp: now + 300, name: "Anna", place: "Bridge Street", challenge: 42, dialled: 7 }), "good");
});

test("each edge of the window, one second to either side", async () => {
  assert.equal(await judge({ iat: now + 60, exp: now + 300 }), "good");
  assert.equal(await judge({ iat: now + 61, exp: now + 300 }), "not_yet_valid");
  assert.equal(await judge({ iat: now - 300, exp: now - 59 }), "good");
  assert.equal(await judge({ iat: now - 300, exp: now - 60 }), "expired");
  assert.equal(await judge({ iat: now - 60, nbf: now + 60, exp: now + 300 }), "good");
  assert.equal(await judge({ iat: now - 60, nbf: now + 61, exp: now + 300 }), "not_yet_valid");
});

test("each edge of the lifetime", async () => {
  assert.equal(await judge({ iat: now, exp: now + 600 }), "good");
  assert.equal(await judge({ iat: now, exp: now + 601 }), "not_genuine");
  assert.equal(await judge({ iat: now, exp: now }), "not_genuine");
  assert.equal(await judge({ iat: now, nbf: now, exp: now + 300 }), "not_genuine");
  assert.equal(await judge({ iat: now - 80000, nbf: now, exp: now + 300 }), "good");
  assert.equal(await judge({ iat: now - 86400, nbf: now, exp: now + 300 }), "good");
  assert.equal(await judge({ iat: now - 86401, nbf: now, exp: now + 300 }, await load([{ ...published, nbf: now - 90000 }])), "not_genuine");
  assert.equal(await judge({ iat: now - 60, nbf: now, exp: now + 300, challenge: 1 }), "not_genuine");
});

test("a key signs only in its own period", async () => {
  assert.equal(await judge({ iat: now, exp: now + 300 }, await load([{ ...published, nbf: now + 1 }])), "not_genuine");
  assert.equal(await judge({ iat: now, exp: now + 300 }, await load([{ ...published, exp: now + 299 }])), "not_genuine");
});

test("a revoked key withdraws its tokens, but not what it never signed", async () => {
  const revoked = await load([{ ...published, revoked: { revoked_at: now + 5, reason: "lost" } }]);
  assert.equal(await judge({ iat: now, exp: now + 300 }, revoked), "withdrawn");
  assert.equal(await judge({ iat: now, exp: now + 300 }, revoked, "other.example.org"), "not_genuine");
});

test("another issuer's token, an unknown key's token and a flipped bit are not genuine", async () => {
  const keySet = await load();
  assert.equal(await judge({ iat: now, exp: now + 300 }, keySet, "other.example.org"), "not_genuine");
  const stranger = signToken(testKey(9), issuer, { iat: now, exp: now + 300 });
  assert.equal((await verifyToken(stranger, keySet, issuer, now)).verdict, "not_genuine");
  const token = signToken(key, issuer, { iat: now, exp: now + 300 });
  for (let bit = 0; bit < token.length * 8; bit++) {
    const bent = token.slice();
    bent[bit >> 3]! ^= 1 << (bit & 7);
    assert.match((await verifyToken(bent, keySet, issuer, now)).verdict, /^(not_genuine|mistyped)$/);
  }
});

test("a key set is good only as the pinned root signed it, now", async () => {
  const set = (change: object, header: object = {}) => parseKeySet(signKeySet(root, { ...payload, ...change }, header), policy, now);
  assert.equal((await set({}))?.version, 3);
  assert.ok(await set({ iat: now + 60, exp: now + 61 }));
  const bad: readonly [object, object?][] = [
    [{ iss: name + "/" }], [{ sub: "https://other.example.org" }], [{ iat: now + 61 }], [{ exp: now }], [{ version: 0 }],
    [{ exp: payload.iat + 35 * 86400 + 1 }], [{ version: "3" }], [{ version: 1.5 }], [{ extra: 1 }],
    [{ keys: [published, published] }], [{ keys: [{ ...published, kid: root.jwk.kid }] }], [{ keys: [{ ...published, d: "x" }] }],
    [{ keys: [{ ...published, crv: "X25519" }] }], [{ keys: [{ ...published, revoked: true }] }], [{ keys: {} }], [{ keys: [null] }],
    [{}, { alg: "EdDSA" }], [{}, { typ: "JWT" }], [{}, { kid: key.jwk.kid }], [{}, { jku: "https://x.example" }],
  ];
  for (const [change, header] of bad) assert.equal(await set(change, header), null, JSON.stringify([change, header]));
});

test("a key set of another root, or damaged, is refused", async () => {
  const jwt = signKeySet(root, payload);
  assert.ok(await parseKeySet(jwt, policy, now));
  const other = signKeySet(testKey(5), payload, { kid: root.jwk.kid });
  for (const bad of [other, jwt + "A", jwt + ".", "." + jwt, jwt.slice(1), "", jwt.replace(/\.[^.]*$/, ".")]) {
    assert.equal(await parseKeySet(bad, policy, now), null, bad);
  }
});
