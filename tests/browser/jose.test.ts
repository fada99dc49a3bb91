import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { CryptoKey, JSONWebKeySet, JWK, JWTVerifyOptions } from "jose";
import { fromBase64url, toHex } from "../../web/shared/bytes.ts";
import { parseToken, signedBytes } from "../../web/shared/token.ts";
import { testKey } from "../../web/test/signing.ts";
import { RealService } from "./harness.ts";
import { ISSUER } from "./service.ts";
import { jose } from "./tools.ts";

// The published keys as a stock JOSE library reads them, which knows nothing of this project.

const NAME = "https://" + ISSUER;
const EXPECTED = { algorithms: ["Ed25519"], typ: "jwk-set+jwt", issuer: NAME, subject: NAME };
/** A verifier looks for changes every 10 s; a busy machine takes longer. */
const CHANGED_WITHIN_MS = 90000;

let held: RealService | null = null;
before(async () => {
  held = await RealService.start();
});
after(() => held?.stop());

function service(): RealService {
  assert.ok(held);
  return held;
}

/** The one key that a reader is given by another way. */
function root(): JWK {
  return JSON.parse(readFileSync(join(service().folder, "keys", "root.jwk"), "utf8")) as JWK;
}

async function fetched(path: string, type: string): Promise<string> {
  const response = await fetch(service().url + path);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), type);
  return response.text();
}

function signedSet(): Promise<string> {
  return fetched("/.well-known/countersign/keys.jwt", "application/jwk-set+jwt");
}

async function plainSet(): Promise<JSONWebKeySet> {
  return JSON.parse(await fetched("/.well-known/jwks.json", "application/jwk-set+json")) as JSONWebKeySet;
}

/** The key that a token names by the first bytes of its thumbprint, as the set has it. */
function keyOf(token: string, { keys }: JSONWebKeySet): JWK & { readonly kid: string } {
  const bytes = fromBase64url(token);
  assert.ok(bytes);
  const { kid } = parseToken(bytes) ?? assert.fail("no token");
  const found = keys.filter((key) => toHex(fromBase64url(key.kid ?? "") ?? new Uint8Array(0)).startsWith(kid));
  assert.equal(found.length, 1);
  return found[0] as JWK & { readonly kid: string };
}

/** The signature over the Sig_structure of RFC 9052 4.4, checked by WebCrypto. */
async function verifies(token: string, key: CryptoKey, issuer = ISSUER): Promise<boolean> {
  const bytes = fromBase64url(token);
  assert.ok(bytes);
  const parsed = parseToken(bytes) ?? assert.fail("no token");
  return crypto.subtle.verify("Ed25519", key, parsed.signature, signedBytes(parsed, issuer));
}

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await jose.importJWK(jwk);
  assert.ok(key instanceof CryptoKey);
  assert.deepEqual([key.type, key.algorithm.name, key.usages], ["public", "Ed25519", ["verify"]]);
  return key;
}

test("the signed set is a JWT of the root, for this issuer and this purpose", async () => {
  const jwt = await signedSet();
  const { payload, protectedHeader } = await jose.jwtVerify<{ version: number; keys: JWK[] }>(jwt, await jose.importJWK(root(), "Ed25519"), EXPECTED);
  assert.deepEqual(protectedHeader, { alg: "Ed25519", typ: "jwk-set+jwt", kid: await jose.calculateJwkThumbprint(root()) });
  assert.deepEqual([payload.iss, payload.sub, payload.version], [NAME, NAME, 1]);
  assert.ok(payload.keys.length > 1);
  for (const key of payload.keys) {
    assert.equal(await jose.calculateJwkThumbprint(key), key.kid);
    await imported({ ...key, alg: "Ed25519" });
  }
});

test("it is refused under another key, for another purpose, and with any character changed", async () => {
  const jwt = await signedSet();
  const key = await jose.importJWK(root(), "Ed25519");
  const other = await jose.importJWK(testKey(9).jwk, "Ed25519");
  await assert.rejects(jose.jwtVerify(jwt, other, EXPECTED), jose.errors.JWSSignatureVerificationFailed);
  const unexpected: readonly (readonly [JWTVerifyOptions, string])[] = [
    [{ issuer: "https://verify.example.net" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    [{ subject: "https://verify.example.net" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    [{ typ: "JWT" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    [{ algorithms: ["ES256"] }, "ERR_JOSE_ALG_NOT_ALLOWED"],
    [{ currentDate: new Date(Date.now() + 36 * 86400000) }, "ERR_JWT_EXPIRED"],
  ];
  for (const [bent, code] of unexpected) await assert.rejects(jose.jwtVerify(jwt, key, { ...EXPECTED, ...bent }), { code });
  // But for the last, some of whose bits stand for nothing.
  for (let at = 0; at < jwt.length - 1; at++) {
    const changed = jwt.slice(0, at) + (jwt[at] === "A" ? "B" : "A") + jwt.slice(at + 1);
    await assert.rejects(jose.jwtVerify(changed, key, EXPECTED), jose.errors.JOSEError, `character ${at}`);
  }
});

test("a real token verifies under the key that the plain set has for it", async () => {
  const set = await plainSet();
  const { token } = service().issue("--channel", "in-person", "--name", "Anna");
  const { kid } = keyOf(token, set);
  const header = { alg: "Ed25519", kid };
  const remote = await jose.createRemoteJWKSet(new URL(service().url + "/.well-known/jwks.json"))(header);
  const local = await jose.createLocalJWKSet(set)(header);
  for (const key of [remote, local]) assert.ok(await verifies(token, key));
  assert.ok(!(await verifies(token, local, "verify.example.net")), "for another deployment");
  const { token: another } = service().issue("--channel", "in-person", "--name", "Anne");
  const mixed = Buffer.concat([Buffer.from(another, "base64url").subarray(0, -64), Buffer.from(token, "base64url").subarray(-64)]);
  assert.ok(!(await verifies(mixed.toString("base64url"), local)), "with the signature of another token");
  await assert.rejects(jose.createLocalJWKSet(set)({ ...header, kid: testKey(9).jwk.kid }), jose.errors.JWKSNoMatchingKey);
  for (const jwk of set.keys) {
    assert.equal(await jose.calculateJwkThumbprint(jwk), jwk.kid);
    // Without "alg", by which PyJWT and Authlib would not know the key.
    assert.deepEqual([jwk.alg, jwk.use], [undefined, "sig"]);
    await imported({ ...jwk, alg: "Ed25519" });
  }
});

test("a revoked key leaves the plain set and the next one is in it", async () => {
  const early = service().issue("--channel", "in-person").token;
  const { kid } = keyOf(early, await plainSet());
  const next = service().revokeKey(kid);
  assert.notEqual(next, kid);
  const giveUp = Date.now() + CHANGED_WITHIN_MS;
  let set = await plainSet();
  while (set.keys.some((key) => key.kid === kid)) {
    assert.ok(Date.now() < giveUp, "the revoked key is still there");
    await new Promise((resolve) => setTimeout(resolve, 100));
    set = await plainSet();
  }
  assert.deepEqual(set.keys.map((key) => key.kid), [next]);
  await assert.rejects(jose.createLocalJWKSet(set)({ alg: "Ed25519", kid }), jose.errors.JWKSNoMatchingKey);
  const { token } = service().issue("--channel", "in-person");
  assert.equal(keyOf(token, set).kid, next);
  assert.ok(await verifies(token, await jose.createLocalJWKSet(set)({ alg: "Ed25519", kid: next })));
  // What the root signed says nothing of it until the root signs again; it is still whole.
  await jose.jwtVerify(await signedSet(), await jose.importJWK(root(), "Ed25519"), EXPECTED);
});
