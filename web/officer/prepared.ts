import { LEEWAY, type Code, code } from "./model.ts";
import { atMoment } from "./moment.ts";
import { list, readJson } from "./parse.ts";
import type { Shelf } from "./shelf.ts";

// Codes that were prepared for later, kept on this device so that they can be shown without a network. They lie in
// localStorage and not in IndexedDB because it works at once: when a sign-out returns, they are gone, whatever the browser does next.

const KEY = "prepared";

/** No code is as long as this, in characters. */
const MOST = 100000;

export class PreparedCodes {
  private stop = (): void => undefined;

  constructor(
    private readonly shelf: Shelf,
    private readonly now: () => number,
  ) {}

  /** What is kept and not over, by its time. What is over is wiped before anything is shown. */
  list(): readonly Code[] {
    const kept = readJson(this.shelf.getItem(KEY) ?? "[]", list(code)) ?? [];
    const current = kept.filter((one) => this.now() < wipedAt(one));
    if (current.length !== kept.length || kept.length === 0) this.write(current);
    return [...current].sort((a, b) => startOf(a) - startOf(b));
  }

  /** Keeps a code; says whether the device does. */
  add(one: Code): boolean {
    this.write([...this.list(), one]);
    return this.shelf.holds(KEY);
  }

  /** Whether the device would keep another code. */
  hasRoom(): boolean {
    const probe = KEY + "-probe";
    this.shelf.setItem(probe, " ".repeat(MOST));
    const does = this.shelf.holds(probe);
    this.shelf.removeItem(probe);
    return does;
  }

  /** Switches the words of a kept code on. */
  replace(one: Code): void {
    if (this.has(one.id)) this.write(this.list().map((kept) => (kept.id === one.id ? one : kept)));
  }

  has(id: string): boolean {
    return this.list().some((one) => one.id === id);
  }

  remove(id: string): void {
    this.write(this.list().filter((one) => one.id !== id));
  }

  /** Wipes what another person kept on the same device. */
  keepOnlyOf(owner: string): void {
    this.write(this.list().filter((one) => one.owner === owner));
  }

  wipe(): void {
    this.write([]);
  }

  /** Wipes each code as soon as its time is over, for as long as the console is open. */
  watch(changed: () => void): void {
    this.stop();
    const ends = this.list().map(wipedAt);
    if (ends.length === 0) return;
    this.stop = atMoment(Math.min(...ends), this.now, () => {
      changed();
      this.watch(changed);
    });
  }

  private write(codes: readonly Code[]): void {
    if (codes.length === 0) this.shelf.removeItem(KEY);
    else this.shelf.setItem(KEY, JSON.stringify(codes));
  }
}

/** The moment from which a code counts. */
export function startOf(one: Code): number {
  return one.not_before ?? one.expires_at;
}

/** The moment at which nothing of a code may be left. */
export function wipedAt(one: Code): number {
  return one.expires_at + LEEWAY;
}
