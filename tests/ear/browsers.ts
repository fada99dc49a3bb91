import { execFileSync } from "node:child_process";
import type { Browser as Chrome, Page as ChromePage } from "playwright-core";
import type { Browser as Fox, Page as FoxPage } from "puppeteer-core";
import { CHROMIUM, QUIET } from "../browser/browser.ts";
import { buttonPath } from "../browser/engines/engine.ts";
import { FIREFOX } from "../browser/engines/firefox.ts";
import { chromium, puppeteer } from "../browser/tools.ts";

/** A browser with a window, in which a screen reader listens. One page at a time. */
export interface Window {
  readonly name: string;
  start(): Promise<void>;
  open(url: string): Promise<void>;
  /** Presses a button with the pointer, by its own text. */
  press(name: string): Promise<void>;
  /** Puts a text into the field of the code at once, as by paste. */
  fill(text: string): Promise<void>;
  /** The text of an element. */
  text(selector: string): Promise<string>;
  /** Where the page is; nothing where it has hidden itself to leave. */
  address(): Promise<string>;
  close(): Promise<void>;
}

const FIELD = "#code";

export class ChromiumWindow implements Window {
  readonly name = "Chromium";
  private browser: Chrome | null = null;
  private page: ChromePage | null = null;

  async start(): Promise<void> {
    this.browser = await chromium.launch({ executablePath: CHROMIUM, headless: false, args: [...QUIET, "--force-renderer-accessibility"] });
    this.page = await this.browser.newPage({ viewport: null });
    activate("chromium");
  }

  async open(url: string): Promise<void> {
    await this.here.goto(url);
  }

  async press(name: string): Promise<void> {
    await this.here.locator("xpath=" + buttonPath(name)).click();
  }

  async fill(text: string): Promise<void> {
    await this.here.locator(FIELD).fill(text);
  }

  text(selector: string): Promise<string> {
    return this.here.locator(selector).first().innerText();
  }

  address(): Promise<string> {
    return this.here.evaluate(() => (document.body.hidden ? "" : location.href));
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }

  private get here(): ChromePage {
    if (this.page === null) throw new Error("not started");
    return this.page;
  }
}

export class FirefoxWindow implements Window {
  readonly name = "Firefox";
  private browser: Fox | null = null;
  private page: FoxPage | null = null;

  async start(): Promise<void> {
    const extraPrefsFirefox = { "accessibility.force_disabled": -1 };
    this.browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: false, defaultViewport: null, extraPrefsFirefox });
    this.page = (await this.browser.pages())[0] ?? (await this.browser.newPage());
    activate("firefox");
  }

  async open(url: string): Promise<void> {
    await this.here.goto(url);
  }

  async press(name: string): Promise<void> {
    await this.here.locator(`::-p-xpath(${buttonPath(name)})`).click();
  }

  async fill(text: string): Promise<void> {
    await this.here.locator(FIELD).fill(text);
  }

  text(selector: string): Promise<string> {
    return this.here.$eval(selector, (element) => (element as HTMLElement).innerText);
  }

  address(): Promise<string> {
    return this.here.evaluate(() => (document.body.hidden ? "" : location.href));
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }

  private get here(): FoxPage {
    if (this.page === null) throw new Error("not started");
    return this.page;
  }
}

/** Gives a browser's window the keys of the display. */
function activate(kind: string): void {
  execFileSync("xdotool", ["search", "--sync", "--onlyvisible", "--class", kind, "windowactivate", "--sync"], { timeout: 10000 });
}
