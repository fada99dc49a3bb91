import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import type { Browser } from "playwright-core";
import { PHONE, Visit, startBrowser } from "./browser.ts";
import { Film } from "./film.ts";
import { BINARY, RealService } from "./harness.ts";
import { ALL, MOST, enterSize, languageSize, pageSize, scanSize } from "./sizes.ts";
import { type Moments, type Travel, WATCH, momentsOf, roundTrips, slowDown, travelsOf } from "./slow.ts";

// Goals and what was measured, side by side: sizes, round trips, and times on a slow phone with a bad line. Nothing is
// asserted here, since times are the machine's; the sizes are asserted in size.test.ts.

const RUNS = 7;

/** A goal and what was measured against it. */
interface Row {
  readonly what: string;
  readonly most: number;
  readonly unit: string;
  readonly measured: readonly number[];
}

/** What somebody does up to the press that brings the verdict. */
interface Way {
  readonly name: string;
  /** From that press to the verdict, in milliseconds. */
  readonly most: number;
  readonly roundTrips: number;
  readonly check: (service: RealService, open: (path: string) => Promise<Visit>) => Promise<void>;
}

interface Run extends Moments {
  readonly travels: readonly Travel[];
}

const film = new Film();
const ways: readonly Way[] = [
  {
    name: "words typed",
    most: 400,
    // enter.js comes once the page stands
    roundTrips: 3,
    check: async (service, open) => {
      const { spoken } = service.issue("--channel", "telephone");
      const visit = await open("/");
      await visit.enter("words", spoken?.words ?? "");
    },
  },
  {
    name: "link opened",
    most: 400,
    roundTrips: 2,
    check: async (service, open) => {
      const { link } = service.issue("--channel", "in-person", "--name", "Anna", "--place", "Bridge Street");
      const visit = await open(link.slice(service.url.length));
      await visit.press("Check this code");
    },
  },
  {
    name: "code scanned",
    most: 2000,
    // the scanner comes in between
    roundTrips: 3,
    check: async (service, open) => {
      film.show(service.issue("--channel", "in-person", "--name", "Anna", "--place", "Bridge Street").link);
      const visit = await open("/");
      await visit.page.getByRole("button", { name: /^Scan a code/ }).click();
    },
  },
];

async function runOnce(browser: Browser, service: RealService, way: Way): Promise<Run> {
  const visit = await Visit.open(browser, "about:blank", { ...PHONE, permissions: ["camera"] }, WATCH);
  visit.page.setDefaultTimeout(60_000);
  await slowDown(visit.page);
  await way.check(service, async (path) => {
    await visit.page.goto(service.url + path);
    return visit;
  });
  const run = { ...(await momentsOf(visit)), travels: await travelsOf(visit) };
  await visit.close();
  return run;
}

async function measureWay(browser: Browser, service: RealService, way: Way): Promise<Row[]> {
  // the first check of a browser pays for the browser's own start
  const { travels } = await runOnce(browser, service, way);
  const trips = travels.map(({ path, start, end }) => `${path} ${Math.round(start)}-${Math.round(end)} ms`);
  console.log(`${way.name}: ${trips.join(", ")}`);
  const runs: Run[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await runOnce(browser, service, way));
  const row = (what: string, most: number, unit: string, measure: (run: Run) => number): Row => ({
    what: `${way.name}: ${what}`, most, unit, measured: runs.map(measure),
  });
  return [
    row("navigation to usable", 1000, "ms", (run) => run.usable),
    row("press to verdict", way.most, "ms", (run) => run.verdict),
    row("round trips to a verdict", way.roundTrips, "", (run) => roundTrips(run.travels)),
  ];
}

async function measureTimes(): Promise<Row[]> {
  const service = await RealService.start({ log: "warn" });
  const browser = await startBrowser(film.switches);
  try {
    describe(browser);
    const rows: Row[] = [];
    for (const way of ways) rows.push(...(await measureWay(browser, service, way)));
    return rows;
  } finally {
    await browser.close();
    await service.stop();
    film.remove();
  }
}

function describe(browser: Browser): void {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const build = BINARY.includes("/release/") ? "release build" : "debug build";
  console.log(`commit ${commit}, ${build}, Chromium ${browser.version()}`);
  console.log(`${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), load ${(loadavg()[0] ?? 0).toFixed(1)} when begun`);
  console.log(`times: ${RUNS} runs each, 150 ms round trip, 1.6 Mbit/s, processor slowed to a quarter`);
}

async function measureSizes(): Promise<Row[]> {
  const row = (what: string, most: number, size: number): Row => ({ what, most, unit: "bytes", measured: [size] });
  const service = await RealService.start({ languages: ALL, log: "warn" });
  const rows = [row("all but enter.js, scan.js and other languages", MOST.page, await pageSize(service))];
  for (const tag of ALL) rows.push(row(`the language ${tag}`, MOST.language, await languageSize(service, tag)));
  rows.push(row("enter.js", MOST.enter, await enterSize(service)));
  rows.push(row("scan.js", MOST.scan, await scanSize(service)));
  await service.stop();
  return rows;
}

/** The least, the middle and the greatest, or one value where all are the same. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b).map((value) => Math.round(value).toLocaleString("en"));
  const [least, middle, greatest] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted[sorted.length - 1]];
  return least === greatest ? String(least) : `${least} / ${middle} / ${greatest}`;
}

function print(rows: readonly Row[]): void {
  const line = (...cells: [string, string, string]): void => console.log(cells[0].padEnd(40) + cells[1].padEnd(16) + cells[2]);
  line("", "at most", "measured (least / middle / greatest)");
  for (const { what, most, unit, measured } of rows) line(what, `${most.toLocaleString("en")} ${unit}`, spread(measured));
}

const times = await measureTimes();
console.log();
print([...(await measureSizes()), ...times]);
