// Shows the copies that the page keeps (web/public/keeping.ts) where the network gives none. It never keeps anything itself:
// it sees addresses with what stands behind their #, which is a token.
export {};

declare const self: ServiceWorkerGlobalScope;

const KEPT = { cacheName: "countersign " + self.registration.scope, ignoreSearch: true, ignoreVary: true };
const PATIENCE_MS = 4000;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  // what the page's own script asks is for the network alone, as are forms
  if (request.method === "GET" && request.destination !== "") event.respondWith(freshOrKept(request));
});

async function freshOrKept(request: Request): Promise<Response> {
  const kept = await caches.match(request, KEPT);
  if (kept === undefined) return fetch(request);
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  return (await Promise.race([whole(request), late])) || kept;
}

/**
 * The answer of the host once all of it is here; null when it broke off or the host is out of order, which it is too when it says
 * that the page is not there. No cache of the browser's is asked: what a portal once put there may say that it is good for a year.
 */
async function whole(request: Request): Promise<Response | null> {
  try {
    const response = await fetch(request, { cache: "no-store" });
    await response.clone().arrayBuffer();
    return response.status < 400 ? response : null;
  } catch {
    return null;
  }
}
