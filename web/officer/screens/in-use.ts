import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, isInUse, turnsOf } from "../model.ts";
import { t } from "../words.ts";
import { facts } from "./authorisation.ts";
import { browse } from "./browse.ts";
import { Cards } from "./cards.ts";
import { Line, perform, shownOnce } from "./parts.ts";
import { reviewScreen } from "./review.ts";
import { asksFirst } from "./sure.ts";
import { tokenCards } from "./tokens.ts";

/** Authorisations and codes that are in use. Both can be withdrawn; approvers also review. What is over is shown where it is asked for. */
export function inUseScreen(app: Console, said: string | null = null): void {
  const notice = shownOnce(app, said);
  app.show("in-use", () => {
    const draw = (one: Authorisation): readonly (Node | null)[] => [
      ...facts(app, one, true),
      one.state === "approved" && one.until > app.now() ? acts(app, one, () => cards.settle(one.id, t("standing.withdrawn"))) : null,
    ];
    const texts = { none: t("in_use.no_authorisations"), gone: t("in_use.gone") };
    const cards = new Cards<Authorisation>(app, { idOf: ({ id }) => id, ...texts, moments: turnsOf, draw });
    return [
      heading(t("in_use.title")),
      ...notice(),
      browse(app, {
        kind: "authorisations",
        title: t("in_use.authorisations"),
        cards,
        load: (api, from) => api.authorisations(from),
        only: "in-force",
        all: t("in_use.all"),
        find: (api, id) => api.oneAuthorisation(id),
        sorts: ["until", "made", "name"],
      }),
      browse(app, {
        kind: "tokens",
        title: t("in_use.codes"),
        cards: tokenCards(app, true),
        load: (api, from) => api.tokens(from),
        isListed: (one) => isInUse(one, app.now()),
        sorts: ["until", "made", "name"],
      }),
    ];
  });
}

function acts(app: Console, one: Authorisation, withdrawn: () => void): HTMLElement {
  const line = new Line();
  const reviews = app.session?.role === "approver" && one.asked_by !== app.session.callsign;
  const withdraw = asksFirst({
    ask: t("do.withdraw"),
    title: t("in_use.withdraw.title", { reference: one.reference }),
    means: [t("in_use.withdraw.means", { callsign: one.asked_by }), t("in_use.withdraw.codes")],
    counts: async () => {
      const found = await app.api.followsWithdrawal(one.id);
      return found.ok ? t("in_use.withdraw.counts", { codes: String(found.value.live_tokens) }) : null;
    },
    yes: t("do.withdraw_sure"),
    act: (pressed) => void perform(app, pressed, line, () => app.api.withdraw(one.id), withdrawn),
  });
  const review = reviews ? button(t("review.open"), "plain", () => reviewScreen(app, one)) : null;
  return el("div", {}, el("div", { class: "buttons" }, review, withdraw.button), withdraw.panel, line.element);
}
