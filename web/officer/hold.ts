// A button that has to be held, so that nothing is taken back by a slip. Who cannot hold presses twice.

export const HOLD_MS = 1000;
/** Two presses closer than this are one slip of the finger. */
const NOT_BEFORE_MS = 600;
const NOT_AFTER_MS = 10000;

/** What a short press means: the first asks for another, the second is meant. */
export class TwoPresses {
  private first: number | null = null;

  press(now: number): "again" | "meant" {
    const since = this.first === null ? Infinity : now - this.first;
    if (since >= NOT_BEFORE_MS && since <= NOT_AFTER_MS) {
      this.first = null;
      return "meant";
    }
    // a slip does not begin the time anew
    if (since > NOT_AFTER_MS) this.first = now;
    return "again";
  }
}

interface Held {
  /** It was held long enough, or pressed twice. */
  readonly meant: () => void;
  /** It was pressed once, and briefly. */
  readonly again: () => void;
}

/** Makes a button act when it is held with a pointer or a key, or pressed twice. */
export function onHold(button: HTMLButtonElement, { meant, again }: Held): void {
  const presses = new TwoPresses();
  let timer = 0;
  let acted = false;
  const begin = (): void => {
    end();
    acted = false;
    button.classList.add("is-held");
    timer = window.setTimeout(() => {
      end();
      acted = true;
      meant();
    }, HOLD_MS);
  };
  const end = (): void => {
    clearTimeout(timer);
    button.classList.remove("is-held");
  };
  const press = (): void => {
    if (acted) acted = false;
    else if (presses.press(Date.now()) === "meant") meant();
    else again();
  };
  onPointer(button, begin, end, press);
  onKeys(button, begin, end, press);
}

function onPointer(button: HTMLButtonElement, begin: () => void, end: () => void, press: () => void): void {
  button.addEventListener("pointerdown", (event) => {
    if (event.isPrimary && event.button === 0) begin();
  });
  (["pointerup", "pointercancel", "pointerleave"] as const).forEach((name) => button.addEventListener(name, end));
  // a long touch would open a menu over the button
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  // the only event that some assistive technology sends
  button.addEventListener("click", press);
}

function onKeys(button: HTMLButtonElement, begin: () => void, end: () => void, press: () => void): void {
  const isPress = (event: KeyboardEvent): boolean => event.key === "Enter" || event.key === " ";
  button.addEventListener("keydown", (event) => {
    if (!isPress(event)) return;
    // no click of its own
    event.preventDefault();
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", (event) => {
    if (!isPress(event)) return;
    event.preventDefault();
    end();
    press();
  });
  button.addEventListener("blur", end);
}
