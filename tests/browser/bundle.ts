// What the vector tests call inside the browser: the page's own code, exposed.
import { fromHex } from "../../web/test/hex.ts";
import { toHex } from "../../web/shared/bytes.ts";
import { verifyEd25519 } from "../../web/shared/ed25519.ts";
import { readSpoken } from "../../web/shared/forgive.ts";
import { parseKeySet } from "../../web/shared/keyset.ts";
import { readToken } from "../../web/shared/link.ts";
import { type SpokenWords, wordList } from "../../web/shared/spoken.ts";
import { numberIn } from "../../web/shared/typed.ts";
import { verifyToken } from "../../web/shared/verify.ts";
import { interpret } from "../../web/public/interpret.ts";

const exposed = {
  async token(hex: string, jwt: string, issuer: string, root: string, now: number): Promise<string> {
    const keySet = await parseKeySet(jwt, { issuer, root, minimumVersion: 0 }, now);
    return keySet === null ? "no key set" : (await verifyToken(fromHex(hex), keySet, issuer, now)).verdict;
  },
  async keySet(jwt: string, issuer: string, root: string, now: number, minimumVersion: number): Promise<string> {
    return (await parseKeySet(jwt, { issuer, root, minimumVersion }, now)) === null ? "refused" : "good";
  },
  async ed25519(key: string, message: string, signature: string): Promise<string> {
    return (await verifyEd25519(fromHex(key), fromHex(message), fromHex(signature))) ? "accept" : "refuse";
  },
  input(text: string): string {
    const reading = readToken(text);
    return reading.kind === "bytes" ? toHex(reading.bytes) : reading.kind;
  },
  given(text: string, words: string, own: readonly string[]): string {
    const found = interpret(text, wordList(words.trim().split("\n")), own);
    return JSON.stringify(found.kind !== "ticket" ? found : found.ticket.kind === "code" ? found.ticket.code.value.toString(16) : toHex(found.ticket.bytes));
  },
  number(text: string): string {
    return numberIn(text) ?? "wrong";
  },
  spoken(text: string, size: SpokenWords, words: string): string {
    const reading = readSpoken(text, wordList(words.trim().split("\n")));
    return reading.kind === "code" && reading.code.size === size ? reading.code.value.toString(16) : "mistyped";
  },
};

export type Exposed = typeof exposed;

Object.assign(globalThis, { exposed });
