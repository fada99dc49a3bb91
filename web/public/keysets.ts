import { type KeySet, parseKeySet } from "../shared/keyset.ts";
import type { Deployment } from "./deployment.ts";
import { keptKeySet } from "./keeping.ts";
import { fetchKeySet } from "./service.ts";

/** Key sets as they came, not yet read: the one that the service publishes, and the one that this phone keeps. */
export interface FoundKeySets {
  readonly published: string | null;
  readonly kept: string | null;
}

/** Believes key sets that the pinned root signed and that are not older than one it has seen. */
export class KeySets {
  private newest: number;

  constructor(readonly deployment: Deployment) {
    this.newest = deployment.minimum_key_set;
  }

  async find(): Promise<FoundKeySets> {
    const { api } = this.deployment;
    const [published, kept] = await Promise.all([fetchKeySet(api), keptKeySet(api)]);
    return { published, kept };
  }

  /** Reads the published set, or where there is none the kept one; null when anything at all is wrong with it. */
  async read({ published, kept }: FoundKeySets, now: number): Promise<KeySet | null> {
    // first, so that no published set is believed that is older than the kept one
    const old = kept === null ? null : await this.parse(kept, now);
    return published === null ? old : this.parse(published, now);
  }

  private async parse(jwt: string, now: number): Promise<KeySet | null> {
    const { issuer, root } = this.deployment;
    const keySet = await parseKeySet(jwt, { issuer, root, minimumVersion: this.newest }, now);
    if (keySet !== null) this.newest = Math.max(this.newest, keySet.version);
    return keySet;
  }
}
