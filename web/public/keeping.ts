import type { KeySets } from "./keysets.ts";
import { fetchKeySet, keySetAddress } from "./service.ts";
import { trusted } from "./trusted.ts";

// What stays on a phone, once the person asks for it: this page, its decoder and icon, and the key set. Nothing of any check.

/** Whether this browser can keep the page: the worker must be able to tell what a request is for. */
export function canKeep(): boolean {
  return !!navigator.serviceWorker && !!window.caches && typeof Request === "function" && "destination" in Request.prototype;
}

/** Whether the page is kept here. */
export function isKept(): Promise<boolean> {
  return caches.has(cacheName());
}

/** Keeps the page, whole or not at all. */
export async function keep(keySets: KeySets): Promise<void> {
  try {
    await takeCopies(keySets);
    await navigator.serviceWorker.register(trusted("sw.js"), { updateViaCache: "none" });
    await navigator.serviceWorker.ready;
  } catch (reason) {
    await remove();
    throw reason;
  }
}

/** Removes all that was kept. */
export async function remove(): Promise<void> {
  await caches.delete(cacheName());
  const registration = await navigator.serviceWorker.getRegistration();
  // a worker of the host's own may stand over this folder
  if (registration && registration.scope === folder()) await registration.unregister();
}

/** Puts fresh copies in place of the kept ones, where there are any. What cannot be had whole stays as it was. */
export async function renew(keySets: KeySets): Promise<void> {
  try {
    if (canKeep() && (await isKept())) await takeCopies(keySets);
  } catch {
    // no network, most likely: the kept copies serve
  }
}

/** The key set that is kept here, to be read with the same care as a fetched one. */
export async function keptKeySet(api: string): Promise<string | null> {
  try {
    const kept = await caches.match(keySetAddress(api), { cacheName: cacheName() });
    return kept ? await kept.text() : null;
  } catch {
    return null; // a browser without such a store
  }
}

async function takeCopies(keySets: KeySets): Promise<void> {
  const cache = await caches.open(cacheName());
  await Promise.all([cache.addAll([location.pathname, "scan.js", "icon.svg"].map(whole)), takeKeySet(cache, keySets)]);
}

/** Takes a key set that this phone believes; without one the page is kept all the same, and says what it cannot do. */
async function takeKeySet(cache: Cache, keySets: KeySets): Promise<void> {
  const address = keySetAddress(keySets.deployment.api);
  const now = Math.floor(Date.now() / 1000);
  // once the kept set has been read, no older one is believed
  const kept = await cache.match(address);
  if (kept) await keySets.read(await kept.text(), now);
  const fresh = await fetchKeySet(keySets.deployment.api);
  if (fresh !== null && (await keySets.read(fresh, now)) !== null) await cache.put(address, new Response(fresh));
}

/** From the network only. An address that leads elsewhere gives nothing to keep. */
function whole(address: string): Request {
  return new Request(address, { cache: "reload", redirect: "error", credentials: "omit" });
}

/** Named for its folder, since a host may keep other things of its own. The worker finds it by its scope. */
function cacheName(): string {
  return "countersign " + folder();
}

function folder(): string {
  return new URL("./", location.href).href;
}
