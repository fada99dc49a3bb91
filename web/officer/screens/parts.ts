import { button, el, fill, live } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import type { Api } from "../api.ts";
import type { Console } from "../app.ts";
import type { Kind } from "../news.ts";
import { type Problem, type Result, done } from "../result.ts";
import { problemText, t } from "../words.ts";

export function paragraph(text: string, kind?: string): HTMLElement {
  return el("p", kind === undefined ? {} : { class: kind }, text);
}

/** A part of a screen with a heading of its own. */
export function section(title: string, ...rest: readonly (Node | null)[]): HTMLElement {
  return el("section", {}, el("h2", {}, title), ...rest);
}

/** A line that speaks: problems, and what was done. */
export class Line {
  readonly element = live("line");

  say(text: string, tone: "calm" | "problem" = "calm"): void {
    this.element.className = "line line-" + tone;
    this.element.textContent = text;
  }

  tell(problem: Problem): void {
    this.say(problemText(problem), "problem");
  }

  hush(): void {
    this.say("");
  }
}

/** Texts of others' making in a row, each in its own direction. */
export function apart(texts: readonly string[]): Node[] {
  return texts.flatMap((text, i) => [...(i === 0 ? [] : [document.createTextNode(", ")]), el("bdi", {}, text)]);
}

/** What was done on the screen before, shown the first time only. */
export function shownOnce(app: Console, text: string | null): () => Node[] {
  let left = text;
  return () => {
    const now = left;
    left = null;
    if (now === null) return [];
    app.view.toHead();
    return [paragraph(now, "line")];
  };
}

/** A button whose press asks something of the service. It rests meanwhile, and the line tells what went wrong. */
export function asking<T>(
  app: Console,
  text: string,
  kind: "main" | "plain",
  line: Line,
  ask: () => Promise<Result<T>> | null,
  then: (value: T) => void,
): HTMLButtonElement {
  const made = button(text, kind, () => void perform(app, made, line, ask, then));
  return made;
}

/** Asks, with a button at rest meanwhile. */
export async function perform<T>(
  app: Console,
  pressed: HTMLButtonElement,
  line: Line,
  ask: () => Promise<Result<T>> | null,
  then: (value: T) => void,
): Promise<void> {
  // not `disabled`, which would lose the focus
  if (pressed.getAttribute("aria-disabled") === "true") return;
  line.hush();
  const asked = ask();
  if (asked === null) return;
  pressed.setAttribute("aria-disabled", "true");
  const here = app.stillHere();
  const result = await asked;
  pressed.removeAttribute("aria-disabled");
  if (!here()) return;
  if (result.ok) then(result.value);
  else line.tell(result.problem);
}

/** A part of a screen that the service fills, and that stays true while it is shown. */
export interface Living<T> {
  readonly draw: (value: T, refresh: () => void) => readonly Node[];
  /** Brings what stands there up to date without moving anything; says how many things are new. */
  readonly update: (value: T) => number;
  /** Before that: what else is to be known of what stands there. */
  readonly complete?: (value: T, api: Api) => Promise<T>;
  /** What is said of so many. */
  readonly news?: (count: number) => string;
  /** What takes the focus when what had it is gone. */
  readonly focus?: () => HTMLElement | null;
}

/** Such a part. What is new waits behind one button under it. `again` draws it from the beginning. */
export function living<T>(
  app: Console,
  kinds: readonly Kind[],
  load: (api: Api) => Promise<Result<T>>,
  { draw, update, complete, news = () => t("news.show"), focus = () => document.querySelector<HTMLElement>("main .head") }: Living<T>,
): { readonly element: HTMLElement; readonly again: () => Promise<void> } {
  const box = el("div", { class: "loaded" }, paragraph(t("page.moment"), "hint"));
  const waiting = el("div", { class: "news" });
  let isDrawn = false;
  const arrived = app.view.awaits();
  let [asked, drawing] = [0, 0];
  /** News came while the whole was on its way: what comes may be older. */
  let hasMissed = false;
  const latest = async (api: Api, complete?: Living<T>["complete"]): Promise<Result<T> | null> => {
    const [here, mine] = [app.stillHere(), ++asked];
    const loaded = await load(api);
    const result = complete !== undefined && loaded.ok ? done(await complete(loaded.value, api)) : loaded;
    // of two answers the one that was asked for later counts
    return here() && mine === asked ? result : null;
  };
  const again = async (api = app.api): Promise<void> => {
    drawing++;
    const result = await latest(api);
    drawing--;
    // that there is a problem stands there already
    if (result === null || (!result.ok && api === app.quiet)) return;
    const hadFocus = box.contains(document.activeElement) || waiting.contains(document.activeElement);
    fill(waiting);
    isDrawn = result.ok;
    if (result.ok) fill(box, ...draw(result.value, () => void refresh()));
    else fill(box, paragraph(problemText(result.problem), "line line-problem"), button(t("do.retry"), "plain", () => void again()));
    if (hadFocus) focus()?.focus();
    arrived();
    if (hasMissed) void refresh();
  };
  const refresh = async (): Promise<void> => {
    // what somebody asked for is not thrown away for news
    hasMissed = drawing > 0;
    if (hasMissed) return;
    // the service may answer again
    if (!isDrawn) return again(app.quiet);
    const result = await latest(app.quiet, complete);
    // a problem that comes of its own accord is no news: what stands there stood there before
    if (result === null || !result.ok) return;
    const count = update(result.value);
    const text = count === 0 ? "" : news(count);
    if (waiting.textContent === text) return;
    fill(waiting, text === "" ? null : button(text, "main", () => void again()));
    // of a button that comes into a live region Orca says nothing in Firefox
    if (text !== "") announce(text);
  };
  // the screen that this is a part of is not shown yet
  queueMicrotask(() => {
    void again();
    app.onLeave(app.news.when(kinds, () => void refresh()));
  });
  return { element: el("div", { class: "living" }, box, waiting), again: () => again() };
}

/** A list, or a sentence where there is nothing in it. */
export function listOf<T>(items: readonly T[], none: string, draw: (item: T) => readonly (Node | null)[]): HTMLElement {
  if (items.length === 0) return paragraph(none, "hint");
  return el("ul", { class: "list" }, ...items.map((item) => el("li", { class: "card" }, ...draw(item))));
}
