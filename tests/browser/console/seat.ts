import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, CDPSession, Locator } from "playwright-core";
import { PHONE, Visit } from "../browser.ts";
import { PNG, readQr } from "../tools.ts";

/** A device of Chromium's that knows its person's finger. */
export const AUTHENTICATOR = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

/** A zone in which it is about noon: a code that runs out after midnight shows its day, whenever the tests run. */
function noon(): string {
  const ahead = 12 - new Date().getUTCHours();
  // by their sign these names run against the usual
  return `Etc/GMT${ahead > 0 ? "-" : "+"}${Math.abs(ahead)}`;
}

/** A person at the console: a browser of their own, and a device that knows their finger. */
export class Seat extends Visit {
  private cdp: CDPSession | null = null;
  private authenticator = "";

  static async take(browser: Browser, address: string, options: BrowserContextOptions = PHONE): Promise<Seat> {
    const context = await browser.newContext({ timezoneId: noon(), ...options });
    const seat = new Seat(await context.newPage());
    seat.cdp = await context.newCDPSession(seat.page);
    await seat.cdp.send("WebAuthn.enable");
    const { authenticatorId } = await seat.cdp.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
    seat.authenticator = authenticatorId;
    await seat.page.goto(address);
    return seat;
  }

  /** Makes a passkey with a one-time link, and signs in with it. */
  static async enrol(browser: Browser, link: string, options: BrowserContextOptions = PHONE): Promise<Seat> {
    const seat = await Seat.take(browser, link, options);
    await seat.press("Make a passkey");
    await seat.see("This device is ready");
    await seat.press("Sign in");
    await seat.page.getByRole("button", { name: "Sign out" }).waitFor();
    return seat;
  }

  /** Waits until every part of the screen has its answer. A clock that a test takes over would stop those that still wait. */
  async settle(): Promise<void> {
    await this.page.getByText("One moment.", { exact: true }).first().waitFor({ state: "detached" });
  }

  /** Whether the device finds the person's finger or PIN right. */
  async verifies(isUserVerified: boolean): Promise<void> {
    await this.cdp?.send("WebAuthn.setUserVerified", { authenticatorId: this.authenticator, isUserVerified });
  }

  override async press(name: string): Promise<void> {
    await this.mean(this.page.getByRole("button", { name, exact: true }));
  }

  /** Presses a button as somebody who has read what it says: what cannot be undone takes no press before the screen stands still. */
  async mean(button: Locator): Promise<void> {
    if ((await button.getAttribute("data-meant")) !== null) await this.stand();
    await button.click();
  }

  /** Waits until the screen stands still. */
  async stand(): Promise<void> {
    await this.page.locator("html:not(.is-moving)").waitFor();
  }

  /** Withdraws the code on the screen by holding the button. */
  async hold(): Promise<void> {
    await this.stand();
    await this.page.locator(".button-hold").click({ delay: 1200 });
  }

  /** Loads the console again, and from now on the service says that this session ends in so many seconds. */
  async endsIn(seconds: number): Promise<void> {
    let end = 0;
    await this.page.route("**/v1/session", async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      const body = (await response.json()) as { readonly server_time: number };
      if (end === 0) end = body.server_time + seconds;
      await route.fulfill({ response, json: { ...body, session_ends_at: end } });
    });
    await this.page.reload();
  }

  /** How many passkeys the device holds. */
  async passkeys(): Promise<number> {
    const held = await this.cdp?.send("WebAuthn.getCredentials", { authenticatorId: this.authenticator });
    return held?.credentials.length ?? 0;
  }

  async losePasskeys(): Promise<void> {
    await this.cdp?.send("WebAuthn.clearCredentials", { authenticatorId: this.authenticator });
  }

  /** Waits for a text on the screen. */
  async read(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Makes a code in two taps, and waits until it is on the screen. */
  async makeCode(channel: "In person" | "By telephone" | "Online or in writing", fill = async (): Promise<unknown> => null): Promise<void> {
    await this.press(channel);
    await fill();
    await this.press("Make code");
    await this.read("Not checked yet");
  }

  /** The link in the QR code, read from the picture of the screen as a camera does. */
  async scan(): Promise<string> {
    const picture = await this.page.locator(".qr img").screenshot();
    const { data, width, height } = PNG.sync.read(picture);
    const found = readQr(new Uint8ClampedArray(data), width, height);
    assert.ok(found, "no QR code on the screen");
    return found.data;
  }

  /** What of these is out of sight, or behind the foot of the screen. */
  async covered(parts: string): Promise<readonly string[]> {
    return this.page.evaluate((which) => {
      const foot = document.querySelector(".foot");
      const end = foot?.getBoundingClientRect().top ?? 0;
      return Array.from(document.querySelectorAll(which), (part) => ({ part, box: part.getBoundingClientRect() }))
        .filter(({ part, box }) => box.height > 0 && (box.top < 0 || box.bottom > (foot?.contains(part) === true ? window.innerHeight : end)))
        .map(({ part }) => part.textContent || part.className);
    }, parts);
  }

  /** The words on the screen. */
  async words(): Promise<string> {
    return (await this.page.locator(".word").allInnerTexts()).join(" ");
  }

  /** Everything that the browser keeps for the console, as text. */
  async kept(): Promise<string> {
    return this.page.evaluate(async () => {
      const found: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases()];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) found.push(request.url, await (await cache.match(request))?.text());
      }
      return JSON.stringify(found);
    });
  }

  /** Waits until the console's worker shows it without a network. */
  async untilKept(): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
  }
}
