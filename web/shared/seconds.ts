/** A time in whole seconds since 1970, as JSON has it; null for anything else. */
export function secondsOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
