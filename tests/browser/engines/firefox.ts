import type { Browser, Page } from "puppeteer-core";
import { puppeteer } from "../tools.ts";
import {
  BrowserHome,
  type Engine,
  EnginePage,
  PATIENCE_MS,
  PHONE_SIZE,
  type PageCode,
  SETPRIV,
  buttonPath,
  endsWithUs,
  missingPackages,
} from "./engine.ts";

export const FIREFOX = "/usr/bin/firefox-esr";

/** Debian's Firefox, by WebDriver BiDi. */
export class Firefox implements Engine {
  readonly name = "Firefox";
  readonly missing = missingPackages({ "firefox-esr": FIREFOX });
  private home: BrowserHome | null = null;
  private browser: Browser | null = null;

  async start(): Promise<void> {
    this.home = new BrowserHome();
    this.browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: SETPRIV,
      // the program to start comes first, so the library cannot put its own in front
      ignoreDefaultArgs: true,
      args: [...endsWithUs(FIREFOX), "--headless"],
      env: this.home.environment,
      defaultViewport: PHONE_SIZE,
    });
  }

  async open(url: string): Promise<EnginePage> {
    if (this.browser === null) throw new Error("not started");
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(url);
    return new FirefoxPage(page);
  }

  async close(): Promise<void> {
    try {
      await this.browser?.close();
    } finally {
      this.home?.remove();
    }
  }
}

class FirefoxPage extends EnginePage {
  constructor(private readonly page: Page) {
    super();
  }

  evaluate<A, R>(code: PageCode<A, R>, given: A): Promise<R> {
    return this.page.evaluate(code as PageCode<unknown, R>, given) as Promise<R>;
  }

  async run(script: string): Promise<void> {
    await this.page.evaluate(script);
  }

  protected async waitFor(path: string): Promise<void> {
    await this.page.waitForSelector(`::-p-xpath(${path})`, { visible: true });
  }

  async go(url: string): Promise<void> {
    await this.page.goto(url);
  }

  key(name: "Shift"): Promise<void> {
    return this.page.keyboard.press(name);
  }

  async back(): Promise<void> {
    await this.page.goBack({ waitUntil: [] });
  }

  async forward(): Promise<void> {
    await this.page.goForward({ waitUntil: [] });
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  press(button: string): Promise<void> {
    return this.page.locator(`::-p-xpath(${buttonPath(button)})`).click();
  }

  fill(selector: string, text: string): Promise<void> {
    return this.page.locator(selector).fill(text);
  }

  close(): Promise<void> {
    return this.page.browserContext().close();
  }
}
