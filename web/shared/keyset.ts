import { type Bytes, asciiBytes, fromBase64url, fromUtf8, toBase64url, toHex } from "./bytes.ts";
import { isSoundKey, sha256, verifyEd25519 } from "./ed25519.ts";
import { secondsOf } from "./seconds.ts";

/** One signing key of the published set. */
export interface SigningKey {
  readonly publicKey: Bytes;
  readonly notBefore: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/** A key set that the pinned root signed and that is valid now. Keys are found by their 4-byte prefix in hex. */
export interface KeySet {
  readonly version: number;
  readonly keys: ReadonlyMap<string, SigningKey>;
}

/** What a key set must satisfy. */
export interface KeySetPolicy {
  readonly issuer: string;
  /** The public key of the pinned root, in base64url. */
  readonly root: string;
  readonly minimumVersion: number;
}

type Json = { readonly [name: string]: unknown };

// A set has one spelling: these members in this order, compact JSON. Anything else could mean one thing to
// us and another to the service.
const HEADER_MEMBERS = ["alg", "typ", "kid"];
const PAYLOAD_MEMBERS = ["iss", "sub", "iat", "exp", "version", "keys"];
const KEY_MEMBERS = ["kty", "crv", "x", "kid", "nbf", "exp"];
const REVOKED_KEY_MEMBERS = KEY_MEMBERS.concat("revoked");
const REVOCATION_MEMBERS = ["revoked_at", "reason"];
const LONGEST_LIFE = 35 * 86400;
const CLOCK_LEEWAY = 60;

/** Reads a signed key set; null when anything at all is wrong with it. */
export async function parseKeySet(jwt: string, policy: KeySetPolicy, now: number): Promise<KeySet | null> {
  const parts = jwt.split(".");
  const [header, payload] = [jsonOf(parts[0]), jsonOf(parts[1])];
  const signature = fromBase64url(parts[2] || "");
  if (parts.length !== 3 || header === null || payload === null || signature === null) return null;
  const rootKey = await keyMaterial(policy.root);
  if (rootKey === null || !soundHeader(header, rootKey.thumbprint)) return null;
  const signed = asciiBytes(parts[0] + "." + parts[1]);
  if (!(await verifyEd25519(rootKey.publicKey, signed, signature))) return null;
  const version = soundClaims(payload, policy, now);
  const keys = await parseKeys(payload["keys"]);
  return version === null || keys === null ? null : { version, keys };
}

function soundHeader(header: Json, rootThumbprint: string): boolean {
  return (
    hasMembers(header, HEADER_MEMBERS) &&
    header["alg"] === "Ed25519" &&
    header["typ"] === "jwk-set+jwt" &&
    header["kid"] === rootThumbprint
  );
}

function soundClaims(payload: Json, policy: KeySetPolicy, now: number): number | null {
  const name = "https://" + policy.issuer;
  const [iat, exp, version] = [secondsOf(payload["iat"]), secondsOf(payload["exp"]), secondsOf(payload["version"])];
  if (!hasMembers(payload, PAYLOAD_MEMBERS) || payload["iss"] !== name || payload["sub"] !== name) return null;
  if (iat === null || exp === null || version === null) return null;
  if (iat > now + CLOCK_LEEWAY || now >= exp || exp <= iat || exp - iat > LONGEST_LIFE) return null;
  return version >= policy.minimumVersion ? version : null;
}

async function parseKeys(list: unknown): Promise<Map<string, SigningKey> | null> {
  if (!Array.isArray(list)) return null;
  const keys = new Map<string, SigningKey>();
  for (const entry of list as unknown[]) {
    const key = isJson(entry) ? await parseKey(entry) : null;
    // two keys with one prefix would make a token's key ambiguous
    if (key === null || keys.has(key.prefix)) return null;
    keys.set(key.prefix, key);
  }
  return keys;
}

async function parseKey(entry: Json): Promise<(SigningKey & { prefix: string }) | null> {
  const material = await keyMaterial(entry["x"]);
  const [notBefore, expiresAt] = [secondsOf(entry["nbf"]), secondsOf(entry["exp"])];
  const revoked = "revoked" in entry;
  if (!hasMembers(entry, revoked ? REVOKED_KEY_MEMBERS : KEY_MEMBERS) || entry["kty"] !== "OKP" || entry["crv"] !== "Ed25519") return null;
  if (material === null || entry["kid"] !== material.thumbprint) return null;
  if (notBefore === null || expiresAt === null || notBefore >= expiresAt) return null;
  if (revoked && !soundRevocation(entry["revoked"])) return null;
  return { prefix: material.prefix, publicKey: material.publicKey, notBefore, expiresAt, revoked };
}

function soundRevocation(revoked: unknown): boolean {
  return isJson(revoked) && hasMembers(revoked, REVOCATION_MEMBERS) && secondsOf(revoked["revoked_at"]) !== null && typeof revoked["reason"] === "string";
}

interface KeyMaterial {
  readonly publicKey: Bytes;
  readonly thumbprint: string;
  readonly prefix: string;
}

/** The bytes of a key and its RFC 7638 thumbprint, which the key must be named by. */
async function keyMaterial(x: unknown): Promise<KeyMaterial | null> {
  const publicKey = typeof x === "string" ? fromBase64url(x) : null;
  if (publicKey === null || !isSoundKey(publicKey)) return null;
  const digest = await sha256(asciiBytes(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`));
  if (digest === null) return null;
  return { publicKey, thumbprint: toBase64url(digest), prefix: toHex(digest.slice(0, 4)) };
}

function jsonOf(part: string | undefined): Json | null {
  const bytes = fromBase64url(part || "");
  const text = bytes === null ? null : fromUtf8(bytes);
  try {
    const value: unknown = text === null ? null : JSON.parse(text);
    // also refuses a member that is written twice, of which JSON.parse keeps only the last
    return isJson(value) && JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
}

function hasMembers(value: Json, members: readonly string[]): boolean {
  return Object.keys(value).join() === members.join();
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
