import type { Browser, Page } from "puppeteer-core";
import { freePort } from "../program.ts";
import { puppeteer } from "../tools.ts";
import {
  BrowserHome,
  type Engine,
  EnginePage,
  PATIENCE_MS,
  PHONE_SIZE,
  type PageCode,
  SETPRIV,
  type Size,
  endsWithUs,
  missingPackages,
} from "./engine.ts";
import { Marionette } from "./marionette.ts";

export const FIREFOX = "/usr/bin/firefox-esr";

/** Debian's Firefox, by WebDriver BiDi. */
export class Firefox implements Engine {
  readonly name = "Firefox";
  readonly missing = missingPackages({ "firefox-esr": FIREFOX });
  readonly wantsTls = false;
  private home: BrowserHome | null = null;
  private browser: Browser | null = null;
  private marionettePort = 0;
  private marionette: Promise<Marionette> | null = null;

  async start(): Promise<void> {
    this.home = new BrowserHome();
    this.marionettePort = await freePort();
    this.browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: SETPRIV,
      // the program to start comes first, so the library cannot put its own in front
      ignoreDefaultArgs: true,
      args: [...endsWithUs(FIREFOX), "--headless", "--marionette"],
      // passkeys are made by devices of a test's, and by no others
      extraPrefsFirefox: { "marionette.port": this.marionettePort, "security.webauth.webauthn_enable_softtoken": true, "security.webauth.webauthn_enable_usbtoken": false },
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
    return new FirefoxPage(page, () => this.addDevice());
  }

  private async addDevice(): Promise<() => Promise<void>> {
    this.marionette ??= Marionette.open(this.marionettePort);
    return (await this.marionette).addDevice();
  }

  async close(): Promise<void> {
    try {
      await this.browser?.close();
    } finally {
      // not before: the two share one session, which ends with it
      (await this.marionette)?.close();
      this.home?.remove();
    }
  }
}

class FirefoxPage extends EnginePage {
  private removeDevice: (() => Promise<void>) | null = null;

  constructor(
    private readonly page: Page,
    private readonly addDevice: () => Promise<() => Promise<void>>,
  ) {
    super();
  }

  evaluate<A, R>(code: PageCode<A, R>, given: A): Promise<R> {
    return this.page.evaluate(code as PageCode<unknown, R>, given) as Promise<R>;
  }

  async run(script: string): Promise<void> {
    await this.page.evaluate(script);
  }

  async waitFor(path: string): Promise<void> {
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

  async click(path: string): Promise<void> {
    await this.reach(path);
    await this.page.locator(`::-p-xpath(${path})`).click();
  }

  async clickTwice(path: string): Promise<void> {
    await this.reach(path);
    await this.page.locator(`::-p-xpath(${path})`).click({ count: 2 });
  }

  /** Scrolls it to where nothing is over it, as somebody does who presses it. */
  private async reach(path: string): Promise<void> {
    const found = await this.page.waitForSelector(`::-p-xpath(${path})`, { visible: true });
    await found?.evaluate((it) => it.scrollIntoView({ block: "center" }));
  }

  resize(size: Size): Promise<void> {
    return this.page.setViewport(size);
  }

  async photograph(): Promise<Buffer> {
    return Buffer.from(await this.page.screenshot());
  }

  async bringDevice(): Promise<void> {
    this.removeDevice = await this.addDevice();
  }

  fill(selector: string, text: string): Promise<void> {
    return this.page.locator(selector).fill(text);
  }

  async close(): Promise<void> {
    // it is there for all pages of the browser
    await this.removeDevice?.();
    await this.page.browserContext().close();
  }
}
