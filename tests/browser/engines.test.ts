import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Chromium } from "./engines/chromium.ts";
import type { Engine, EnginePage } from "./engines/engine.ts";
import { Firefox } from "./engines/firefox.ts";
import { type Flow, flows } from "./engines/flows.ts";
import { past } from "./engines/past.ts";
import { policy } from "./engines/policy.ts";
import { scanning } from "./engines/scanning.ts";
import { families } from "./engines/vectors.ts";
import { WebKit } from "./engines/webkit.ts";
import { FakeService } from "./service.ts";

// The core flows, the page's policy and the shared vectors, in every engine that browsers are made of.

for (const engine of [new Chromium(), new Firefox(), new WebKit()]) {
  if (engine.missing === null) describe(engine.name, () => runAll(engine));
  else test(engine.name, { skip: engine.missing });
}

function runAll(engine: Engine): void {
  before(() => engine.start());
  after(() => engine.close());
  describe("flows", () => runFlows(engine, flows));
  describe("past", () => runFlows(engine, past));
  describe("policy", () => runFlows(engine, policy));
  describe("scanning", () => runFlows(engine, scanning));
  describe("vectors", () => runFlows(engine, families));
}

/** Each flow has a service of its own. */
function runFlows(engine: Engine, table: Readonly<Record<string, Flow>>): void {
  let service: FakeService;
  let page: EnginePage | null = null;
  beforeEach(async () => {
    service = await FakeService.start();
  });
  afterEach(async () => {
    service.stop();
    await page?.close();
    page = null;
  });
  for (const [name, flow] of Object.entries(table)) {
    test(name, () => flow(async (path = "/") => (page = await engine.open(service.url + path)), service));
  }
}
