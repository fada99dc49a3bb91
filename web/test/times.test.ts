import assert from "node:assert/strict";
import { test } from "node:test";
import { organisationTime, phoneTime } from "../public/times.ts";
import cy from "../shared/i18n/cy.json";
import en from "../shared/i18n/en.json";
import ur from "../shared/i18n/ur.json";
import { translator } from "../shared/i18n.ts";
import { readVectors } from "./files.ts";

interface Times {
  readonly vectors: readonly { name: string; zone: string; language: "en" | "cy" | "ur"; at: number; now: number; expect: string }[];
}

const speak = {
  en: translator(en, {}, { tag: "en", direction: "ltr" }),
  cy: translator(cy, {}, { tag: "cy", direction: "ltr" }),
  ur: translator(ur, {}, { tag: "ur", direction: "rtl" }),
};

/** Runs with the phone set to a zone. */
function phoneIn<T>(zone: string, act: () => T): T {
  const before = process.env["TZ"];
  process.env["TZ"] = zone;
  try {
    return act();
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
}

test("a phone that is elsewhere shows the organisation's times as the service does", () => {
  const { vectors } = readVectors<Times>("times");
  assert.equal(vectors.length, 11);
  for (const { name, zone, language, at, now, expect } of vectors) {
    assert.equal(phoneIn("Pacific/Auckland", () => organisationTime(speak[language], at, now, zone)), expect, name);
  }
});

test("a phone that shows the same time needs no name of it", () => {
  const said = (phone: string, at: number) => phoneIn(phone, () => organisationTime(speak.en, at, at, "Europe/London"));
  assert.equal(said("Europe/London", 1782327600), "20:00");
  assert.equal(said("Europe/Lisbon", 1782327600), "20:00");
  assert.equal(said("UTC", 1795993980), "23:13");
  assert.equal(said("UTC", 1782327600), "20:00 (London time)");
});

test("a browser that does not know the zone shows the phone's own time", () => {
  assert.equal(phoneIn("Europe/London", () => organisationTime(speak.en, 1782327600, 0, "Mars/Olympus_Mons")), "24 June 2026, 20:00");
  assert.equal(phoneIn("Europe/Paris", () => phoneTime(speak.cy, 1782327600, 0)), "24 Mehefin 2026, 21:00");
});
