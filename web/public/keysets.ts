import { type KeySet, parseKeySet } from "../shared/keyset.ts";
import type { Deployment } from "./deployment.ts";
import { keptKeySet } from "./keeping.ts";
import { fetchKeySet } from "./service.ts";

/** A key set as it came, not yet read. A kept one may be older than the keys of today. */
export interface FoundKeySet {
  readonly jwt: string;
  readonly fresh: boolean;
}

/** Believes key sets that the pinned root signed and that are not older than one it has seen. */
export class KeySets {
  private newest: number;

  constructor(readonly deployment: Deployment) {
    this.newest = deployment.minimum_key_set;
  }

  /** The set that the service publishes, or else the one that this phone keeps. */
  async find(): Promise<FoundKeySet | null> {
    const { api } = this.deployment;
    const published = await fetchKeySet(api);
    if (published !== null) return { jwt: published, fresh: true };
    const kept = await keptKeySet(api);
    return kept === null ? null : { jwt: kept, fresh: false };
  }

  /** Reads a signed set; null when anything at all is wrong with it. */
  async read(jwt: string, now: number): Promise<KeySet | null> {
    const { issuer, root } = this.deployment;
    const keySet = await parseKeySet(jwt, { issuer, root, minimumVersion: this.newest }, now);
    if (keySet !== null) this.newest = Math.max(this.newest, keySet.version);
    return keySet;
  }
}
