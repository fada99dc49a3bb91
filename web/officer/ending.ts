// A session ends after twelve hours, whatever is pressed. Who reads it in time signs in again, and nothing on the screen is lost.

/** So long before the end the screen says so, and then once more. Seconds. */
const WARNED = [600, 120];
const LOOK_MS = 5000;

export class Ending {
  private end: number | null = null;
  private said = 0;

  /** The clock is the service's, in seconds. */
  constructor(
    private readonly warn: (end: number) => void,
    private readonly now: () => number,
  ) {}

  /** A session that ends at this moment. */
  begin(end: number): void {
    this.end = end;
    this.said = 0;
  }

  /** Nobody is signed in. */
  stop(): void {
    this.end = null;
  }

  look(): void {
    if (this.end === null) return;
    const left = this.end - this.now();
    const due = WARNED.filter((before) => left <= before).length;
    if (due > this.said && left > 0) this.warn(this.end);
    this.said = Math.max(due, this.said);
  }
}

export function watchEnding(warn: (end: number) => void, now: () => number): Ending {
  const ending = new Ending(warn, now);
  const look = (): void => ending.look();
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  return ending;
}
