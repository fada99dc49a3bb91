const PRESSES = 3;
const WITHIN_MS = 2000;

/** Leaves by the exit button on top, or when Shift is pressed three times. */
export function watchForExit(): void {
  const link = document.querySelector<HTMLAnchorElement>("a.exit");
  if (link === null) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave(link.href);
  });
  let presses: number[] = [];
  document.addEventListener("keyup", (event) => {
    const now = Date.now();
    presses = event.key === "Shift" ? presses.filter((at) => now - at < WITHIN_MS).concat(now) : [];
    if (presses.length === PRESSES) leave(link.href);
  });
}

/** Hides the page at once, since the next one may be slow; replaces the history entry, so Back does not return. */
function leave(address: string): void {
  document.body.hidden = true;
  location.replace(address);
}
