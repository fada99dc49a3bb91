import { button, el } from "../../shared/dom.ts";
import verdicts from "../../shared/verdicts.json";
import type { App } from "../app.ts";
import type { Unconfirmed } from "../check.ts";
import { ringing } from "./help.ts";
import { action, again, claimText, panel, paragraph, phoneText, referenceLine } from "./parts.ts";

/** No answer from the service: what this phone alone could see, what it could not, and no good sign. */
export function unconfirmedScreen(app: App, outcome: Unconfirmed): Node[] {
  const { question, token, phoneTime } = outcome;
  const { t } = app;
  const quote = referenceLine(app, outcome);
  const { tone, icon } = verdicts.cannot_check;
  const unseen = [t("offline.used"), t("offline.withdrawn")].map((text) => el("li", {}, text));
  return [
    panel(tone, icon, t("offline.title"), paragraph(t("offline.means"), "means"), paragraph(t("verdict.cannot_check.means"))),
    action(app, ringing(app, "offline.do", "do"), ...(quote === null ? [] : [quote]), button(t("next.retry"), "main", () => app.ask(question))),
    el(
      "section",
      { class: "card" },
      el("h2", {}, t("offline.unseen")),
      el("ul", { class: "steps" }, ...unseen),
      el("h2", {}, t("offline.seen")),
      claimText(app, token, t("offline.signature")),
      paragraph(t("offline.clock", { time: phoneText(app, phoneTime) })),
    ),
    again(app),
  ];
}
