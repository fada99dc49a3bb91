import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, turnsOf } from "../model.ts";
import { needsMeaning } from "../press.ts";
import type { Result } from "../result.ts";
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
    const draw = (one: Authorisation): readonly (Node | null)[] => [
      ...facts(app, one, true),
      one.until > app.now() ? decision(app, one, (text) => cards.settle(one.id, text)) : null,
    ];
    const cards = new Cards<Authorisation>(app, { idOf: ({ id }) => id, none: t("requests.none"), gone: t("requests.gone"), moments: turnsOf, draw });
    return [
      heading(t("requests.title")),
      paragraph(t("requests.what"), "lead"),
      ...clockNote(app),
      browse(app, {
        kind: "authorisations",
        title: t("requests.waiting"),
        cards,
        load: (api, from) => api.authorisations(from),
        isListed: ({ asked_by }) => asked_by !== app.session?.callsign,
        only: "waiting",
        // who waited longest is answered first
        sorts: ["oldest", "made", "name"],
        news: (count) => t("requests.new", { count: String(count) }),
      }),
    ];
  });
}

function decision(app: Console, { id, reference, asked_by: callsign, asker_suspended }: Authorisation, settled: (text: string) => void): HTMLElement {
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
  return el("div", {}, el("div", { class: "buttons" }, asker_suspended ? null : approve, refuse.button), refuse.panel, line.element);
}
