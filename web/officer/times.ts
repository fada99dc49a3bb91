const LOCALE = "en-GB";

/** A time of day as this device's clock shows it, with the date when that is another than today's, or than that of a moment named with it. */
export function timeText(seconds: number, named: number | null = null): string {
  const at = new Date(seconds * 1000);
  const clock = twoDigits(at.getHours()) + ":" + twoDigits(at.getMinutes());
  const day = named === null ? new Date() : new Date(named * 1000);
  if (at.toDateString() === day.toDateString()) return clock;
  return at.toLocaleDateString(LOCALE, { day: "numeric", month: "long", year: "numeric" }) + ", " + clock;
}

/** The value of a field for a local time. */
export function toField(seconds: number): string {
  const at = new Date(seconds * 1000);
  const day = [String(at.getFullYear()), twoDigits(at.getMonth() + 1), twoDigits(at.getDate())].join("-");
  return day + "T" + twoDigits(at.getHours()) + ":" + twoDigits(at.getMinutes());
}

/** The moment that such a field holds, or null. */
export function fromField(value: string): number | null {
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? new Date(value).getTime() : NaN;
  return Number.isFinite(milliseconds) && milliseconds >= 0 ? Math.floor(milliseconds / 1000) : null;
}

function twoDigits(value: number): string {
  return (value < 10 ? "0" : "") + String(value);
}
