import type { App } from "./app.ts";

const PRESSES = 3;
const WITHIN_MS = 2000;

/** Leaves by the exit button on top, or when Shift is pressed three times. */
export function watchForExit(app: App): void {
  const link = document.querySelector<HTMLAnchorElement>("a.exit");
  if (link === null) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave(app, link.href);
  });
  let presses: number[] = [];
  document.addEventListener("keyup", (event) => {
    const now = Date.now();
    presses = event.key === "Shift" ? presses.filter((at) => now - at < WITHIN_MS).concat(now) : [];
    if (presses.length === PRESSES) leave(app, link.href);
  });
}

/** Ends and hides all at once, since the next page may be slow; replaces the history entry, so Back does not return. */
function leave(app: App, address: string): void {
  app.leave();
  document.body.hidden = true;
  location.replace(address);
}
