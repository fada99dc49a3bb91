const PRESSES = 3;
const WITHIN_MS = 5000;

/** What a key's event tells of it. */
export type Key = Pick<KeyboardEvent, "key" | "repeat" | "ctrlKey" | "altKey" | "metaKey">;

/**
 * Counts presses of Shift alone. A screen reader keeps the letter of Shift+H for itself, so a Shift that came alone may still have been
 * part of a command; what the command then moves is seen, and ends the count.
 */
export class ShiftPresses {
  private times: number[] = [];
  private isAlone = false;
  private isDown = false;

  constructor(private readonly now: () => number) {}

  down({ key, repeat, ctrlKey, altKey, metaKey }: Key, inField: boolean): void {
    if (key === "Shift" && repeat) return;
    const counts = key === "Shift" && !this.isDown && !inField && !ctrlKey && !altKey && !metaKey;
    if (!counts) this.end();
    else this.isAlone = true;
    if (key === "Shift") this.isDown = true;
  }

  /** How many presses are still to come; null where this was none. */
  up({ key }: Key): number | null {
    if (key !== "Shift") return null;
    const counts = this.isAlone;
    this.isDown = this.isAlone = false;
    if (!counts) return null;
    const now = this.now();
    this.times = this.times.filter((at) => now - at < WITHIN_MS).concat(now);
    return PRESSES - this.times.length;
  }

  /** Something else happened: a pointer was pressed, the focus or the selection moved. */
  end(): void {
    this.times = [];
    this.isAlone = false;
  }

  /** The window was left, so that the key may be let go elsewhere. */
  away(): void {
    this.end();
    this.isDown = false;
  }
}
