import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type LiveToken, isInUse } from "../model.ts";
import { type Result, done } from "../result.ts";
import { t } from "../words.ts";
import { facts } from "./authorisation.ts";
import { Cards } from "./cards.ts";
import { Line, living, newsText, perform, saidOnce, section } from "./parts.ts";
import { reviewScreen } from "./review.ts";
import { asksFirst } from "./sure.ts";
import { tokenCards } from "./tokens.ts";

interface InUse {
  readonly authorisations: readonly Authorisation[];
  readonly tokens: readonly LiveToken[];
}

/** What is live now: authorisations and codes. Both can be withdrawn; approvers also review. */
export function inUseScreen(app: Console, said: string | null = null): void {
  const told = saidOnce(said);
  app.show("in-use", () => {
    const tokens = tokenCards(app, true);
    const cards: Cards<Authorisation> = new Cards(({ id }) => id, t("in_use.no_authorisations"), t("in_use.gone"), (one) => [
      ...facts(app, one, true),
      acts(app, one, () => cards.settle(one.id, t("standing.withdrawn"))),
    ]);
    return [
      heading(t("in_use.title")),
      ...told(),
      living(app, () => load(app), {
        draw: (found) => [section(t("in_use.authorisations"), cards.show(found.authorisations).element), section(t("in_use.codes"), tokens.show(found.tokens).element)],
        update: (found) => cards.update(found.authorisations) + tokens.update(found.tokens),
        news: newsText,
      }),
    ];
  });
}

async function load(app: Console): Promise<Result<InUse>> {
  const [authorisations, tokens] = await Promise.all([app.api.authorisations(), app.api.tokens()]);
  if (!authorisations.ok) return authorisations;
  if (!tokens.ok) return tokens;
  const lasts = ({ state, until }: Authorisation): boolean => state === "approved" && until > app.now();
  return done({ authorisations: authorisations.value.filter(lasts), tokens: tokens.value.filter(isInUse) });
}

function acts(app: Console, one: Authorisation, withdrawn: () => void): HTMLElement {
  const line = new Line();
  const reviews = app.session?.role === "approver" && one.asked_by !== app.session.callsign;
  const withdraw = asksFirst({
    ask: t("do.withdraw"),
    title: t("in_use.withdraw.title", { reference: one.reference }),
    means: [t("in_use.withdraw.means", { callsign: one.asked_by }), t("in_use.withdraw.codes")],
    counts: async () => {
      const found = await app.api.oneAuthorisation(one.id);
      return found.ok ? t("in_use.withdraw.counts", { codes: String(found.value.live_tokens) }) : null;
    },
    yes: t("do.withdraw_sure"),
    act: (pressed) => void perform(app, pressed, line, () => app.api.withdraw(one.id), withdrawn),
  });
  const review = reviews ? button(t("review.open"), "plain", () => reviewScreen(app, one)) : null;
  return el("div", {}, el("div", { class: "buttons" }, review, withdraw), line.element);
}
