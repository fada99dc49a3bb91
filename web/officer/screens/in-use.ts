import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type LiveToken, isInUse } from "../model.ts";
import { type Result, done } from "../result.ts";
import { t } from "../words.ts";
import { facts } from "./authorisation.ts";
import { Line, listOf, loaded, paragraph, perform, section, twice } from "./parts.ts";
import { reviewScreen } from "./review.ts";
import { tokenList } from "./tokens.ts";

interface InUse {
  readonly authorisations: readonly Authorisation[];
  readonly tokens: readonly LiveToken[];
}

/** What is live now: authorisations and codes. Both can be withdrawn; approvers also review. */
export function inUseScreen(app: Console, said: string | null = null): void {
  app.show("in-use", () => [
    heading(t("in_use.title")),
    ...(said === null ? [] : [paragraph(said, "lead")]),
    loaded(app, () => load(app), ({ authorisations, tokens }, again) => [
      section(
        t("in_use.authorisations"),
        listOf(authorisations, t("in_use.no_authorisations"), (one) => [...facts(app, one, true), acts(app, one, again)]),
      ),
      section(t("in_use.codes"), tokenList(app, tokens, again, true)),
    ]),
  ]);
}

async function load(app: Console): Promise<Result<InUse>> {
  const [authorisations, tokens] = await Promise.all([app.api.authorisations(), app.api.tokens()]);
  if (!authorisations.ok) return authorisations;
  if (!tokens.ok) return tokens;
  const lasts = ({ state, until }: Authorisation): boolean => state === "approved" && until > app.now();
  return done({ authorisations: authorisations.value.filter(lasts), tokens: tokens.value.filter(isInUse) });
}

function acts(app: Console, one: Authorisation, again: () => void): HTMLElement {
  const line = new Line();
  const reviews = app.session?.role === "approver" && one.asked_by !== app.session.callsign;
  const withdraw = twice(t("do.withdraw"), t("do.withdraw_sure"), () => {
    const pressed = withdraw.querySelector("button");
    if (pressed !== null) void perform(app, pressed, line, () => app.api.decide(one.id, "withdraw"), again);
  });
  const review = reviews ? button(t("review.open"), "plain", () => reviewScreen(app, one)) : null;
  return el("div", {}, el("div", { class: "buttons" }, review, withdraw), line.element);
}
