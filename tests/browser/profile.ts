import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, BrowserContextOptions } from "playwright-core";
import { CHROMIUM, PHONE, QUIET, Visit } from "./browser.ts";
import { chromium } from "./tools.ts";

type Settings = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>;

/** Chromium as a person has it: with a profile of its own on disk, and its cache on. */
export class Profile {
  private constructor(
    readonly folder: string,
    private readonly settings: Settings,
    private context: BrowserContext,
  ) {}

  static async open(switches: readonly string[] = [], options: BrowserContextOptions = {}): Promise<Profile> {
    const folder = mkdtempSync(join(tmpdir(), "countersign-profile-"));
    // no routes: with one, Playwright would switch the cache off
    const settings = { ...PHONE, ...options, executablePath: CHROMIUM, args: [...QUIET, ...switches] };
    return new Profile(folder, settings, await chromium.launchPersistentContext(folder, settings));
  }

  /** A tab. It stays open until the browser is closed. */
  async visit(address: string): Promise<Visit> {
    const visit = new Visit(await this.context.newPage());
    await visit.page.goto(address);
    return visit;
  }

  /** Closes the browser, which then writes what it still has to write. */
  async close(): Promise<void> {
    await this.context.close();
  }

  /** Closes the browser and starts it again, as on another day. */
  async restart(): Promise<void> {
    await this.close();
    this.context = await chromium.launchPersistentContext(this.folder, this.settings);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
