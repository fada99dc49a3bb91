// What a browser gets that asks for the script of a service worker which is none of ours: a portal or a proxy that was taken over
// had it registered for this address in a bad minute, and without this it would stay for good. It takes that worker's place, clears
// what was left, and goes.
export {};

declare const self: ServiceWorkerGlobalScope;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(clean()));

async function clean(): Promise<void> {
  // only who is claimed can be led elsewhere
  await self.clients.claim();
  const windows = await self.clients.matchAll({ type: "window" });
  // not behind the #, where a token may stand, and which would make a new visit a step within the old page
  const addresses = windows.map(({ url }) => new URL(url).origin + new URL(url).pathname);
  const databases = clearDatabases();
  await clearCaches();
  await Promise.all([self.registration.scope, ...addresses].map(refresh));
  await self.registration.unregister();
  await Promise.all(windows.map((window, i) => window.navigate(addresses[i] ?? self.registration.scope).catch(() => null)));
  await databases;
}

async function clearCaches(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** Databases that a page still holds open go when the page has gone. */
async function clearDatabases(): Promise<void> {
  // an older browser cannot list them
  const databases = indexedDB.databases ? await indexedDB.databases() : [];
  await Promise.all(databases.map(({ name }) => name === undefined || deleteDatabase(name)));
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const asked = indexedDB.deleteDatabase(name);
    asked.onsuccess = asked.onerror = () => resolve();
  });
}

/** Puts the host's answer of now in the place of one that the browser has in its cache. */
async function refresh(address: string): Promise<void> {
  await fetch(address, { cache: "reload", redirect: "manual" }).catch(() => null);
}
