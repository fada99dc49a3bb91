import type { Bytes } from "./bytes.ts";
import { verifyEd25519 } from "./ed25519.ts";
import type { KeySet, SigningKey } from "./keyset.ts";
import { type Token, beginsLikeToken, parseToken, signedBytes, startOf } from "./token.ts";

/** What the bytes, the keys and the time say. Use, withdrawal and record are the service's to know. */
export type LocalVerdict = "good" | "not_genuine" | "not_yet_valid" | "expired" | "withdrawn" | "mistyped";

/** A local verdict, with what the token says once its signature holds. Anybody can write what stands in another. */
export interface LocalCheck {
  readonly verdict: LocalVerdict;
  readonly token: Token | null;
}

const LONGEST_LIFE = 600;
const LATEST_START = 86400;
const CLOCK_LEEWAY = 60;

/** Checks a token in the protocol's order: shape, signature, key status, lifetime, window. */
export async function verifyToken(bytes: Bytes, keySet: KeySet, issuer: string, now: number): Promise<LocalCheck> {
  const token = parseToken(bytes);
  if (token === null) return { verdict: beginsLikeToken(bytes) ? "not_genuine" : "mistyped", token };
  const key = keySet.keys.get(token.kid);
  const signed = key !== undefined && (await verifyEd25519(key.publicKey, signedBytes(token, issuer), token.signature));
  return signed ? { verdict: judge(token, key, now), token } : { verdict: "not_genuine", token: null };
}

function judge(token: Token, key: SigningKey, now: number): LocalVerdict {
  // a revoked key withdraws all its tokens: a thief who holds it also chooses their dates
  if (key.revoked) return "withdrawn";
  if (token.issuedAt < key.notBefore || token.expiresAt > key.expiresAt) return "not_genuine";
  if (!soundLifetime(token)) return "not_genuine";
  if (now < startOf(token) - CLOCK_LEEWAY) return "not_yet_valid";
  return now < token.expiresAt + CLOCK_LEEWAY ? "good" : "expired";
}

function soundLifetime(token: Token): boolean {
  const life = token.expiresAt - startOf(token);
  if (life < 1 || life > LONGEST_LIFE) return false;
  if (token.notBefore === null) return true;
  const ahead = token.notBefore - token.issuedAt;
  return ahead > 0 && ahead <= LATEST_START && token.challenge === null;
}
