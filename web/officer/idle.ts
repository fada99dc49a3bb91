/** The service ends a session after so long without a request. */
export const IDLE_MS = 900000;
/** So long before it the screen says so. */
const WARNED_MS = 120000;
/** Who does something without a request, such as typing, is heard of after so long at most. */
const HEARD_MS = 240000;
const LOOK_MS = 5000;

export interface Idling {
  /** Nobody has touched anything for long: at this moment, in milliseconds, it ends. */
  readonly warn: (end: number) => void;
  /** Somebody has. */
  readonly calm: () => void;
  readonly end: () => void;
  /** Lets the service know that somebody is here. */
  readonly heard: () => void;
}

/** How long nobody has touched the console. What it asks of the service of its own accord is no touch. */
export class Idle {
  private touched: number;
  private heard: number;
  private isWarned = false;

  constructor(
    private readonly idling: Idling,
    private readonly now: () => number,
  ) {
    this.touched = this.heard = now();
  }

  touch(): void {
    // somebody who comes back too late does not begin again
    if (this.now() - this.touched >= IDLE_MS) return this.look();
    this.touched = this.now();
    if (this.isWarned || this.now() - this.heard > HEARD_MS) {
      this.heard = this.now();
      this.idling.heard();
    }
    if (this.isWarned) this.idling.calm();
    this.isWarned = false;
  }

  /** Somebody signed in. */
  begin(): void {
    this.touched = this.heard = this.now();
    this.isWarned = false;
    this.idling.calm();
  }

  look(): void {
    const since = this.now() - this.touched;
    if (since >= IDLE_MS) {
      this.begin();
      this.idling.end();
    } else if (since >= IDLE_MS - WARNED_MS && !this.isWarned) {
      this.isWarned = true;
      this.idling.warn(this.touched + IDLE_MS);
    }
  }
}

/** Watches this page's fingers and keys. */
export function watchIdle(idling: Idling): Idle {
  const idle = new Idle(idling, () => Date.now());
  const isInStrip = ({ target }: Event): boolean => target instanceof Element && target.closest(".bar") !== null;
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, (event) => isInStrip(event) || idle.touch(), true);
  // a strip that went while its button is pressed would leave the rest of the press to what has the focus then
  document.addEventListener("click", (event) => isInStrip(event) && idle.touch(), true);
  const look = (): void => idle.look();
  setInterval(look, LOOK_MS);
  // a page that was put aside looks as soon as it is back
  document.addEventListener("visibilitychange", look);
  return idle;
}
