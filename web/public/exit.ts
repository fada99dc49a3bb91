import { announce } from "../shared/screen.ts";
import type { App } from "./app.ts";
import { isOut } from "./past.ts";
import { ShiftPresses } from "./shift.ts";

/** Until then what a screen reader moves shows that the press was part of its command, which says nothing of leaving. */
const SPEAK_AFTER_MS = 300;

const exitLink = (): HTMLAnchorElement | null => document.querySelector<HTMLAnchorElement>("a.exit");

/** Whether the person left by the exit and came upon what was left behind: then they are led out again. */
export function isLeaving(): boolean {
  const link = exitLink();
  if (!isOut() || link === null) return false;
  goTo(link.href);
  return true;
}

/** Leaves by the exit button on top, or when Shift is pressed three times. */
export function watchForExit(app: App): void {
  const link = exitLink();
  if (link === null) return;
  const leave = (): void => {
    app.leave();
    document.body.hidden = true;
    app.past.leave(() => goTo(link.href));
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  watchShift(app, leave);
}

/** Hides all at once, since the next page may be slow, and takes our place in the history. */
function goTo(address: string): void {
  document.body.hidden = true;
  location.replace(address);
}

function watchShift(app: App, leave: () => void): void {
  const presses = new ShiftPresses(Date.now);
  let speaks = 0;
  const hush = (): void => clearTimeout(speaks);
  document.addEventListener("keydown", (event) => {
    hush();
    presses.down(event, !app.shiftLeaves || isField(event.target));
  });
  document.addEventListener("keyup", (event) => {
    const left = presses.up(event);
    if (left === 0) leave();
    else if (left !== null) speaks = window.setTimeout(() => announce(app.t(left === 1 ? "page.shift_1" : "page.shift_2")), SPEAK_AFTER_MS);
  });
  const end = (): void => {
    hush();
    presses.end();
  };
  for (const what of ["mousedown", "touchstart", "focusin", "selectionchange", "scroll"]) document.addEventListener(what, end, true);
  window.addEventListener("blur", () => presses.away());
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
