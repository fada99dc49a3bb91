// A button that acts at once when it is held, and otherwise asks.

import { isStill } from "./press.ts";

export const HOLD_MS = 1000;

/** Makes a button act when it is held with a pointer or a key, and ask when it is pressed briefly. */
export function onHold(button: HTMLButtonElement, meant: () => void, pressed: () => void): void {
  let timer = 0;
  let acted = false;
  const begin = (): void => {
    end();
    acted = false;
    // what a finger was on already, it does not hold
    if (!isStill()) return;
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
    if (!acted) pressed();
    acted = false;
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
  let isDown = false;
  button.addEventListener("keydown", (event) => {
    if (!isPress(event)) return;
    // no click of its own
    event.preventDefault();
    if (event.repeat) return;
    isDown = true;
    begin();
  });
  button.addEventListener("keyup", (event) => {
    if (!isPress(event)) return;
    event.preventDefault();
    end();
    // the key may have gone down elsewhere
    if (isDown) press();
    isDown = false;
  });
  button.addEventListener("blur", end);
}
