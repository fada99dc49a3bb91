import { after, afterEach, before, describe, test } from "node:test";
import { Chromium } from "./engines/chromium.ts";
import type { Engine, EnginePage } from "./engines/engine.ts";
import { Firefox } from "./engines/firefox.ts";
import { deciding } from "./engines/console-deciding.ts";
import { officers } from "./engines/console-officer.ts";
import { WebKit } from "./engines/webkit.ts";
import { RealService } from "./harness.ts";

// What the console does for those at it, in every engine that browsers are made of, against the real service. The finer points are
// shown in Chromium alone. Passkeys come from devices that Chromium and Firefox have for tests, and go through the browser's own
// code. WebKitGTK knows no passkeys: a function of ours stands in their place (soft-passkey.ts). A page that is hidden is simulated.

// All at once, because people who read what they press make most of the time pass.
describe("console", { concurrency: true }, () => {
  for (const engine of [new Chromium(), new Firefox(), new WebKit()]) {
    if (engine.missing === null) describe(engine.name, { concurrency: 1 }, () => runAll(engine));
    else test(engine.name, { skip: engine.missing });
  }
});

function runAll(engine: Engine): void {
  let service: RealService;
  let page: EnginePage | null = null;
  before(async () => {
    [service] = await Promise.all([RealService.start({ tls: engine.wantsTls }), engine.start()]);
  });
  after(async () => {
    await engine.close();
    await service.stop();
  });
  afterEach(async () => {
    await page?.close();
    page = null;
  });
  for (const [name, flow] of Object.entries({ ...officers, ...deciding })) {
    test(name, () => flow(async (link) => (page = await engine.open(link)), service));
  }
}
