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

  /** The number to show; draws one where there is none. */
  current(): string {
    if (this.value === null) this.renew();
    return this.value || "";
  }

  /** Draws a new number, which nobody has heard yet. */
  renew(): void {
    this.value = draw();
    this.drawnAt = Date.now();
    this.readOut = false;
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
    return { value: this.value, drawn: true };
  }

  /** The number that was shown, if it was never said to be read out: that is easily forgotten. */
  unspoken(): string | null {
    return this.readOut || this.millisecondsLeft() === 0 ? null : this.value;
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
  return value.slice(0, 3) + "\u00a0" + value.slice(3);
}

function draw(): string {
  const drawn = new Uint32Array(1);
  do crypto.getRandomValues(drawn);
  while ((drawn[0] ?? FAIR) >= FAIR);
  const digits = String((drawn[0] || 0) % DIGITS);
  return "000000".slice(digits.length) + digits;
}
