import { type KeySet, parseKeySet } from "../shared/keyset.ts";
import type { Deployment } from "./deployment.ts";

/** Believes key sets that the pinned root signed and that are not older than one it has seen. */
export class KeySets {
  private newest: number;

  constructor(readonly deployment: Deployment) {
    this.newest = deployment.minimum_key_set;
  }

  /** Reads a signed set; null when anything at all is wrong with it. */
  async read(jwt: string, now: number): Promise<KeySet | null> {
    const { issuer, root } = this.deployment;
    const keySet = await parseKeySet(jwt, { issuer, root, minimumVersion: this.newest }, now);
    if (keySet !== null) this.newest = Math.max(this.newest, keySet.version);
    return keySet;
  }
}
