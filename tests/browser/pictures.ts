import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PHONE, startBrowser } from "./browser.ts";
import { RealService } from "./harness.ts";

// Takes the pictures of README.md and docs/ from the real service: npm run pictures

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));

mkdirSync(FOLDER, { recursive: true });
const browser = await startBrowser();
const service = await RealService.start();
const page = await browser.newPage(PHONE);

async function picture(name: string, heading: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  await page.screenshot({ path: FOLDER + name + ".png" });
}

await page.goto(service.url);
await picture("start", "Check who is contacting you");

const { link } = service.issue("--channel", "in-person", "--name", "Anna", "--place", "Bridge Street");
await page.goto(link);
await picture("opened", "Not checked yet");
await page.getByRole("button", { name: "Check this code" }).click();
await picture("genuine", "This code is genuine");

await page.goto("about:blank");
await page.goto(link);
await page.getByRole("button", { name: "Check this code" }).click();
await picture("already-checked", "This code was checked before");

await page.goto("about:blank");
await page.goto(link.slice(0, -1) + (link.endsWith("0") ? "1" : "0"));
await page.getByRole("button", { name: "Check this code" }).click();
await picture("not-genuine", "This code is not genuine");

await service.stop();
await browser.close();
