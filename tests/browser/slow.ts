import type { Page } from "playwright-core";
import type { Visit } from "./browser.ts";

/** How long the person waits, in milliseconds. */
export interface Moments {
  /** From the beginning of the navigation to a button on the screen. */
  readonly usable: number;
  /** From the last press to the verdict on the screen. */
  readonly verdict: number;
}

/** One request of the page: from when to when. */
export interface Travel {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Makes a phone of about ten years and a bad line out of a browser. */
export async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const [latency, throughput] = [150, 1_600_000 / 8];
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false, latency, downloadThroughput: throughput, uploadThroughput: throughput,
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

/** Runs in the page before its own script, and looks on from outside: the page knows nothing of being measured. */
export const WATCH = `
  globalThis.moments = new Promise((tell) => {
    const seen = {};
    let pressed = 0;
    // the event knows when the finger came down, however long the page was busy
    addEventListener("click", (event) => (pressed = event.timeStamp), true);
    const note = (name, since) => {
      if (name in seen) return;
      seen[name] = 0;
      // once the frame with the change in it has been handed on
      requestAnimationFrame(() => setTimeout(() => {
        seen[name] = performance.now() - since;
        if (name === "verdict") tell(seen);
      }));
    };
    new MutationObserver(() => {
      if (document.querySelector("main[class^=screen-] button")) note("usable", 0);
      if (document.querySelector("main.screen-verdict h1")) note("verdict", pressed);
    }).observe(document, { childList: true, subtree: true });
  });`;

declare const moments: Promise<Moments>;

/** Waits for a verdict, and tells when the page could be used and how long the verdict took from the last press. */
export async function momentsOf({ page }: Visit): Promise<Moments> {
  return page.evaluate(() => moments);
}

/** What travelled, in order. Nothing waits for the icon. */
export async function travelsOf({ page }: Visit): Promise<Travel[]> {
  const entries = await page.evaluate(() =>
    (["navigation", "resource"] as const).flatMap((type) =>
      (performance.getEntriesByType(type) as PerformanceResourceTiming[]).map(({ name, startTime, responseEnd }) => ({
        path: new URL(name).pathname, start: startTime, end: responseEnd,
      })),
    ),
  );
  return entries.filter(({ path }) => path !== "/icon.svg").sort((a, b) => a.start - b.start);
}

/** How many times something was asked after an answer: what is asked at once is one round trip. */
export function roundTrips(travels: readonly Travel[]): number {
  let [count, firstEnd] = [0, 0];
  for (const { start, end } of travels) {
    if (start < firstEnd) firstEnd = Math.min(firstEnd, end);
    else [count, firstEnd] = [count + 1, end];
  }
  return count;
}
