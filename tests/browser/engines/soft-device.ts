import { generateKeyPairSync, randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { esbuild } from "../tools.ts";
import type { EnginePage } from "./engine.ts";
import type { Held } from "./soft-passkey.ts";

const entry = fileURLToPath(new URL("soft-passkey.ts", import.meta.url));
const script = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: "iife", target: "es2022" });

// where the script finds what the device holds
declare const held: Held;

/** A device in software, for one page. It does not outlive the page's document, so it is put into the next one again. */
export class SoftDevice {
  private held: Held = { id: randomBytes(20).toString("base64url"), key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }) as JsonWebKey, handle: null };

  async bring(page: EnginePage): Promise<void> {
    await page.run(`globalThis.held = ${JSON.stringify(this.held)};${script.outputFiles[0]?.text ?? ""}`);
  }

  /** Takes it out of a page that is about to go. */
  async take(page: EnginePage): Promise<void> {
    this.held = await page.evaluate(() => held, null);
  }
}
