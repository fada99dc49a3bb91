// Shows the console's own files where the network gives none, and of the service's answers keeps none. For each tab it remembers what
// the tab has on its screen, so that a reload does not lose it: in memory alone, which goes soon after the tab does.
export {};

declare const self: ServiceWorkerGlobalScope;
/** Changes with every file of the shell, so that a new console brings a new worker and with it new copies. */
declare const SHELL_VERSION: string;

const PREFIX = "shell ";
const CACHE = PREFIX + SHELL_VERSION;
const SHELL = ["/", "/console.js", "/console.css", "/manifest.webmanifest", "/icon.svg"];
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method === "GET" && origin === self.location.origin && SHELL.indexOf(pathname) >= 0) event.respondWith(freshOrKept(request, pathname));
});

/** What a tab says: to remember something for it, to say it again, or to forget what all tabs said. */
interface Said {
  readonly tab: string;
  readonly remember?: unknown;
  readonly forget?: true;
}

const remembered = new Map<string, unknown>();
self.addEventListener("message", (event) => {
  const { tab, remember, forget } = event.data as Said;
  const [answer] = event.ports;
  if (forget === true) remembered.clear();
  else if (answer !== undefined) answer.postMessage(remembered.get(tab) ?? null);
  else remembered.set(tab, remember);
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: "reload", redirect: "error" })));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.indexOf(PREFIX) === 0 && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The kept copy is found by its path alone: an address may hold an enrolment link behind its #. */
async function freshOrKept(request: Request, path: string): Promise<Response> {
  const kept = await caches.match(path, { cacheName: CACHE, ignoreVary: true });
  if (kept === undefined) return fetch(request);
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  return (await Promise.race([fresh(request), late])) ?? kept;
}

/** From the network alone: what a cache of the browser's holds may be a bad answer that says it is good for a year. */
async function fresh(request: Request): Promise<Response | null> {
  try {
    const response = await fetch(request, { cache: "no-store" });
    return response.ok ? response : null;
  } catch {
    return null;
  }
}
