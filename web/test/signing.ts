import { type KeyObject, createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { Bytes } from "../shared/bytes.ts";

// An issuer for tests, written against the protocol and not against the page's own reader.

/** A key pair with its thumbprint. */
export interface TestKey {
  readonly secret: KeyObject;
  readonly jwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly kid: string };
  readonly prefix: Buffer;
}

/** What a test token says; every claim may be bent. */
export interface TestClaims {
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly cti?: Buffer;
  readonly channel?: number;
  readonly name?: string;
  readonly place?: string;
  readonly challenge?: number;
  readonly dialled?: number;
}

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key of a seed that is one byte repeated. */
export function testKey(seed: number): TestKey {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.alloc(32, seed)]), format: "der", type: "pkcs8" });
  const { x } = createPublicKey(secret).export({ format: "jwk" }) as { x: string };
  const digest = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest();
  return { secret, jwk: { kty: "OKP", crv: "Ed25519", x, kid: digest.toString("base64url") }, prefix: digest.subarray(0, 4) };
}

/** Signs a JWT of the key set's type; `bend` changes header or payload before signing. */
export function signKeySet(root: TestKey, payload: object, header: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = part({ alg: "Ed25519", typ: "jwk-set+jwt", kid: root.jwk.kid, ...header }) + "." + part(payload);
  return signed + "." + sign(null, Buffer.from(signed), root.secret).toString("base64url");
}

/** Makes and signs a token. */
export function signToken(key: TestKey, issuer: string, claims: TestClaims): Bytes {
  const header = Buffer.concat([hex("a201320444"), key.prefix]);
  const payload = encodeClaims(claims);
  const structure = Buffer.concat([
    hex("846a"), Buffer.from("Signature1"), item(2, header), item(2, Buffer.from("countersign/1 " + issuer)), item(2, payload),
  ]);
  const signature = sign(null, structure, key.secret);
  return Uint8Array.from(Buffer.concat([hex("d284"), item(2, header), hex("a0"), item(2, payload), item(2, signature)]));
}

function encodeClaims(claims: TestClaims): Buffer {
  const approach = [
    Buffer.concat([hex("01"), head(0, claims.channel ?? 1)]),
    ...(claims.name === undefined ? [] : [Buffer.concat([hex("02"), item(3, Buffer.from(claims.name))])]),
    ...(claims.place === undefined ? [] : [Buffer.concat([hex("03"), item(3, Buffer.from(claims.place))])]),
    ...(claims.challenge === undefined ? [] : [Buffer.concat([hex("04"), head(0, claims.challenge)])]),
    ...(claims.dialled === undefined ? [] : [Buffer.concat([hex("05"), head(0, claims.dialled)])]),
  ];
  return Buffer.concat([
    head(5, claims.nbf === undefined ? 4 : 5),
    hex("04"), head(0, claims.exp),
    ...(claims.nbf === undefined ? [] : [hex("05"), head(0, claims.nbf)]),
    hex("06"), head(0, claims.iat),
    hex("07"), item(2, claims.cti ?? Buffer.alloc(8, 7)),
    hex("3a00010000"), head(5, approach.length), ...approach,
  ]);
}

function item(major: number, content: Buffer): Buffer {
  return Buffer.concat([head(major, content.length), content]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return Buffer.concat([Buffer.from([(major << 5) | (23 + [1, 2, 4, 8].indexOf(size) + 1)]), bytes.subarray(8 - size)]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}
