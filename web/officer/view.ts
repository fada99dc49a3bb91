import type { Kind } from "./news.ts";

/** How somebody looks through a list. */
export interface Browsing {
  search: string;
  sort: string;
  /** All of it, and not the part that is shown at first. */
  isWhole: boolean;
  /** It was longer than a page. */
  isLong: boolean;
  /** The page that is shown, and those before it. */
  from: string;
  readonly before: string[];
}

/** What a screen keeps for those who come back to it: in the memory of this page alone. */
export class View {
  readonly lists = new Map<Kind, Browsing>();
  /** How far it was scrolled. */
  private top = 0;
  private readonly awaited = new Set<() => void>();

  leave(): void {
    this.top = window.scrollY;
    this.awaited.clear();
  }

  /** What stands at its head is to be read first. */
  toHead(): void {
    this.top = 0;
  }

  /** A part of it is on its way. Gives what says that it is there: with the last of them the screen is where it was left. */
  awaits(): () => void {
    const arrived = (): void => {
      // who has scrolled meanwhile stays there
      if (this.awaited.delete(arrived) && this.awaited.size === 0 && window.scrollY === 0) window.scrollTo(0, this.top);
    };
    this.awaited.add(arrived);
    return arrived;
  }
}
