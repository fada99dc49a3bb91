import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { readProjectFile } from "../../web/test/files.ts";
import { expectedCode, expectedInput, readSharedVectors } from "../../web/test/shared-vectors.ts";
import { Visit, startBrowser } from "./browser.ts";
import type { Exposed } from "./bundle.ts";
import { FakeService } from "./service.ts";
import { esbuild } from "./tools.ts";

// The page's own code on the shared vectors, with this browser's own cryptography.

const { tokens, keySets, ed25519, inputs, spoken } = readSharedVectors();
declare const exposed: Exposed;

let browser: Browser;
let service: FakeService;
let visit: Visit;

before(async () => {
  browser = await startBrowser();
  service = await FakeService.start();
  visit = await Visit.open(browser, service.url);
  const entry = fileURLToPath(new URL("bundle.ts", import.meta.url));
  const built = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: "iife", target: "es2015" });
  await visit.page.evaluate(built.outputFiles[0]?.text ?? "");
});
after(async () => {
  service.stop();
  await browser.close();
});

/** Names with what was found, beside names with what should have been. */
async function compare<V extends { readonly name: string }>(
  vectors: readonly V[],
  found: readonly string[],
  expected: (vector: V) => string,
): Promise<void> {
  assert.ok(vectors.length > 0);
  assert.deepEqual(vectors.map(({ name }, i) => [name, found[i]]), vectors.map((vector) => [vector.name, expected(vector)]));
}

test("tokens", async () => {
  const found = await visit.page.evaluate(
    ({ vectors, key_set, issuer, root, now }) =>
      Promise.all(vectors.map(({ token_hex }) => exposed.token(token_hex, key_set, issuer, root, now))),
    tokens,
  );
  await compare(tokens.vectors, found, (vector) => vector.expect);
});

test("key sets", async () => {
  const found = await visit.page.evaluate(
    ({ vectors, issuer, root, now, minimum_version }) =>
      Promise.all(vectors.map(({ jwt }) => exposed.keySet(jwt, issuer, root, now, minimum_version))),
    keySets,
  );
  await compare(keySets.vectors, found, (vector) => vector.expect);
});

test("Ed25519", async () => {
  const found = await visit.page.evaluate(
    ({ vectors }) => Promise.all(vectors.map((v) => exposed.ed25519(v.public_key_hex, v.message_hex, v.signature_hex))),
    ed25519,
  );
  await compare(ed25519.vectors, found, (vector) => vector.expect);
});

test("inputs", async () => {
  const found = await visit.page.evaluate(({ vectors }) => vectors.map(({ input }) => exposed.input(input)), inputs);
  await compare(inputs.vectors, found, (vector) => expectedInput(vector.expect));
});

test("spoken codes", async () => {
  const found = await visit.page.evaluate(
    ({ vectors, words }) => vectors.map((v) => exposed.spoken(v.input, v.spoken_words, words)),
    { ...spoken, words: readProjectFile("src/token/words.txt") },
  );
  await compare(spoken.vectors, found, (vector) => expectedCode(vector.expect));
});
