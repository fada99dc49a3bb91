import { el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Authorisation } from "../model.ts";
import { t } from "../words.ts";
import { facts } from "./authorisation.ts";
import { clockNote } from "./codes.ts";
import { Line, asking, listOf, loaded, paragraph } from "./parts.ts";

/** What waits for an approver. Nobody is offered their own request. */
export function requestsScreen(app: Console, said: string | null = null): void {
  app.show("requests", () => [
    heading(t("requests.title")),
    paragraph(said ?? t("requests.what"), "lead"),
    ...clockNote(app),
    loaded(app, () => app.api.waiting(app.now()), (waiting) => {
      const others = waiting.filter(({ asked_by }) => asked_by !== app.session?.callsign);
      return [listOf(others, t("requests.none"), (one) => [...facts(app, one, true, "h2"), decision(app, one)])];
    }),
  ]);
}

function decision(app: Console, { id, reference }: Authorisation): HTMLElement {
  const line = new Line();
  const decide = (what: "approve" | "refuse", kind: "main" | "plain") => {
    const said = t(`requests.${what}.done`, { reference });
    return asking(app, t(`requests.${what}`), kind, line, () => app.api.decide(id, what), () => requestsScreen(app, said));
  };
  return el("div", {}, el("div", { class: "buttons" }, decide("approve", "main"), decide("refuse", "plain")), line.element);
}
