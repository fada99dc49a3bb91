import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { wordList } from "../shared/spoken.ts";

const root = new URL("../../", import.meta.url);

/** A file of the project, by its path from the top. */
export function readProjectFile(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, root)), "utf8");
}

/** A file of shared vectors. A missing file is a failure, never a skipped test. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readProjectFile(`tests/vectors/${name}.json`)) as T;
}

export const list = wordList(readProjectFile("src/token/words.txt").trim().split("\n"));

export { fromHex } from "./hex.ts";

/** The vector of protocol.json. */
export interface ProtocolVector {
  readonly name: string;
  readonly token_hex: string;
  readonly text: string;
  readonly link: string;
  readonly words5: string;
  readonly words6: string;
  readonly digits15: string;
  readonly digits18: string;
}

export interface Protocol {
  readonly issuer: string;
  readonly public_jwk: { readonly kty: string; readonly crv: string; readonly x: string };
  readonly kid_jwk: string;
  readonly vectors: readonly ProtocolVector[];
}

export const protocol = readVectors<Protocol>("protocol");
