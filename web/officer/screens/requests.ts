import { button, el, heading } from "../../shared/dom.ts";
import type { Api, Page } from "../api.ts";
import type { Console } from "../app.ts";
import { type Authorisation, isWaiting } from "../model.ts";
import { needsMeaning } from "../press.ts";
import { type Result, done } from "../result.ts";
import { t } from "../words.ts";
import { facts } from "./authorisation.ts";
import { browse } from "./browse.ts";
import { Cards } from "./cards.ts";
import { clockNote } from "./codes.ts";
import { tidy } from "./details.ts";
import { areRight } from "./fields.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { reasonField, wrongSentence } from "./sentence.ts";
import { asksFirst } from "./sure.ts";

/** What waits for an approver. Nobody is offered their own request. */
export function requestsScreen(app: Console): void {
  app.show("requests", () => {
    const cards: Cards<Authorisation> = new Cards(({ id }) => id, t("requests.none"), t("requests.gone"), (one) => [
      ...facts(app, one, true),
      decision(app, one, (text) => cards.settle(one.id, text)),
    ]);
    return [
      heading(t("requests.title")),
      paragraph(t("requests.what"), "lead"),
      ...clockNote(app),
      browse(app, {
        kind: "authorisations",
        title: t("requests.waiting"),
        cards,
        load: (api, from) => waiting(app, api, from),
        sorts: [],
        news: (count) => t("requests.new", { count: String(count) }),
      }),
    ];
  });
}

/** What waits for a decision stands before everything else. */
async function waiting(app: Console, api: Api, from: string): Promise<Result<Page<Authorisation>>> {
  const found = await api.authorisations(from);
  if (!found.ok) return found;
  const { items, next } = found.value;
  const all = items.filter((one) => isWaiting(one, app.now()));
  return done({ items: all.filter(({ asked_by }) => asked_by !== app.session?.callsign), next: all.length === items.length ? next : null });
}

function decision(app: Console, { id, reference, asked_by: callsign }: Authorisation, settled: (text: string) => void): HTMLElement {
  const line = new Line();
  const decide = (pressed: HTMLButtonElement, ask: () => Promise<Result<null>> | null, said: "requests.approve.done" | "requests.refuse.done"): void =>
    void perform(app, pressed, line, ask, () => settled(t(said, { reference })));
  const approve = needsMeaning(button(t("requests.approve"), "main", () => decide(approve, () => app.api.approve(id), "requests.approve.done")));
  const reason = reasonField(t("requests.reason"), t("requests.reason_hint", { callsign }));
  const refuse = asksFirst({
    ask: t("requests.refuse"),
    title: t("requests.refuse.title", { reference }),
    means: [t("requests.refuse.means", { callsign })],
    yes: t("requests.refuse.sure"),
    fields: () => reason.box,
    act: (pressed) => decide(pressed, () => (areRight([reason, wrongSentence(reason)]) ? app.api.refuse(id, tidy(reason.input.value)) : null), "requests.refuse.done"),
  });
  return el("div", {}, el("div", { class: "buttons" }, approve, refuse.button), refuse.panel, line.element);
}
