import { existsSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { toLinkDigits } from "../../web/shared/link.ts";
import { codeOfToken, digitsOfCode, wordsOfCode } from "../../web/shared/spoken.ts";
import { list } from "../../web/test/files.ts";
import { ELSEWHERE } from "./service.ts";
import { chromium } from "./tools.ts";

export const CHROMIUM = "/usr/bin/chromium";
export const QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/**
 * Starts Debian's Chromium, with switches of its own and without those of the driver's that are in a test's way. A missing
 * browser is a failure, never a skipped test.
 */
export async function startBrowser(switches: readonly string[] = [], without: string[] = []): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: the browser tests cannot run. Install Debian's chromium.`);
  return chromium.launch({ executablePath: CHROMIUM, args: [...QUIET, ...switches], ignoreDefaultArgs: without });
}

export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 };
export const NARROW = { viewport: { width: 320, height: 640 } } satisfies BrowserContextOptions;
export const DESKTOP = { viewport: { width: 1280, height: 800 } } satisfies BrowserContextOptions;

/** The fragment that a QR holds. */
export function fragmentOf(token: Uint8Array): string {
  return "/#" + toLinkDigits(Uint8Array.from(token));
}

/** The words of a token. */
export async function wordsOf(token: Uint8Array): Promise<string> {
  return wordsOfCode(await codeOf(token), 5, list).join(" ");
}

/** The digits of a token, in groups of three as they are read out. */
export async function digitsOf(token: Uint8Array): Promise<string> {
  return digitsOfCode(await codeOf(token), 5).replace(/(...)(?=.)/g, "$1 ");
}

async function codeOf(token: Uint8Array): Promise<number> {
  const code = await codeOfToken(Uint8Array.from(token), 5);
  if (code === null) throw new Error("no SHA-256 here");
  return code;
}

/** What Chromium itself says of a host that fails; no fault of the page. */
const FAILING_HOST = /Failed to load resource|in the 'integrity' attribute|Fetch API cannot load|when fetching the script\.$/;

/** A page of its own, which collects what went wrong in it and where it sent requests. */
export class Visit {
  readonly errors: string[] = [];
  /** What Chromium said of files whose digest was wrong. */
  readonly refused: string[] = [];
  readonly origins = new Set<string>();
  readonly paths: string[] = [];

  constructor(readonly page: Page) {
    page.setDefaultTimeout(10000);
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => {
      if (/in the 'integrity' attribute/.test(message.text())) this.refused.push(message.text());
      if (message.type() === "error" && !FAILING_HOST.test(message.text())) this.errors.push(message.text());
    });
    page.on("request", (request) => {
      const { href, origin, pathname } = new URL(request.url());
      if (href === ELSEWHERE) return;
      this.origins.add(origin);
      this.paths.push(pathname);
    });
  }

  static async open(browser: Browser, address: string, options: BrowserContextOptions = PHONE, before = ""): Promise<Visit> {
    const context = await browser.newContext(options);
    if (before !== "") await context.addInitScript(before);
    await context.route(ELSEWHERE, (route) => route.fulfill({ body: "elsewhere" }));
    const visit = new Visit(await context.newPage());
    await visit.page.goto(address);
    return visit;
  }

  /** Waits for the screen with this heading. */
  async see(heading: string): Promise<void> {
    await this.page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  }

  /** Waits for an answer, also behind Stop, where it is not the first without a genuine code. */
  async seeAnswer(heading: string): Promise<void> {
    const stop = this.page.locator(".screen-stop");
    await this.page.getByRole("heading", { level: 1, name: heading, exact: true }).or(stop).first().waitFor();
    if (await stop.isVisible()) await this.press("Go back");
    await this.see(heading);
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Chooses a language from the menu, by its own name. */
  async speak(language: string): Promise<void> {
    await this.press(language);
    // the menu has those languages that the page is not in
    await this.page.getByRole("button", { name: language, exact: true }).waitFor({ state: "detached" });
  }

  /** Enters a code by hand, from the start screen. */
  async enter(way: "words" | "digits" | "link", code: string): Promise<void> {
    const ways = { words: /^Type the words/, digits: /^Type the digits/, link: /^Paste a link/ };
    await this.page.getByRole("button", { name: ways[way] }).click();
    await this.page.locator("#code").fill(code);
    await this.press("Check this code");
  }

  /** All text on the screen. */
  async text(): Promise<string> {
    return this.page.locator("main").innerText();
  }

  /** Whether the page is wider than its window. */
  async overflows(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
