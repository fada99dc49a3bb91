import { button, el } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import type { Token } from "../../shared/token.ts";
import type { App } from "../app.ts";
import type { Judged } from "../check.ts";
import verdicts from "../../shared/verdicts.json";
import { secondsNow } from "../clock.ts";
import { action, again, claimList, contact, panel, paragraph, timeText } from "./parts.ts";

/** A genuine code is only half the answer: does what it says match what the person sees or hears? */
export function matchQuestion(app: App, outcome: Judged): Node[] {
  const { t } = app;
  const { token } = outcome;
  if (token === null) return [];
  const answer = (matches: boolean) => (): void => app.show({ at: "match", outcome, matches });
  return [
    action(
      app,
      paragraph(t("verdict.genuine.do"), "do"),
      paragraph(t("match.made_for", { time: timeText(app, token.issuedAt) })),
      claimList(app, token),
      numberLine(app, outcome),
      el("h2", {}, t("match.question")),
      // both look alike: neither answer is the one that we would like to hear
      el(
        "div",
        { class: "buttons" },
        button(t("match.yes"), "main", answer(true)),
        button(t("match.no"), "main", answer(false)),
      ),
      timeLine(app, token, outcome),
    ),
  ];
}

/** The two outcomes of that question. */
export function matchScreen(app: App, outcome: Judged, matches: boolean): Node[] {
  return [...(matches ? itMatches(app, outcome) : stop(app)), contact(app), again(app)];
}

function itMatches(app: App, outcome: Judged): Node[] {
  const { t } = app;
  const { token } = outcome;
  return [
    panel("good", verdicts.genuine.icon, t("match.yes.title"), paragraph(t("match.yes.may_say_no"), "means")),
    el(
      "section",
      { class: "card" },
      paragraph(t("match.yes.never")),
      token === null ? null : timeLine(app, token, outcome),
    ),
  ];
}

function stop(app: App): Node[] {
  const { t } = app;
  const steps = [t("match.no.do"), t("match.no.wait"), t("match.no.ring")].map((text) => el("li", {}, text));
  return [panel("stop", verdicts.not_genuine.icon, t("match.no.title")), action(app, el("ol", { class: "steps" }, ...steps))];
}

function numberLine(app: App, { question }: Judged): HTMLElement {
  const { given } = question;
  if (given === null) return paragraph(app.t("number.absent"), "number-line");
  return paragraph(app.t(given.drawn ? "number.matched" : "number.typed"), "number-line");
}

/** Says until when the code runs; once that has passed, that the check still stands. No countdown. */
function timeLine(app: App, token: Token, { phoneTime, answer }: Judged): HTMLElement {
  const { t } = app;
  const line = paragraph(t("match.runs_out", { time: timeText(app, token.expiresAt) }), "hint");
  const judged = answer === null ? phoneTime : answer.serverTime;
  const elapsed = secondsNow() - phoneTime;
  const left = Math.max(0, token.expiresAt - judged - elapsed);
  setTimeout(() => {
    line.textContent = t("match.has_run_out", { time: timeText(app, judged) });
    if (document.body.contains(line)) announce(line.textContent);
  }, left * 1000);
  return line;
}
