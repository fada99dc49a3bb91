import type { SpokenWords } from "../shared/spoken.ts";
import { readVectors } from "./files.ts";

// The vectors that the service reads too: what it says of each, the page says as well.

interface Named {
  readonly name: string;
}

export interface TokenVectors {
  readonly issuer: string;
  readonly now: number;
  readonly root: { readonly x: string };
  readonly key_set: string;
  readonly vectors: readonly (Named & { readonly token_hex: string; readonly expect: string })[];
}

export interface KeySetVectors {
  readonly issuer: string;
  readonly now: number;
  readonly root: { readonly x: string };
  readonly minimum_version: number;
  readonly vectors: readonly (Named & { readonly jwt: string; readonly expect: string })[];
}

export interface Ed25519Vectors {
  readonly vectors: readonly (Named & {
    readonly public_key_hex: string;
    readonly message_hex: string;
    readonly signature_hex: string;
    readonly expect: string;
  })[];
}

export interface InputVectors {
  readonly vectors: readonly (Named & { readonly input: string; readonly expect: string | { readonly token_hex: string } })[];
}

export interface SpokenVectors {
  readonly vectors: readonly (Named & {
    readonly input: string;
    readonly spoken_words: SpokenWords;
    readonly expect: string | { readonly code: string };
  })[];
}

export interface ReferenceVectors {
  readonly vectors: readonly (Named & { readonly token_hex: string; readonly reference: string })[];
}

/** The addresses that the links of the vectors are judged by. */
export const OWN = ["https://verify.example.org", "https://vfy.example:8443"];

/** What a person gave, and what it comes to. */
export interface ReadingVectors {
  readonly vectors: readonly (Named & { readonly input: string; readonly expect: object })[];
}

export interface NumberVectors {
  readonly vectors: readonly (Named & { readonly input: string; readonly expect: string })[];
}

/** All shared vectors; a missing file throws. */
export function readSharedVectors() {
  return {
    tokens: readVectors<TokenVectors>("tokens"),
    keySets: readVectors<KeySetVectors>("keysets"),
    ed25519: readVectors<Ed25519Vectors>("ed25519"),
    inputs: readVectors<InputVectors>("inputs"),
    spoken: readVectors<SpokenVectors>("spoken"),
    references: readVectors<ReferenceVectors>("references"),
    readings: readVectors<ReadingVectors>("readings"),
    numbers: readVectors<NumberVectors>("numbers"),
  };
}

/** What parsing an input should yield, as one text. */
export function expectedInput(expect: string | { readonly token_hex: string }): string {
  return typeof expect === "string" ? expect : expect.token_hex;
}

/** What reading a spoken code should yield, as one text; leading zeros of the value do not count. */
export function expectedCode(expect: string | { readonly code: string }): string {
  return typeof expect === "string" ? expect : expect.code.replace(/^0+(?=.)/, "");
}
