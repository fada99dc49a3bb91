import { readdirSync } from "node:fs";
import { get } from "node:http";
import type { RealService } from "./harness.ts";

/** The most that a phone may have to fetch, in bytes as they travel. */
export const MOST = { page: 30_000, language: 5_000, enter: 15_000, scan: 20_000 };

/** Every language that has a catalogue. */
export const ALL = readdirSync(new URL("../../web/shared/i18n", import.meta.url)).map((file) => file.replace(".json", ""));

/** Everything that the page may fetch for itself, but the decoder, the screens for those who type and other languages. */
export async function pageSize(service: RealService): Promise<number> {
  const sizes = await Promise.all(["/", "/sw.js", "/icon.svg"].map((path) => packedSize(service.url + path)));
  return sizes.reduce((sum, size) => sum + size);
}

/** What the page says in one language, which is fetched when it is chosen. */
export async function languageSize(service: RealService, tag: string): Promise<number> {
  return packedSize(`${service.url}/language-${tag}.json`);
}

/** The screens for those who type, which are fetched once the page stands. */
export async function enterSize(service: RealService): Promise<number> {
  return packedSize(service.url + "/enter.js");
}

/** The decoder, which is fetched when scanning begins. */
export async function scanSize(service: RealService): Promise<number> {
  return packedSize(service.url + "/scan.js");
}

function packedSize(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = get(address, { headers: { "Accept-Encoding": "gzip" } }, (response) => {
      let size = 0;
      response.on("data", (chunk: Buffer) => (size += chunk.length));
      response.on("end", () => {
        if (response.headers["content-encoding"] === "gzip") resolve(size);
        else reject(new Error(`${address} did not come packed`));
      });
    });
    asked.on("error", reject);
  });
}
