import { toBase64url } from "../shared/bytes.ts";
import { secondsNow } from "./clock.ts";
import { type Deployment, deploymentIn, fileOf } from "./deployment.ts";
import type { KeySets } from "./keysets.ts";
import { keySetAddress } from "./service.ts";
import { trusted } from "./trusted.ts";

// What stays on a phone, once the person asks for it: this page, its decoder, and the key set. Nothing of any check.

/** A worker that is not ready by then has most likely died while it was installed: nothing else says so. */
const READY_WITHIN_MS = 10000;

/** Nobody reads why: the screen says the same of every failure. */
const NOT_KEPT = new Error("none");

/** The keeping that has begun and not ended, whichever screen began it. */
let underWay: Promise<void> | null = null;
/** Whether the person last pressed to remove the copies: then a renewal that began before must not bring them back. */
let removed = false;
/** The removal that began last: copies that are taken before it ends would go with it. */
let clearing: Promise<void> = Promise.resolve();

/** Whether this browser can keep the page: the worker must be able to tell what a request is for. */
export function canKeep(): boolean {
  return !!navigator.serviceWorker && !!window.caches && typeof Request === "function" && "destination" in Request.prototype;
}

/** Whether the page is kept here, and a worker shows it. */
export async function isKept(): Promise<boolean> {
  const copy = await caches.match(location.pathname, { cacheName: cacheName(), ignoreSearch: true, ignoreVary: true });
  return copy !== undefined && (await ownWorker()) !== null;
}

/** Keeps the page, whole or not at all. */
export function keep(keySets: KeySets): Promise<void> {
  const end = (): void => {
    underWay = null;
  };
  removed = false;
  underWay = keepWhole(keySets);
  underWay.then(end, end);
  return underWay;
}

/** The keeping that is under way, if any. */
export function keepingNow(): Promise<void> | null {
  return underWay;
}

/** Removes all that was kept. */
export async function remove(): Promise<void> {
  removed = true;
  await clear();
}

/** Puts fresh copies in place of the kept ones, where there are any. What cannot be had whole stays as it was. */
export async function renew(keySets: KeySets): Promise<void> {
  try {
    if (!canKeep()) return;
    if (await isKept()) await takeCopies(keySets);
    // what a page left behind that was closed while it kept itself
    else if (underWay === null) await clear();
  } catch {
    // no network, most likely: the kept copies serve
  }
  // unless the person has kept the page again since, with copies of their own
  if (removed) await clear();
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

/** A file that is kept here, if it is just the one with this digest. */
export async function keptFile(name: string, integrity: string): Promise<string | null> {
  try {
    const kept = await caches.match(name, { cacheName: cacheName() });
    if (kept === undefined) return null;
    const digest = await crypto.subtle.digest("SHA-384", await kept.clone().arrayBuffer());
    const isIt = toBase64url(new Uint8Array(digest)) === integrity.slice(7).replace(/\+/g, "-").replace(/\//g, "_");
    return isIt ? await kept.text() : null;
  } catch {
    return null; // a browser without such a store
  }
}

async function keepWhole(keySets: KeySets): Promise<void> {
  try {
    await clearing;
    await takeCopies(keySets);
    await startWorker();
    // another tab may have removed the copies meanwhile
    if (!(await isKept())) throw NOT_KEPT;
  } catch (reason) {
    await clear();
    throw reason;
  }
}

function clear(): Promise<void> {
  return (clearing = clearAll());
}

async function clearAll(): Promise<void> {
  await caches.delete(cacheName());
  const worker = await ownWorker();
  if (worker !== null) await worker.unregister();
}

/** A worker of the host's own may stand over this folder, and is none of ours. */
async function ownWorker(): Promise<ServiceWorkerRegistration | null> {
  const registration = await navigator.serviceWorker.getRegistration();
  return registration && registration.scope === folder() ? registration : null;
}

async function startWorker(): Promise<void> {
  await navigator.serviceWorker.register(trusted("sw.js"), { updateViaCache: "none" });
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(NOT_KEPT), READY_WITHIN_MS));
  await Promise.race([navigator.serviceWorker.ready, late]);
}

async function takeCopies(keySets: KeySets): Promise<void> {
  const cache = await caches.open(cacheName());
  await Promise.all([takePage(cache, keySets.deployment), takeKeySet(cache, keySets)]);
}

/**
 * Takes the page with its decoder, the screens for those who type and its other languages, once all are here whole. A host or a portal may well answer "back soon", and
 * with success: only the page of this same service counts.
 */
async function takePage(cache: Cache, { issuer, root }: Deployment): Promise<void> {
  const page = await whole(location.pathname);
  const found = deploymentIn(await page.clone().text());
  if (found === null || found.issuer !== issuer || found.root !== root) throw NOT_KEPT;
  // a page says which files it takes
  const pinned = [["scan.js", found.scan], ["enter.js", found.enter]];
  found.languages.forEach((language) => language.integrity && pinned.push([fileOf(language), language.integrity]));
  const files = await Promise.all(pinned.map(([name = "", integrity]) => whole(name, integrity).then((file) => [name, file] as const)));
  await Promise.all(files.map(([name, file]) => cache.put(name, file)));
  await cache.put(location.pathname, page);
}

/** Takes a key set that this phone believes; without one the page is kept all the same, and says what it cannot do. */
async function takeKeySet(cache: Cache, keySets: KeySets): Promise<void> {
  const found = await keySets.find();
  const believed = await keySets.read(found, secondsNow());
  const { published } = found;
  if (published !== null && believed !== null) await cache.put(keySetAddress(keySets.deployment.api), new Response(published));
}

/** From the network only. An address that leads elsewhere gives nothing to keep. */
async function whole(address: string, integrity = ""): Promise<Response> {
  const response = await fetch(address, { cache: "reload", redirect: "error", credentials: "omit", integrity });
  if (!response.ok) throw NOT_KEPT;
  return response;
}

/** Named for its folder, since a host may keep other things of its own. The worker finds it by its scope. */
function cacheName(): string {
  return "countersign " + folder();
}

function folder(): string {
  return new URL("./", location.href).href;
}
