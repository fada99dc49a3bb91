import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Key, Person, Role } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { browse } from "./browse.ts";
import { Cards } from "./cards.ts";
import { clockNote } from "./codes.ts";
import { tidy } from "./details.ts";
import { enrolPersonScreen, linkScreen } from "./enrol-person.ts";
import { Line, apart, asking, perform } from "./parts.ts";
import { areRight } from "./fields.ts";
import { reasonField, wrongSentence } from "./sentence.ts";
import { type Sure, asksFirst } from "./sure.ts";

/** Everybody, with their keys. */
export function peopleScreen(app: Console): void {
  app.show("people", () => {
    const changed = ({ callsign }: Person): void => {
      cards.decided(callsign);
      app.news.tell(["people"]);
    };
    const draw = (person: Person): readonly (Node | null)[] => personCard(app, person, () => changed(person));
    const cards = new Cards<Person>(app, { idOf: ({ callsign }) => callsign, none: t("people.none"), gone: t("people.gone"), draw });
    return [
      heading(t("people.title")),
      ...clockNote(app),
      button(t("people.enrol"), "main", () => enrolPersonScreen(app)),
      browse(app, { kind: "people", title: t("people.all"), cards, load: (api, from) => api.people(from), sorts: ["name", "made"] }),
    ];
  });
}

function personCard(app: Console, person: Person, changed: () => void): readonly (Node | null)[] {
  const { callsign, role, suspended_at, keys } = person;
  const line = new Line();
  const another = asking(app, t("people.link"), "plain", line, () => app.api.anotherLink(callsign), (link) => linkScreen(app, callsign, link));
  const turn = suspended_at === null ? suspension(app, person, line, changed) : reinstatement(app, person, line, changed);
  return [
    el("h3", {}, callsign),
    standing(role, suspended_at),
    keys.length === 0 ? el("p", { class: "hint" }, t("people.no_keys")) : keyList(app, person, line, changed),
    el("div", { class: "buttons" }, suspended_at === null ? another : null, turn.button),
    turn.panel,
    line.element,
  ];
}

function suspension(app: Console, { callsign, role }: Person, line: Line, changed: () => void): Sure {
  return asksFirst({
    ask: t("people.suspend"),
    title: t("people.suspend.title", { callsign }),
    means: [
      ...(callsign === app.session?.callsign ? [t("people.suspend.own")] : []),
      t("people.suspend.sessions"),
      t("people.suspend.codes"),
      ...(role === "approver" ? [t("people.suspend.approved")] : []),
    ],
    counts: async () => {
      const found = await app.api.onePerson(callsign);
      if (!found.ok) return null;
      const { sessions, live_tokens, authorisations } = found.value.follows;
      return t("people.suspend.counts", { sessions: String(sessions), codes: String(live_tokens), authorisations: String(authorisations) });
    },
    yes: t("people.suspend_sure", { callsign }),
    act: (pressed) => void perform(app, pressed, line, () => app.api.suspend(callsign), changed),
  });
}

function reinstatement(app: Console, { callsign }: Person, line: Line, changed: () => void): Sure {
  const reason = reasonField(t("people.reinstate.reason"), t("people.reinstate.reason_hint"));
  const ask = () => (areRight([reason, wrongSentence(reason)]) ? app.api.reinstate(callsign, tidy(reason.input.value)) : null);
  return asksFirst({
    ask: t("people.reinstate"),
    title: t("people.reinstate.title", { callsign }),
    means: [t("people.reinstate.means"), t("people.reinstate.ended")],
    yes: t("people.reinstate_sure", { callsign }),
    fields: () => reason.box,
    act: (pressed) => void perform(app, pressed, line, ask, changed),
  });
}

function standing(role: Role, suspendedAt: number | null): HTMLElement {
  const text = t(`role.${role}`);
  if (suspendedAt === null) return el("p", {}, text);
  return el("p", { class: "state state-withdrawn" }, t("people.suspended", { role: text, time: timeText(suspendedAt) }));
}

function keyList(app: Console, { callsign, keys }: Person, line: Line, changed: () => void): HTMLElement {
  const items = keys.map((key) => {
    const revoke = revocation(app, key, line, changed);
    return el("li", {}, el("span", {}, ...keyParts(key)), revoke.button, revoke.panel);
  });
  return el("ul", { class: "keys-of", "aria-label": t("people.keys", { callsign }) }, ...items);
}

function keyParts({ kind, name, added_at, expires_at }: Key): Node[] {
  const added = added_at === null ? [] : [t("key.added", { time: timeText(added_at) })];
  return apart([name ?? t(`key.${kind}`), ...added, ...(expires_at === null ? [] : [t("key.expires", { time: timeText(expires_at) })])]);
}

function revocation(app: Console, key: Key, line: Line, changed: () => void): Sure {
  return asksFirst({
    ask: t("people.revoke"),
    title: t("people.revoke.title"),
    means: [t(`people.revoke.${key.kind}`), t("people.revoke.codes")],
    yes: t("people.revoke_sure"),
    act: (pressed) => void perform(app, pressed, line, () => app.api.revoke(key.id), changed),
  });
}
