import type { Text } from "./app.ts";

/** Year, month, day, hour and minute, as a clock shows them. */
type Shown = readonly [number, number, number, number, number];

const clocks: { [timeZone: string]: Intl.DateTimeFormat | null } = {};

/** What writes the times of a zone, kept because an old phone needs 50 ms to make one; null where this browser does not know the zone. */
export function clockOf(timeZone: string): Intl.DateTimeFormat | null {
  const known = clocks[timeZone];
  return known === undefined ? (clocks[timeZone] = made(timeZone)) : known;
}

function made(timeZone: string): Intl.DateTimeFormat | null {
  const two = "2-digit";
  try {
    // in the one locale that every browser has, month first; some write midnight as 24:00
    return new Intl.DateTimeFormat("en-US", {
      timeZone, year: "numeric", month: two, day: two, hour: two, minute: two, hour12: false,
    });
  } catch {
    return null;
  }
}

/** What clocks show in a zone; undefined where this browser does not know the zone. */
function inZone(at: Date, timeZone: string): Shown | undefined {
  const clock = clockOf(timeZone);
  const [month, day, year, hour, minute] = ((clock && clock.format(at)) || "").match(/\d+/g) || [];
  return minute === undefined ? undefined : [Number(year), Number(month), Number(day), Number(hour) % 24, Number(minute)];
}

function here(at: Date): Shown {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes()];
}

/** A time of day as clocks at the organisation show it, which this one says where the phone shows another. */
export function organisationTime(t: Text, seconds: number, now: number, timeZone: string): string {
  const shows = (second: number): Shown => inZone(new Date(second * 1000), timeZone) || here(new Date(second * 1000));
  const differs = String(shows(seconds)) !== String(here(new Date(seconds * 1000)));
  const place = timeZone.replace(/.*\//, "").replace(/_/g, " ");
  return written(t, shows(seconds), shows(now), (time) => (differs ? t("time.zone", { time, place }) : time));
}

/** A time of day as this phone's own clock shows it. */
export function phoneTime(t: Text, seconds: number, now: number): string {
  return written(t, here(new Date(seconds * 1000)), here(new Date(now * 1000)), (time) => time);
}

/** With the date where that is not today's. */
function written(t: Text, at: Shown, now: Shown, named: (time: string) => string): string {
  const [year, month, day, hour, minute] = at;
  const time = named(twoDigits(hour) + ":" + twoDigits(minute));
  if (String(at.slice(0, 3)) === String(now.slice(0, 3))) return time;
  const date = t("date.full", { day: String(day), month: t("date.months").split("|")[month - 1] || "", year: String(year) });
  return t("time.date", { date, time });
}

function twoDigits(value: number): string {
  return (value < 10 ? "0" : "") + String(value);
}
