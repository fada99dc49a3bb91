import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Locator, WebDriver, WebElement } from "selenium-webdriver";
import type { DriverService as Service } from "selenium-webdriver/remote";
import { DriverService, selenium } from "../tools.ts";
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
import { SoftDevice } from "./soft-device.ts";

const DRIVER = "/usr/bin/WebKitWebDriver";
const DISPLAY = "/usr/bin/Xvfb";

const { Builder, By, Capabilities, until } = selenium;

/** Debian's WebKitGTK, by its own driver, which starts its MiniBrowser with `--automation`. */
export class WebKit implements Engine {
  readonly name = "WebKit";
  readonly missing = missingPackages({ "webkit2gtk-driver": DRIVER, xvfb: DISPLAY });
  readonly wantsTls = true;
  private home: BrowserHome | null = null;
  private display: Display | null = null;
  private service: Service | null = null;
  private driver: WebDriver | null = null;
  /** Stays while others come and go: without any the browser would end. */
  private firstWindow = "";

  async start(): Promise<void> {
    this.home = new BrowserHome();
    this.display = await Display.start();
    const environment = { ...this.home.environment, DISPLAY: this.display.name };
    const service = new DriverService.Builder(SETPRIV).addArguments(...endsWithUs(DRIVER)).setEnvironment(environment);
    this.service = service.setLoopback(true).build();
    const address = await this.service.start(PATIENCE_MS);
    // a test's own certificate is signed by nobody
    const wanted = new Capabilities().setBrowserName("MiniBrowser").setAcceptInsecureCerts(true);
    this.driver = await new Builder().usingServer(address).withCapabilities(wanted).build();
    this.firstWindow = await this.driver.getWindowHandle();
  }

  async open(url: string): Promise<EnginePage> {
    if (this.driver === null) throw new Error("not started");
    await this.openWindow(this.driver);
    await this.driver.get(url);
    const page = new WebKitPage(this.driver, this.firstWindow);
    await page.resize(PHONE_SIZE);
    return page;
  }

  /** A window without a toolbar, which would not be as narrow as a phone. A tab would open behind the first one, where nobody sees it. */
  private async openWindow(driver: WebDriver): Promise<void> {
    const before = await driver.getAllWindowHandles();
    await driver.executeScript(`document.body.innerHTML = "<button onclick='window.open(\\"about:blank\\", \\"_blank\\", \\"popup,noopener,width=360,height=740\\")'>open</button>"`);
    await driver.findElement(By.css("button")).click();
    const opened = async (): Promise<string | undefined> => (await driver.getAllWindowHandles()).find((handle) => !before.includes(handle));
    await driver.switchTo().window((await driver.wait(opened, PATIENCE_MS)) ?? "");
  }

  async close(): Promise<void> {
    // a browser that crashed has no session left to end, and the rest is ended all the same
    await this.driver?.quit().catch(() => undefined);
    await this.service?.kill();
    await this.display?.stop();
    this.home?.remove();
  }
}

class WebKitPage extends EnginePage {
  private device: SoftDevice | null = null;

  constructor(
    private readonly driver: WebDriver,
    private readonly firstWindow: string,
  ) {
    super();
  }

  evaluate<A, R>(code: PageCode<A, R>, given: A): Promise<R> {
    return this.driver.executeScript<R>(code, given);
  }

  run(script: string): Promise<void> {
    return this.driver.executeScript<void>(script);
  }

  async waitFor(path: string): Promise<void> {
    await this.find(By.xpath(path));
  }

  go(url: string): Promise<void> {
    return this.driver.get(url);
  }

  async key(name: "Shift"): Promise<void> {
    const key = { Shift: selenium.Key.SHIFT }[name];
    await this.driver.actions().keyDown(key).keyUp(key).perform();
  }

  back(): Promise<void> {
    return this.driver.navigate().back();
  }

  forward(): Promise<void> {
    return this.driver.navigate().forward();
  }

  async reload(): Promise<void> {
    await this.device?.take(this);
    await this.driver.navigate().refresh();
    await this.device?.bring(this);
  }

  /** A stand-in: this browser knows no passkeys, and its driver no device. */
  async bringDevice(): Promise<void> {
    this.device = new SoftDevice();
    await this.device.bring(this);
  }

  async click(path: string): Promise<void> {
    await (await this.reach(path)).click();
  }

  async clickTwice(path: string): Promise<void> {
    const element = await this.reach(path);
    await this.driver.actions().move({ origin: element }).press().release().press().release().perform();
  }

  /** What lies around the page counts into the size of a window, and the page follows its window after a while. */
  async resize({ width, height }: Size): Promise<void> {
    const window = this.driver.manage().window();
    await this.driver.wait(async () => {
      const got = await this.evaluate(() => ({ width: innerWidth, height: innerHeight }), null);
      if (got.width === width && got.height === height) return true;
      const outer = await window.getRect();
      await window.setRect({ width: outer.width + width - got.width, height: outer.height + height - got.height });
      return false;
    }, PATIENCE_MS);
  }

  async photograph(): Promise<Buffer> {
    return Buffer.from(await this.driver.takeScreenshot(), "base64");
  }

  async fill(selector: string, text: string): Promise<void> {
    const field = await this.find(By.css(selector));
    await field.clear();
    await field.sendKeys(text);
  }

  async close(): Promise<void> {
    await this.driver.close();
    await this.driver.switchTo().window(this.firstWindow);
  }

  /** Finds it and scrolls it to where nothing is over it, as somebody does who presses it. */
  private async reach(path: string): Promise<WebElement> {
    const element = await this.find(By.xpath(path));
    await this.driver.executeScript((it: Element) => it.scrollIntoView({ block: "center" }), element);
    return element;
  }

  private async find(locator: Locator): Promise<WebElement> {
    const element = await this.driver.wait(until.elementLocated(locator), PATIENCE_MS);
    return this.driver.wait(until.elementIsVisible(element), PATIENCE_MS);
  }
}

/** A screen that nobody sees. It finds a free number itself, and takes all that is shown on it with it when it ends. */
class Display {
  private constructor(
    readonly name: string,
    private readonly process: ChildProcess,
    private readonly ended: Promise<unknown>,
  ) {}

  static async start(): Promise<Display> {
    const command = [...endsWithUs(DISPLAY), "-displayfd", "3"];
    const process = spawn(SETPRIV, command, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    const ended = once(process, "exit");
    const failed = ended.then(() => Promise.reject(new Error(`${DISPLAY} did not start`)));
    const [number] = (await Promise.race([once(process.stdio[3] as Readable, "data"), failed])) as [Buffer];
    return new Display(`:${number.toString().trim()}`, process, ended);
  }

  async stop(): Promise<void> {
    this.process.kill();
    await this.ended;
  }
}
