import { toBase64url } from "../shared/bytes.ts";

/** For so long the same is a retry, and later it is meant once more. */
const RETRY_MS = 120000;

/** The key of what was asked for and not answered: who asks for the same again gets what became of it, and not another. */
export class Unanswered {
  private last: { readonly what: string; readonly key: string; readonly at: number } | null = null;

  constructor(private readonly now: () => number) {}

  keyOf(what: string): string {
    if (this.last === null || this.last.what !== what || this.now() - this.last.at > RETRY_MS) {
      this.last = { what, key: toBase64url(crypto.getRandomValues(new Uint8Array(16))), at: this.now() };
    }
    return this.last.key;
  }

  answered(what: string): void {
    if (this.last !== null && this.last.what === what) this.last = null;
  }
}
