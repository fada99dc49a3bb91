import type { Text } from "./app.ts";
import { el } from "./dom.ts";

const PRESSES = 3;
const WITHIN_MS = 2000;

/** Puts the exit button on top, and leaves when Shift is pressed three times. */
export function watchForExit(address: string | null, t: Text): void {
  const header = document.querySelector("header");
  if (header === null || address === null || !/^https?:\/\//.test(address)) return;
  const link = el("a", { class: "exit", href: address, rel: "noreferrer" }, t("page.exit"));
  link.appendChild(el("span", { class: "exit-hint" }, t("page.exit_hint")));
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave(address);
  });
  header.appendChild(link);

  let presses: number[] = [];
  document.addEventListener("keyup", (event) => {
    const now = Date.now();
    presses = event.key === "Shift" ? presses.filter((at) => now - at < WITHIN_MS).concat(now) : [];
    if (presses.length === PRESSES) leave(address);
  });
}

/** Hides the page at once, since the next one may be slow; replaces the history entry, so Back does not return. */
function leave(address: string): void {
  document.body.hidden = true;
  location.replace(address);
}
