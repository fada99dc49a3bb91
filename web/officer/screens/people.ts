import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Key, Person, Role } from "../model.ts";
import type { Result } from "../result.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { clockNote } from "./codes.ts";
import { enrolPersonScreen, linkScreen } from "./enrol-person.ts";
import { Line, asking, listOf, loaded, perform, twice } from "./parts.ts";

/** Everybody, with their keys. */
export function peopleScreen(app: Console): void {
  app.show("people", () => [
    heading(t("people.title")),
    ...clockNote(app),
    button(t("people.enrol"), "main", () => enrolPersonScreen(app)),
    loaded(app, () => app.api.people(), (people, again) => [listOf(people, t("people.none"), (person) => personCard(app, person, again))]),
  ]);
}

function personCard(app: Console, person: Person, again: () => void): readonly (Node | null)[] {
  const { callsign, role, suspended_at, keys } = person;
  const line = new Line();
  const another = asking(app, t("people.link"), "plain", line, () => app.api.anotherLink(callsign), (link) => linkScreen(app, callsign, link));
  const acts = [another, grave(app, t("people.suspend"), t("people.suspend_sure", { callsign }), line, () => app.api.suspend(callsign), again)];
  return [
    el("h2", {}, callsign),
    standing(role, suspended_at),
    keys.length === 0 ? el("p", { class: "hint" }, t("people.no_keys")) : keyList(app, person, line, again),
    // no way leads back from a suspension
    suspended_at === null ? el("div", { class: "buttons" }, ...acts) : null,
    line.element,
  ];
}

function standing(role: Role, suspendedAt: number | null): HTMLElement {
  const text = t(`role.${role}`);
  if (suspendedAt === null) return el("p", {}, text);
  return el("p", { class: "state state-withdrawn" }, t("people.suspended", { role: text, time: timeText(suspendedAt) }));
}

function keyList(app: Console, { callsign, keys }: Person, line: Line, again: () => void): HTMLElement {
  const items = keys.map((key) =>
    el("li", {}, el("span", {}, keyText(key)), grave(app, t("people.revoke"), t("people.revoke_sure"), line, () => app.api.revoke(key.id), again)),
  );
  return el("ul", { class: "keys-of", "aria-label": t("people.keys", { callsign }) }, ...items);
}

function keyText({ kind, added_at, expires_at }: Key): string {
  const parts = [t(`key.${kind}`)];
  if (added_at !== null) parts.push(t("key.added", { time: timeText(added_at) }));
  if (expires_at !== null) parts.push(t("key.expires", { time: timeText(expires_at) }));
  return parts.join(", ");
}

/** A button for what cannot be undone, whose second press asks the service. */
function grave(app: Console, text: string, sure: string, line: Line, ask: () => Promise<Result<null>>, then: () => void): HTMLElement {
  const box = twice(text, sure, () => {
    const pressed = box.querySelector("button");
    if (pressed !== null) void perform(app, pressed, line, ask, then);
  });
  return box;
}
