import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Chromium } from "./engines/chromium.ts";
import type { Engine, EnginePage } from "./engines/engine.ts";
import { Firefox } from "./engines/firefox.ts";
import { WebKit } from "./engines/webkit.ts";
import { RealService } from "./harness.ts";
import { Nginx } from "./nginx.ts";
import { FakeService } from "./service.ts";
import { OWN_WORDS, TakenOver, type Workers } from "./taken-over.ts";

// An address was somebody else's for a minute. What that left in a browser goes as soon as the address is ours again.

const START = "Check who is contacting you";

/** Where another's worker may have come from, and what it stands over. */
const WORKERS: Readonly<Record<string, Workers>> = {
  "a worker beside the page": [["/portal.js", "/"]],
  "a worker in a folder that stands over everything": [["/portal/deep/worker.js?v=3", "/"]],
  "a worker at the address of another file of ours": [["/scan.js", "/"]],
  "two workers": [["/a.js", "/"], ["/b.js", "/check"]],
};

let service: RealService;
before(async () => {
  service = await RealService.start();
});
after(() => service.stop());

for (const engine of [new Chromium(), new Firefox(), new WebKit()]) {
  if (engine.missing === null) describe(engine.name, () => runAll(engine));
  else test(engine.name, { skip: engine.missing });
}

/** What of another's is left. The console keeps its own shell, by a worker of its own. */
const left = (page: EnginePage) =>
  page.evaluate(async () => {
    const registrations = await navigator.serviceWorker.getRegistrations();
    const workers = registrations.flatMap(({ installing, waiting, active }) => [installing, waiting, active].map((worker) => worker?.scriptURL ?? ""));
    return {
      caches: (await caches.keys()).filter((name) => !/^shell [0-9a-f]{16}$/.test(name)),
      databases: (await indexedDB.databases()).map(({ name }) => name),
      workers: workers.filter((script) => script !== "" && !script.endsWith("/sw.js")),
    };
  }, null);

function runAll(engine: Engine): void {
  before(() => engine.start());
  after(() => engine.close());
  for (const [name, workers] of Object.entries(WORKERS)) {
    test(`${name}: the page is ours again, and nothing is left`, () => cleaned(engine, service.url, workers, START));
  }
  test("an exported page on another host is its own again, and nothing is left", { skip: Nginx.missing ?? false }, async () => {
    const exporting = await FakeService.start();
    const nginx = await Nginx.start(exporting.exported);
    try {
      await cleaned(engine, nginx.url, [["/portal.js", "/"]], START, "/check/");
    } finally {
      await nginx.stop();
      exporting.stop();
    }
  });
  test("the console is ours again, and nothing is left", () => cleaned(engine, service.consoleUrl, [["/portal.js", "/"]], "Sign in"));
}

async function cleaned(engine: Engine, ours: string, workers: Workers, heading: string, path?: string): Promise<void> {
  const taken = await TakenOver.start(ours, workers);
  const page = await engine.open(taken.url + "/");
  try {
    await page.see(OWN_WORDS);
    taken.bad = false;
    for (const [, scope] of [...workers].reverse()) {
      await page.go(taken.url + (path ?? scope));
      await page.see(heading);
    }
    assert.deepEqual(await left(page), { caches: [], databases: [], workers: [] });
    const before = taken.asked.length;
    await page.go(taken.url + (path ?? "/"));
    await page.see(heading);
    assert.ok(taken.asked.slice(before).includes(path ?? "/"), "the page comes from the host");
  } finally {
    await page.close();
    taken.stop();
  }
}

test("a host as the handbook has it gives the worker that cleans to who asks for another's, and to nobody else", { skip: Nginx.missing ?? false }, async () => {
  const exporting = await FakeService.start();
  const nginx = await Nginx.start(exporting.exported);
  try {
    const cleaning = String(exporting.exported.files.get("clean.js"));
    const ask = async (path: string, headers: Record<string, string>) => {
      const answer = await fetch(nginx.url + path, { headers });
      return { text: await answer.text(), named: ["cache-control", "vary", "service-worker-allowed", "clear-site-data"].map((name) => answer.headers.get(name)) };
    };
    for (const path of ["/", "/portal.js", "/check/", "/check/scan.js", "/sw.js", "/check/deep/sw.js", "/check/clean.js"]) {
      const { text, named } = await ask(path, { "Service-Worker": "script" });
      assert.ok(text === cleaning, path);
      assert.deepEqual(named, ["no-store", "Service-Worker", "/", '"cache"']);
      assert.ok((await ask(path, {})).text !== cleaning, path);
    }
    assert.equal((await ask("/check/sw.js", { "Service-Worker": "script" })).text, String(exporting.exported.files.get("sw.js")));
  } finally {
    await nginx.stop();
    exporting.stop();
  }
});
