import type { Browser, Page } from "playwright-core";
import { PHONE, startBrowser } from "../browser.ts";
import { AUTHENTICATOR } from "../console/seat.ts";
import { type Engine, EnginePage, PATIENCE_MS, type PageCode, type Size } from "./engine.ts";

/** Debian's Chromium. Where it is missing the start fails: it is the one browser that every run needs. */
export class Chromium implements Engine {
  readonly name = "Chromium";
  readonly missing = null;
  readonly wantsTls = false;
  private browser: Browser | null = null;

  async start(): Promise<void> {
    this.browser = await startBrowser();
  }

  async open(url: string): Promise<EnginePage> {
    if (this.browser === null) throw new Error("not started");
    const page = await this.browser.newPage(PHONE);
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(url);
    return new ChromiumPage(page);
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }
}

class ChromiumPage extends EnginePage {
  constructor(private readonly page: Page) {
    super();
  }

  evaluate<A, R>(code: PageCode<A, R>, given: A): Promise<R> {
    return this.page.evaluate(code as PageCode<unknown, R>, given);
  }

  run(script: string): Promise<void> {
    return this.page.evaluate(script);
  }

  waitFor(path: string): Promise<void> {
    return this.page.locator(path).first().waitFor();
  }

  async go(url: string): Promise<void> {
    await this.page.goto(url);
  }

  key(name: "Shift"): Promise<void> {
    return this.page.keyboard.press(name);
  }

  async back(): Promise<void> {
    await this.page.goBack();
  }

  async forward(): Promise<void> {
    await this.page.goForward();
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  click(path: string): Promise<void> {
    return this.page.locator(path).first().click();
  }

  clickTwice(path: string): Promise<void> {
    return this.page.locator(path).first().dblclick();
  }

  resize(size: Size): Promise<void> {
    return this.page.setViewportSize(size);
  }

  photograph(): Promise<Buffer> {
    return this.page.screenshot();
  }

  async bringDevice(): Promise<void> {
    const cdp = await this.page.context().newCDPSession(this.page);
    await cdp.send("WebAuthn.enable");
    await cdp.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
  }

  fill(selector: string, text: string): Promise<void> {
    return this.page.locator(selector).fill(text);
  }

  close(): Promise<void> {
    return this.page.close();
  }
}
