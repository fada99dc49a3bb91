import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser as Chrome, CDPSession, Page as ChromePage } from "playwright-core";
import { CHROMIUM, QUIET } from "../browser/browser.ts";
import { buttonPath } from "../browser/engines/engine.ts";
import { FIREFOX } from "../browser/engines/firefox.ts";
import { Marionette } from "../browser/engines/marionette.ts";
import { AUTHENTICATOR } from "../browser/console/seat.ts";
import { end, freePort } from "../browser/program.ts";
import { chromium } from "../browser/tools.ts";

/** A browser with a window, in which a screen reader listens. One page at a time. */
export interface Window {
  readonly name: string;
  start(): Promise<void>;
  open(url: string): Promise<void>;
  /** Presses a button with the pointer, by its own text. */
  press(name: string): Promise<void>;
  /** Puts a text into the field of the code at once, as by paste. */
  fill(text: string): Promise<void>;
  /** Moves the focus to a button, by its own text, as Tab does once it is there; `within` is the XPath of what holds it. */
  focus(name: string, within?: string): Promise<void>;
  /** The text of an element. */
  text(selector: string): Promise<string>;
  /** Has the browser know a device that holds no passkey yet, and finds the finger right whenever it is asked. */
  device(): Promise<void>;
  /** Where the page is; nothing where it has hidden itself to leave. */
  address(): Promise<string>;
  close(): Promise<void>;
}

const FIELD = "#code";
const SETTINGS = {
  "accessibility.force_disabled": -1,
  "browser.aboutwelcome.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  // virtual authenticators are used in the place of real ones only so
  "security.webauth.webauthn_enable_softtoken": true,
  "security.webauth.webauthn_enable_usbtoken": false,
};

export class ChromiumWindow implements Window {
  readonly name = "Chromium";
  private browser: Chrome | null = null;
  private page: ChromePage | null = null;
  private cdp: CDPSession | null = null;

  async start(): Promise<void> {
    this.browser = await chromium.launch({ executablePath: CHROMIUM, headless: false, args: [...QUIET, "--force-renderer-accessibility"] });
    this.page = await this.browser.newPage({ viewport: null });
    this.page.setDefaultTimeout(10000);
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

  async focus(name: string, within = ""): Promise<void> {
    await this.here.locator("xpath=" + within + buttonPath(name)).first().focus();
  }

  text(selector: string): Promise<string> {
    return this.here.locator(selector).first().innerText();
  }

  async device(): Promise<void> {
    await this.cdp?.detach();
    this.cdp = await this.here.context().newCDPSession(this.here);
    await this.cdp.send("WebAuthn.enable");
    await this.cdp.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
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
  private folder = "";
  private browser: ChildProcess | null = null;
  private marionette: Marionette | null = null;
  private removeDevice: (() => Promise<void>) | null = null;

  async start(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "countersign-ear-"));
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, "marionette.port": port }).map(([name, value]) => `user_pref("${name}", ${value});\n`);
    writeFileSync(join(this.folder, "user.js"), settings.join(""));
    const browser = spawn(FIREFOX, ["--marionette", "--new-instance", "--profile", this.folder], { stdio: "ignore" });
    this.browser = browser;
    this.marionette = await Marionette.open(port, () => browser.exitCode !== null);
    await this.marionette.begin();
    activate("firefox");
  }

  async open(url: string): Promise<void> {
    await this.here.ask("WebDriver:Navigate", { url });
  }

  async press(name: string): Promise<void> {
    await this.here.ask("WebDriver:ElementClick", { id: await this.here.find("xpath", buttonPath(name)) });
  }

  async focus(name: string, within = ""): Promise<void> {
    await this.here.find("xpath", within + buttonPath(name));
    await this.run("document.evaluate(arguments[0], document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue.focus()", within + buttonPath(name));
  }

  async fill(text: string): Promise<void> {
    await this.here.find("css selector", FIELD);
    const put = `const field = document.querySelector("${FIELD}"); field.value = arguments[0];`;
    await this.run(put + "field.dispatchEvent(new InputEvent('input', { bubbles: true }))", text);
  }

  text(selector: string): Promise<string> {
    return this.run("return document.querySelector(arguments[0]).innerText", selector);
  }

  address(): Promise<string> {
    return this.run("return document.body.hidden ? '' : location.href");
  }

  async device(): Promise<void> {
    await this.removeDevice?.();
    this.removeDevice = await this.here.addDevice();
  }

  async close(): Promise<void> {
    this.marionette?.close();
    if (this.browser !== null) await end(this.browser);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private async run(script: string, ...args: readonly string[]): Promise<string> {
    return String(await this.here.ask("WebDriver:ExecuteScript", { script, args }));
  }

  private get here(): Marionette {
    if (this.marionette === null) throw new Error("not started");
    return this.marionette;
  }
}

/** Gives a browser's window the keys of the display. */
function activate(kind: string): void {
  execFileSync("xdotool", ["search", "--sync", "--onlyvisible", "--class", kind, "windowactivate", "--sync"], { timeout: 10000 });
}
