import assert from "node:assert/strict";
import { afterEach } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { PHONE, Visit } from "../browser.ts";
import type { Difference, Role } from "../harness.ts";
import { RealStage } from "../stage.ts";
import { Seat } from "./seat.ts";

/** One browser and one real service for a file, and people at the console, whose pages must end without an error. */
export class ConsoleStage extends RealStage {
  private readonly open: { readonly visit: Visit; readonly origin: string }[] = [];
  private people = 0;

  constructor(difference: Difference = {}) {
    super(difference);
    afterEach(() => this.endTest());
  }

  /** Somebody new, signed in. Each has a name of their own. */
  async person(role: Role, options: BrowserContextOptions = PHONE): Promise<Seat & { readonly callsign: string }> {
    const callsign = `${role}-${++this.people}`;
    const seat = await this.sit(this.service.enrol(callsign, role), options);
    return Object.assign(seat, { callsign });
  }

  /** An officer who has an authorisation for every way to reach people. */
  async officer(options: BrowserContextOptions = PHONE): Promise<Seat & { readonly callsign: string }> {
    const callsign = `officer-${++this.people}`;
    const link = this.service.enrol(callsign, "officer");
    this.service.authorise(callsign, `R-${this.people}`);
    const seat = await this.sit(link, options);
    await seat.see("Make a code");
    await seat.settle();
    return Object.assign(seat, { callsign });
  }

  /** A browser without any passkey yet. */
  async browse(address = this.service.consoleUrl): Promise<Seat> {
    return this.watch(await Seat.take(this.browser, address), this.service.consoleUrl);
  }

  /** A person who was approached, on the public page. */
  async visit(address = this.service.url): Promise<Visit> {
    return this.watch(await Visit.open(this.browser, address), this.service.url);
  }

  private async sit(link: string, options: BrowserContextOptions): Promise<Seat> {
    return this.watch(await Seat.enrol(this.browser, link, options), this.service.consoleUrl);
  }

  private watch<V extends Visit>(visit: V, origin: string): V {
    this.open.push({ visit, origin });
    return visit;
  }

  private async endTest(): Promise<void> {
    for (const { visit, origin } of this.open.splice(0)) {
      assert.deepEqual(visit.errors, []);
      assert.deepEqual([...visit.origins].filter((one) => one !== "null"), [origin], "no request leaves the origin");
      await visit.close();
    }
  }
}
