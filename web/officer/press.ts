// What cannot be undone is done by a press that was meant for it: one that began on the button after the screen had stood still for
// a moment. The second half of a double tap, a finger that was on its way to what stood there before, and a key that is held down all
// began too early.

/** So long nothing on the screen may have changed before such a press begins. */
export const STILL_MS = 700;
/** On the page's root until then. */
const MOVING = "is-moving";
const MEANT = "data-meant";

/** Whether the press that is under way may do what cannot be undone. */
export class Presses<Place> {
  /** Where the present press began: on nothing that counts, or unknown, as with assistive technology that sends a click alone. */
  private began: Place | null | "unknown" = "unknown";

  constructor(private readonly isStill: () => boolean) {}

  begin(at: Place | null): void {
    this.began = this.isStill() ? at : null;
  }

  /** The finger was lifted elsewhere, or scrolled. */
  cancel(): void {
    this.began = "unknown";
  }

  /** A click arrived: whether it counts. */
  counts(at: Place): boolean {
    const { began } = this;
    this.began = "unknown";
    return began === "unknown" ? this.isStill() : began === at;
  }
}

/** Marks a button whose press cannot be undone, or no longer. */
export function needsMeaning(button: HTMLButtonElement, does = true): HTMLButtonElement {
  if (does) button.setAttribute(MEANT, "");
  else button.removeAttribute(MEANT);
  return button;
}

/** Whether the screen has stood still for a moment. */
export function isStill(): boolean {
  return !document.documentElement.classList.contains(MOVING);
}

/** Watches over all such buttons of the page. */
export function watchPresses(main: Node): void {
  const presses = new Presses<Element>(isStill);
  new MutationObserver(unsettle).observe(main, { childList: true, characterData: true, subtree: true });
  const at = (event: Event): Element | null => (event.target instanceof Element ? event.target.closest(`[${MEANT}]`) : null);
  const on = <E extends Event>(name: string, act: (event: E) => void): void => document.addEventListener(name, (event) => act(event as E), true);
  on("pointerdown", (event) => presses.begin(at(event)));
  on("pointercancel", () => presses.cancel());
  on<KeyboardEvent>("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    if (!event.repeat) presses.begin(at(event));
    // a key that is held down presses once
    else if (event.target instanceof HTMLButtonElement) event.preventDefault();
  });
  on("click", (event) => {
    const button = at(event);
    if (button === null) return presses.cancel();
    if (presses.counts(button)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Something on the screen changed place, came, or went. */
export function unsettle(): void {
  document.documentElement.classList.add(MOVING);
  clearTimeout(timer);
  timer = setTimeout(() => document.documentElement.classList.remove(MOVING), STILL_MS);
}
