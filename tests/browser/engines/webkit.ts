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
  buttonPath,
  endsWithUs,
  missingPackages,
} from "./engine.ts";

const DRIVER = "/usr/bin/WebKitWebDriver";
const DISPLAY = "/usr/bin/Xvfb";

const { Builder, By, until } = selenium;

/** Debian's WebKitGTK, by its own driver, which starts its MiniBrowser with `--automation`. */
export class WebKit implements Engine {
  readonly name = "WebKit";
  readonly missing = missingPackages({ "webkit2gtk-driver": DRIVER, xvfb: DISPLAY });
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
    this.driver = await new Builder().usingServer(address).forBrowser("MiniBrowser").build();
    this.firstWindow = await this.driver.getWindowHandle();
  }

  async open(url: string): Promise<EnginePage> {
    if (this.driver === null) throw new Error("not started");
    // a tab would open behind the first one, where nobody sees it
    await this.driver.switchTo().newWindow("window");
    await this.driver.manage().window().setRect(PHONE_SIZE);
    await this.driver.get(url);
    return new WebKitPage(this.driver, this.firstWindow);
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

  protected async waitFor(path: string): Promise<void> {
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

  reload(): Promise<void> {
    return this.driver.navigate().refresh();
  }

  async press(button: string): Promise<void> {
    await (await this.find(By.xpath(buttonPath(button)))).click();
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
