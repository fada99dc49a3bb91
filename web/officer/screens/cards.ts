import { el, fill } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import type { Console } from "../app.ts";
import { Clock } from "../moment.ts";
import { unsettle } from "../press.ts";
import { paragraph } from "./parts.ts";

/** What is shown on cards. */
export interface Shown<T> {
  readonly idOf: (item: T) => string;
  /** What is said where there is nothing. */
  readonly none: string;
  /** What is said of something that is no longer there. */
  readonly gone: string;
  /** When something else is true of it, which the service does not tell. From the last of these moments on it says that it is over. */
  readonly moments?: (item: T) => readonly number[];
  readonly draw: (item: T) => readonly (Node | null)[];
}

interface Card<T> {
  readonly element: HTMLElement;
  item: T;
  /** What it was drawn from, and where that stood; null where it says for good what became of it. */
  drawn: string | null;
}

/** A list of cards in which nothing moves: what changes, changes where it stands, and what is new waits until it is asked for. */
export class Cards<T> {
  readonly element = el("div", { class: "cards" });
  private readonly cards = new Map<string, Card<T>>();
  private readonly done = new Set<string>();
  private readonly clock: Clock;
  private isLate = false;

  constructor(
    private readonly app: Console,
    private readonly shown: Shown<T>,
  ) {
    this.clock = new Clock(() => app.now(), () => this.turn());
    app.whileShown(() => {
      this.turn();
      this.follow();
      return () => this.clock.end();
    });
    // a question that was open at such a moment may be closed by this press
    this.element.addEventListener("click", () => this.isLate && this.turn());
  }

  /** Shows these and nothing else. */
  show(items: readonly T[]): this {
    this.cards.clear();
    const cards = items.map((item) => {
      const element = el("li", { class: "card" }, ...this.shown.draw(item));
      this.cards.set(this.shown.idOf(item), { element, item, drawn: print(item, element) });
      return element;
    });
    this.follow();
    fill(this.element, cards.length === 0 ? paragraph(this.shown.none, "hint") : el("ul", { class: "list" }, ...cards));
    return this;
  }

  /** Which are shown of which nothing was said for good, and are not among these. */
  missing(items: readonly T[]): readonly string[] {
    const present = new Set(items.map(this.shown.idOf));
    return Array.from(this.cards).flatMap(([id, { drawn }]) => (drawn === null || present.has(id) ? [] : [id]));
  }

  has(item: T): boolean {
    return this.cards.has(this.shown.idOf(item));
  }

  /** Brings what is shown up to date; says how many others there are. Where these are all that there is, what is missing is gone. */
  update(items: readonly T[], isAll = true): number {
    const present = new Map(items.map((item) => [this.shown.idOf(item), item]));
    const fresh = items.filter((item) => !this.has(item)).length;
    // there is something, which waits to be asked for
    const none = this.cards.size === 0 ? this.element.querySelector<HTMLElement>(".hint") : null;
    if (none !== null) none.hidden = fresh > 0;
    for (const [id, card] of this.cards) {
      const item = present.get(id);
      if (card.drawn === null) continue;
      if (isBusy(card.element) && !this.done.delete(id)) continue;
      // a newer one may have pushed it onto the next page
      if (item !== undefined) this.redraw(card, item);
      else if (isAll || fresh === 0) this.miss(id, card);
    }
    this.follow();
    return fresh;
  }

  /** What is over is expected to be missing, and has said so. */
  private miss(id: string, card: Card<T>): void {
    if (!this.isOver(card.item)) return this.settle(id, this.shown.gone);
    this.redraw(card, card.item);
    card.drawn = null;
  }

  /** Such a moment has come. */
  private turn(): void {
    const open = Array.from(this.cards.values()).filter(({ drawn }) => drawn !== null);
    const busy = open.filter(({ element }) => isBusy(element));
    this.isLate = busy.length > 0;
    for (const card of open) if (!busy.includes(card)) this.redraw(card, card.item);
  }

  private follow(): void {
    this.clock.follow(Array.from(this.cards.values()).flatMap(({ item }) => this.momentsOf(item)));
  }

  private momentsOf(item: T): readonly number[] {
    return this.shown.moments?.(item) ?? [];
  }

  private isOver(item: T): boolean {
    const moments = this.momentsOf(item);
    return moments.length > 0 && Math.max(...moments) <= this.app.now();
  }

  /** What somebody was about to decide there is done. */
  decided(id: string): void {
    this.done.add(id);
  }

  /** Where something stands may change as time goes by, with what can be done about it, and nothing else of it. */
  private redraw(card: Card<T>, item: T): void {
    card.item = item;
    const fresh = el("li", {}, ...this.shown.draw(item));
    const drawn = print(item, fresh);
    if (card.drawn === drawn) return;
    const before = stateOf(card.element);
    change(card.element, Array.from(fresh.childNodes));
    card.drawn = drawn;
    const state = stateOf(card.element);
    if (state !== before) say(card.element, state);
  }

  /** Says in its place what became of something; there is nothing more to do with it. */
  settle(id: string, text: string): void {
    const card = this.cards.get(id);
    if (card === undefined) return;
    change(card.element, [titleOf(card.element), el("p", { class: "state state-over" }, text)]);
    card.drawn = null;
    say(card.element, text);
  }
}

/** Tells what a card shows from what it showed before. */
function print(item: unknown, card: HTMLElement): string {
  return [JSON.stringify(item), stateOf(card), ...Array.from(card.querySelectorAll("button"), ({ textContent }) => textContent)].join("\n");
}

/** Whether somebody is about to decide something there. */
function isBusy(card: HTMLElement): boolean {
  return card.querySelector(".sure:not([hidden])") !== null;
}

function titleOf(card: HTMLElement): HTMLElement | null {
  return card.querySelector("h2, h3");
}

/** What may become of a card while it is shown. */
function stateOf(card: HTMLElement): string {
  return Array.from(card.querySelectorAll(".state, .reason"), ({ textContent }) => textContent ?? "").join(". ");
}

/** Shows something else on a card. A focus on it moves to its title. */
function change(card: HTMLElement, nodes: readonly (Node | null)[]): void {
  const hadFocus = card.contains(document.activeElement);
  keepHeight(card);
  fill(card, ...nodes);
  const title = titleOf(card);
  if (!hadFocus || title === null) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

/** Has a screen reader say what became of a card, wherever it reads just now: Orca says nothing in Chromium of the title's focus. */
function say(card: HTMLElement, state: string): void {
  announce([titleOf(card)?.textContent ?? "", state].filter((text) => text !== "").join(": "));
}

/** What is under it must not slide under a finger. What a question took is given back with the next scroll, which moves everything. */
function keepHeight(card: HTMLElement): void {
  const { height } = card.getBoundingClientRect();
  card.style.minHeight = `${height}px`;
  const asked = card.querySelector<HTMLElement>(".sure:not([hidden])");
  if (asked === null) return;
  const before = height - asked.offsetHeight - parseFloat(getComputedStyle(asked).marginTop);
  const release = (): void => {
    card.style.minHeight = `${before}px`;
    unsettle();
  };
  window.addEventListener("scroll", release, { once: true, passive: true });
}
