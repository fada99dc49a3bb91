import type { Visit } from "./browser.ts";
import type { FakeService } from "./service.ts";

/** Keeps the page from its start screen, as a person does. */
export async function keepPage(visit: Visit): Promise<void> {
  await visit.page.getByText("Keep this page for use without signal").click();
  await visit.press("Keep this page");
  await visit.page.getByText("This page is kept on this phone.").waitFor();
}

/** Takes the network away from a visitor, and the service from the network. */
export async function goOffline(visit: Visit, service: FakeService): Promise<void> {
  service.stop();
  await visit.page.context().setOffline(true);
}

/** Brings both back. */
export async function goOnline(visit: Visit, service: FakeService): Promise<void> {
  await service.resume();
  await visit.page.context().setOffline(false);
}

/** All copies in all caches of the origin. */
export function keptCopies(visit: Visit): Promise<{ readonly address: string; readonly text: string }[]> {
  return visit.page.evaluate(async () => {
    const copies = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const response = await cache.match(request);
        copies.push({ address: request.url, text: (await response?.text()) ?? "" });
      }
    }
    return copies;
  });
}

/** What of keeping is left in the browser. */
export function tracesOf(visit: Visit): Promise<{ caches: string[]; workers: number }> {
  return visit.page.evaluate(async () => ({
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
}
