import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readProjectFile } from "../../../web/test/files.ts";
import { OWN, expectedCode, expectedInput, readSharedVectors } from "../../../web/test/shared-vectors.ts";
import type { Exposed } from "../bundle.ts";
import { esbuild } from "../tools.ts";
import type { EnginePage } from "./engine.ts";
import type { Flow, Open } from "./flows.ts";

// The page's own code on the shared vectors, with each browser's own cryptography.

const { tokens, keySets, ed25519, inputs, spoken, readings, numbers } = readSharedVectors();
declare const exposed: Exposed;

const entry = fileURLToPath(new URL("../bundle.ts", import.meta.url));
const bundle = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: "iife", target: "es2015" });

/** The page itself, under its own policy, with its code exposed. */
async function openExposed(open: Open): Promise<EnginePage> {
  const page = await open();
  await page.run(bundle.outputFiles[0]?.text ?? "");
  return page;
}

/** The families of vectors, by name. */
export const families: Readonly<Record<string, Flow>> = {
  tokens: async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(
      ({ vectors, key_set, issuer, root, now }) =>
        Promise.all(vectors.map(({ token_hex }) => exposed.token(token_hex, key_set, issuer, root.x, now))),
      tokens,
    );
    compare(tokens.vectors, found, (vector) => vector.expect);
  },

  "key sets": async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(
      ({ vectors, issuer, root, now, minimum_version }) =>
        Promise.all(vectors.map(({ jwt }) => exposed.keySet(jwt, issuer, root.x, now, minimum_version))),
      keySets,
    );
    compare(keySets.vectors, found, (vector) => vector.expect);
  },

  Ed25519: async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(
      ({ vectors }) => Promise.all(vectors.map((v) => exposed.ed25519(v.public_key_hex, v.message_hex, v.signature_hex))),
      ed25519,
    );
    compare(ed25519.vectors, found, (vector) => vector.expect);
  },

  inputs: async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(({ vectors }) => vectors.map(({ input }) => exposed.input(input)), inputs);
    compare(inputs.vectors, found, (vector) => expectedInput(vector.expect));
  },

  "whatever people give": async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(
      ({ vectors, words, own }) => vectors.map((v) => exposed.given(v.input, words, own)),
      { ...readings, own: OWN, words: readProjectFile("src/token/words.txt") },
    );
    compare(readings.vectors, found, ({ expect }) => asGiven(expect));
    const read = await page.evaluate(({ vectors }) => vectors.map((v) => exposed.number(v.input)), numbers);
    compare(numbers.vectors, read, ({ expect }) => expect);
  },

  "spoken codes": async (open) => {
    const page = await openExposed(open);
    const found = await page.evaluate(
      ({ vectors, words }) => vectors.map((v) => exposed.spoken(v.input, v.spoken_words, words)),
      { ...spoken, words: readProjectFile("src/token/words.txt") },
    );
    compare(spoken.vectors, found, (vector) => expectedCode(vector.expect));
  },
};

/** Names with what was found, beside names with what should have been. */
function compare<V extends { readonly name: string }>(
  vectors: readonly V[],
  found: readonly string[],
  expected: (vector: V) => string,
): void {
  assert.ok(vectors.length > 0);
  assert.deepEqual(vectors.map(({ name }, i) => [name, found[i]]), vectors.map((vector) => [vector.name, expected(vector)]));
}

/** What a reading should come to, as the page's own code says it. */
function asGiven(expect: object): string {
  if ("token_hex" in expect) return JSON.stringify(expect.token_hex);
  if ("code" in expect) return JSON.stringify(expect.code);
  if ("did_you_mean" in expect && "changed" in expect) {
    return JSON.stringify({ kind: "suggest", words: String(expect.did_you_mean).split(" "), changed: expect.changed });
  }
  const { problem, ...rest } = expect as { problem: string };
  return JSON.stringify({ kind: problem, ...rest });
}
