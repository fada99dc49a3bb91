import { button, el, fill } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Problem, Result } from "../result.ts";
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
  readonly element = el("p", { class: "line", role: "status" });

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

/** A button for what cannot be undone: its second press means it. */
export function twice(text: string, sure: string, act: () => void): HTMLElement {
  const box = el("div", { class: "twice" });
  const first = button(text, "plain", () => {
    const meant = button(sure, "main", act);
    meant.classList.add("button-grave");
    fill(box, meant, button(t("do.keep"), "plain", rest));
    meant.focus();
  });
  first.classList.add("button-grave");
  const rest = (): void => {
    fill(box, first);
    first.focus();
  };
  fill(box, first);
  return box;
}

/** A part that is filled once the service has answered. */
export function loaded<T>(app: Console, load: () => Promise<Result<T>>, draw: (value: T, again: () => void) => readonly Node[]): HTMLElement {
  const box = el("div", { class: "loaded" }, paragraph(t("page.moment"), "hint"));
  const again = async (): Promise<void> => {
    const here = app.stillHere();
    const result = await load();
    if (!here()) return;
    // what had the focus may be gone: the next thing that is new takes it
    const hadFocus = box.contains(document.activeElement);
    const retry = (): void => void again();
    if (result.ok) fill(box, ...draw(result.value, retry));
    else fill(box, paragraph(problemText(result.problem), "line line-problem"), button(t("do.retry"), "plain", retry));
    if (hadFocus) document.querySelector<HTMLElement>("main h1")?.focus();
  };
  // the screen that this is a part of is not shown yet
  queueMicrotask(() => void again());
  return box;
}

/** A list, or a sentence where there is nothing in it. */
export function listOf<T>(items: readonly T[], none: string, draw: (item: T) => readonly (Node | null)[]): HTMLElement {
  if (items.length === 0) return paragraph(none, "hint");
  return el("ul", { class: "list" }, ...items.map((item) => el("li", { class: "card" }, ...draw(item))));
}
