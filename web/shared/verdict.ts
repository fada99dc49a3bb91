import type { LocalVerdict } from "./verify.ts";

/** Every verdict there is, from the mildest to the strictest: of two, the later one is shown. */
export const STRICTNESS = [
  "genuine",
  "already_checked",
  "challenge_needed",
  "cannot_check",
  "mistyped",
  "unknown_code",
  "not_yet_valid",
  "expired",
  "other_challenge",
  "withdrawn",
  "not_genuine",
] as const;

export type Verdict = (typeof STRICTNESS)[number];

/** Reads a verdict's name from an answer. */
export function verdictOf(value: unknown): Verdict | null {
  return STRICTNESS.filter((verdict) => verdict === value)[0] || null;
}

/** The stricter of two verdicts: `genuine` only where both say so. */
export function stricter(a: Verdict, b: Verdict): Verdict {
  return STRICTNESS.indexOf(a) > STRICTNESS.indexOf(b) ? a : b;
}

/** A local check that found nothing wrong permits `genuine`; it never makes it. */
export function fromLocal(verdict: LocalVerdict): Verdict {
  return verdict === "good" ? "genuine" : verdict;
}

/** The challenge table of the protocol: what the token carries against what the asker gave. */
export function judgeChallenge(carried: number | null, given: string | null): Verdict {
  if (given !== null) return carried === Number(given) ? "genuine" : "other_challenge";
  return carried === null ? "genuine" : "challenge_needed";
}
