import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { PHONE, Visit, startBrowser } from "./browser.ts";
import { type Difference, RealService } from "./harness.ts";
import { FakeService, answer } from "./service.ts";

/** One browser and one real service for a file. */
export class RealStage {
  private held: { readonly browser: Browser; readonly service: RealService } | null = null;

  constructor(difference: Difference = {}) {
    before(async () => {
      this.held = { browser: await startBrowser(), service: await RealService.start(difference) };
    });
    after(async () => {
      await this.held?.service.stop();
      await this.held?.browser.close();
    });
  }

  get browser(): Browser {
    assert.ok(this.held);
    return this.held.browser;
  }

  get service(): RealService {
    assert.ok(this.held);
    return this.held.service;
  }
}

/** One browser for a file, a fresh service for each test, and pages that must end without an error. */
export class Stage {
  private browser: Browser | null = null;
  private current: FakeService | null = null;
  private visits: { readonly visit: Visit; readonly origins: readonly string[] }[] = [];

  constructor(switches: readonly string[] = []) {
    before(async () => {
      this.browser = await startBrowser(switches);
    });
    after(() => this.browser?.close());
    beforeEach(async () => {
      this.current = await FakeService.start();
    });
    afterEach(() => this.endTest());
  }

  get service(): FakeService {
    assert.ok(this.current);
    return this.current;
  }

  async visit(path = "/", options: BrowserContextOptions = PHONE, before = ""): Promise<Visit> {
    assert.ok(this.browser);
    const visit = await Visit.open(this.browser, this.service.url + path, options, before);
    this.visits.push({ visit, origins: [this.service.url] });
    return visit;
  }

  /** Visits a page of another host, which may reach these origins only. */
  async visitElsewhere(address: string, origins: readonly string[], options: BrowserContextOptions = PHONE): Promise<Visit> {
    assert.ok(this.browser);
    const visit = await Visit.open(this.browser, address, options);
    this.visits.push({ visit, origins });
    return visit;
  }

  /** From now on the service knows this token, and answers a code with it. */
  knows(known: Buffer): void {
    const token = known.toString("base64url");
    this.service.reply = (asked) => answer("genuine", asked.code === undefined ? {} : { token });
  }

  private async endTest(): Promise<void> {
    this.service.stop();
    for (const { visit, origins } of this.visits.splice(0)) {
      assert.deepEqual(visit.errors, []);
      assert.deepEqual([...visit.origins], origins, "no request leaves the origin");
      await visit.close();
    }
  }
}
