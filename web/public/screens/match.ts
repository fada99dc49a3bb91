import { button, el } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import type { Token } from "../../shared/token.ts";
import type { App, Key } from "../app.ts";
import type { Judged } from "../check.ts";
import verdicts from "../../shared/verdicts.json";
import { secondsNow } from "../clock.ts";
import { again, claimText, panel, paragraph, timeText } from "./parts.ts";

/** A genuine code is only half the answer: does what it says match what the person sees or hears? */
export function matchQuestion(app: App, outcome: Judged): Node[] {
  const { t } = app;
  const { token } = outcome;
  if (token === null) return [];
  const weaker = weakness(token);
  const no = (): void => app.show({ at: "stop", why: ["stop.mismatch"], instead: app.past.screen });
  return [
    el(
      "section",
      { class: "action" },
      claimText(app, token, t("match.says")),
      weaker === null ? null : paragraph(t(weaker)),
      el("h2", {}, t("verdict.genuine.do")),
      // both look alike: neither answer is the one that we would like to hear
      el(
        "div",
        { class: "buttons answers" },
        button(t("match.yes"), "main", () => app.show({ at: "match", outcome })),
        button(t("match.no"), "main", no),
      ),
      paragraph(t("verdict.genuine.not")),
      paragraph(t("match.never"), "never"),
      numberLine(app, outcome),
      paragraph(t("match.helping"), "hint"),
      timeLine(app, token, outcome),
    ),
  ];
}

/** What a code leaves out that would be compared. A call has no place to see. */
function weakness({ name, place, channel }: Token): Key | null {
  const hasPlace = place !== null || channel !== "in_person";
  if (name !== null) return hasPlace ? null : "match.weaker.place";
  return hasPlace ? "match.weaker.name" : "match.weaker.both";
}

/** What follows a yes. */
export function matchScreen(app: App, outcome: Judged): Node[] {
  const { t } = app;
  const { token } = outcome;
  return [
    panel("good", verdicts.genuine.icon, t("match.yes.title"), paragraph(t("match.yes.may_say_no"), "means")),
    ...(token === null ? [] : [el("section", { class: "card" }, timeLine(app, token, outcome))]),
    again(app),
  ];
}

function numberLine(app: App, { question }: Judged): HTMLElement {
  const { given } = question;
  if (given === null) return paragraph(app.t("number.absent"), "number-line");
  return paragraph(app.t(given.drawn ? "number.matched" : "number.typed"), "number-line");
}

/** Says until when the code runs; once that has passed, or in the leeway after it, that the check still stands. No countdown. */
function timeLine(app: App, token: Token, { phoneTime, answer }: Judged): HTMLElement {
  const { t } = app;
  const judged = answer === null ? phoneTime : answer.serverTime;
  const elapsed = secondsNow() - phoneTime;
  const left = Math.max(0, token.expiresAt - judged - elapsed);
  const inTime = t("match.in_time", { time: timeText(app, judged) });
  if (left === 0) return paragraph(inTime, "hint");
  const line = paragraph(t("match.runs_out", { time: timeText(app, token.expiresAt) }), "hint");
  setTimeout(() => {
    line.textContent = inTime;
    if (document.body.contains(line)) announce(inTime);
  }, left * 1000);
  return line;
}
