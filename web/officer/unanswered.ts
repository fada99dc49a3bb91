import { toBase64url } from "../shared/bytes.ts";

/** For so long the same is a retry, and later it is meant once more. */
const RETRY_MS = 120000;

/** The keys of what was asked for and not answered: who asks for the same again gets what became of it, and not another. */
export class Unanswered {
  private readonly asked = new Map<string, { readonly key: string; readonly at: number }>();

  constructor(private readonly now: () => number) {}

  keyOf(what: string): string {
    this.asked.forEach(({ at }, before) => {
      if (this.now() - at > RETRY_MS) this.asked.delete(before);
    });
    const asked = this.asked.get(what) ?? { key: toBase64url(crypto.getRandomValues(new Uint8Array(16))), at: this.now() };
    this.asked.set(what, asked);
    return asked.key;
  }

  answered(what: string): void {
    this.asked.delete(what);
  }
}
