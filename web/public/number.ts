const DIGITS = 1000000;
/** Draws at or above this are thrown away, so that every number is equally likely. */
const FAIR = Math.floor(0x100000000 / DIGITS) * DIGITS;
const LIFE_MS = 600000;

/** A number that goes with a check, and whether this page chose it. */
export interface GivenNumber {
  readonly value: string;
  readonly drawn: boolean;
}

/** The person's own number: in memory only, gone after one use or ten minutes. */
export class OwnNumber {
  private value: string | null = null;
  private drawnAt = 0;
  private readOut = false;
  private isDrawn = true;

  /** `isFirst`: the page was not here before. Where it was, the person may have read out a number that is gone with it. */
  constructor(public isFirst: boolean) {}

  /** The number to show; draws one where there is none. */
  current(): string {
    if (this.value === null) this.take(draw(), true);
    return this.value || "";
  }

  /** Draws a new number, which nobody has heard yet. */
  renew(): void {
    this.take(draw(), true);
    this.isFirst = true;
  }

  /** Takes a number that the person wrote down and read out. Only they can know that it was theirs. */
  type(value: string): void {
    this.take(value, false);
    this.readOut = true;
  }

  private take(value: string, isDrawn: boolean): void {
    this.value = value;
    this.isDrawn = isDrawn;
    this.drawnAt = Date.now();
    this.readOut = false;
  }

  /** Whether the number may be shown: one that was typed is not. */
  isShown(): boolean {
    return this.isDrawn;
  }

  /** From now on the number goes with each check. */
  markReadOut(): void {
    this.readOut = true;
  }

  isReadOut(): boolean {
    return this.readOut;
  }

  /** How long the number may still be used. */
  millisecondsLeft(): number {
    return Math.max(0, this.drawnAt + LIFE_MS - Date.now());
  }

  /** The number to send: none unless it was read out and is still young. */
  given(): GivenNumber | null {
    if (this.value === null || !this.readOut || this.millisecondsLeft() === 0) return null;
    return { value: this.value, drawn: this.isDrawn };
  }

  /** The number that was shown, if it was never said to be read out: that is easily forgotten. None that nobody can have heard. */
  unspoken(): string | null {
    return this.readOut || !this.isFirst || this.millisecondsLeft() === 0 ? null : this.value;
  }

  /** Forgets a number after its one use; one that was drawn since stays. */
  used(given: GivenNumber | null): void {
    if (given !== null && given.value === this.value) this.forget();
  }

  forget(): void {
    this.value = null;
    this.drawnAt = 0;
    this.readOut = false;
  }
}

/** A number as it is shown: "417 092". */
export function numberText(value: string): string {
  return value.slice(0, 3) + " " + value.slice(3);
}

function draw(): string {
  const drawn = new Uint32Array(1);
  do crypto.getRandomValues(drawn);
  while ((drawn[0] ?? FAIR) >= FAIR);
  const digits = String((drawn[0] || 0) % DIGITS);
  return "000000".slice(digits.length) + digits;
}
