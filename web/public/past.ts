import type { Screen } from "./state.ts";

/** The one entry that stays behind on the way out. Forward comes upon it, and is led out again. */
const OUT = -1;
const START: Screen = { at: "start" };
/** A browser that does not go back when asked leaves all the same. */
const PATIENCE_MS = 1000;

/** Whether the browser shows the page for an entry that only leads out. */
export function isOut(): boolean {
  return history.state === OUT;
}

/**
 * The screens that Back and Forward lead to. An entry of the browser's history holds its place in the row, a small whole number, and
 * nothing else; what it showed is in memory, and gone with the page.
 */
export class Past {
  /** Whether the page was here before, and was loaded again. */
  readonly isReturn = typeof history.state === "number";
  private place = 0;
  private screens: Screen[] = [];
  private hasMore = this.isReturn;
  private whenBack: (() => void) | null = null;

  constructor() {
    if (this.isReturn) this.toFirst();
    else history.replaceState(0, "");
  }

  get screen(): Screen {
    return this.screens[this.place] || START;
  }

  holds(screen: Screen): boolean {
    return this.screens.indexOf(screen) >= 0;
  }

  /** Whether Back leads to a screen. */
  isBefore(screen: Screen): boolean {
    return this.place > 0 && this.screens[this.place - 1] === screen;
  }

  /** Puts a screen in the place of the present one. */
  put(screen: Screen): void {
    this.screens[this.place] = screen;
  }

  /** Puts a screen behind the present one; those that came after it are gone. */
  add(screen: Screen): void {
    this.follow(screen);
    history.pushState(this.place, "");
  }

  /** The browser itself made an entry. */
  adopt(address: string): void {
    this.follow(START);
    history.replaceState(this.place, "", address);
  }

  /** Puts one screen in the place of another, wherever that is. Says whether it is the present one. */
  exchange(old: Screen, screen: Screen): boolean {
    const wasPresent = this.screen === old;
    this.screens = this.screens.map((one) => (one === old ? screen : one));
    return wasPresent;
  }

  /** One screen back; the start where there is none. Says whether the browser will tell that it is there. */
  back(): boolean {
    if (this.place > 0) history.back();
    return this.place > 0;
  }

  /** The browser went to another entry. Says whether it has a screen to show. */
  arrive(): boolean {
    const next = this.whenBack;
    this.whenBack = null;
    if (next !== null) {
      next();
      return false;
    }
    const before = this.screen;
    this.place = Math.max(0, Number(history.state));
    return this.screen !== before;
  }

  /** Forgets every screen, and goes to our first entry. */
  forget(): void {
    this.screens = [];
    this.hasMore = true;
    this.toFirst();
  }

  private follow(screen: Screen): void {
    this.place++;
    this.screens = this.screens.slice(0, this.place);
    // a place that was never shown since the page was loaded again is the start
    this.screens[this.place] = screen;
    this.hasMore = true;
  }

  private toFirst(): void {
    const place = Number(history.state);
    this.place = 0;
    if (place > 0) history.go(-place);
  }

  /**
   * Goes back to our first entry, so that Back does not find us once another page is in its place. Forward finds one entry, since
   * only a newer one takes the others away; it leads out.
   */
  leave(out: () => void): void {
    this.screens = [];
    if (!this.hasMore) return out();
    const timer = setTimeout(out, PATIENCE_MS);
    const replace = (): void => {
      clearTimeout(timer);
      out();
    };
    const mark = (): void => {
      // should the next page take the place of the other entry, this one leads out as well
      history.replaceState(OUT, "");
      history.pushState(OUT, "");
      // Firefox 153 tells that it is back just before it is: a page would still take the place of the entry that was left
      this.whenBack = () => setTimeout(replace, 0);
      history.back();
    };
    if (this.place === 0) return mark();
    this.whenBack = mark;
    history.go(-this.place);
  }
}
