import type { Shelf } from "./shelf.ts";

const KEY = "stay";

/**
 * A person's stay at this device, from a sign-in to the sign-out, whichever tab that happens in. It has a mark that all tabs see, so
 * that one which was frozen, put aside or without a network when the stay ended finds out as soon as it runs again.
 */
export class Stay {
  private own: string | null = null;

  constructor(
    private readonly marks: Shelf,
    private readonly draw: () => string,
  ) {}

  /** The mark of the stay that this tab belongs to. */
  get mark(): string | null {
    return this.own;
  }

  /** From now on this tab belongs to the stay that there is. */
  join(): void {
    this.own = this.marks.getItem(KEY);
  }

  /** Somebody signed in: what other tabs show is of an earlier stay. */
  begin(): void {
    this.own = this.draw();
    this.marks.setItem(KEY, this.own);
  }

  /** Begins one where there is none yet. */
  joinOrBegin(): void {
    this.join();
    if (this.own === null) this.begin();
  }

  end(): void {
    this.own = null;
    this.marks.removeItem(KEY);
  }

  /** Whether the stay of this tab has ended in another. */
  isOver(): boolean {
    return this.own !== null && this.marks.getItem(KEY) !== this.own;
  }
}
