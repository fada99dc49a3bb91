import { button, el } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import type { Judged } from "../check.ts";
import type { Verdict } from "../../shared/verdict.ts";
import verdicts from "../../shared/verdicts.json";
import { help, ringing } from "./help.ts";
import { action, again, agoText, panel, paragraph, phoneText, referenceLine, timeText, verdictPanel } from "./parts.ts";
import { matchQuestion } from "./match.ts";
import { forgottenNumber, typedNumber } from "./typed.ts";

/** Answers after which people should ring. */
const RING: readonly Verdict[] = ["already_checked", "other_challenge", "withdrawn", "not_genuine", "cannot_check"];

/** A difference between the two clocks that is worth a word, in seconds. */
const CLOCKS_DIFFER = 120;

/** The answer: what it is, what it means, one safe action. */
export function verdictScreen(app: App, outcome: Judged, typed: string): Node[] {
  const body = outcome.verdict === "genuine" ? genuine(app, outcome) : other(app, outcome, typed);
  return [...body, ...notes(app, outcome), again(app)];
}

function genuine(app: App, outcome: Judged): Node[] {
  const { tone, icon } = verdicts.genuine;
  // one sentence only, so that the question is in view on a small phone
  const head = panel(tone, icon, app.t("verdict.genuine.title"), paragraph(app.t("verdict.genuine.means"), "means"));
  return [head, ...matchQuestion(app, outcome)];
}

function other(app: App, outcome: Judged, typed: string): Node[] {
  const { verdict } = outcome;
  const needed = verdict === "challenge_needed";
  const own = needed ? app.number.unspoken() : null;
  const first = own === null ? [] : forgottenNumber(app, outcome, own);
  const todo = ringing(app, `verdict.${verdict}.do`, own === null ? "do" : undefined);
  const more = ways(app, outcome, own === null);
  const isRed = verdicts[verdict].tone === "stop";
  return [
    verdictPanel(app, verdict, before(app, outcome), after(app, outcome)),
    action(app, ...first, todo, ...(isRed && more.length === 0 ? help(app) : []), ...quoted(app, outcome), ...more),
    ...(isRed && more.length > 0 ? [el("section", { class: "card" }, el("h2", {}, app.t("stop.unsure")), ...help(app))] : []),
    ...(needed && own === null ? [typedNumber(app, outcome, typed)] : []),
  ];
}

/** What to quote, on the answers that say to ring. */
function quoted(app: App, outcome: Judged): Node[] {
  const line = RING.indexOf(outcome.verdict) < 0 ? null : referenceLine(app, outcome);
  return line === null ? [] : [line];
}

/** When an earlier check was, since the sentence after it asks who made it. */
function before(app: App, { verdict, answer }: Judged): Node[] {
  if (verdict !== "already_checked" || answer === null || answer.firstCheckedAt === null) return [];
  const ago = agoText(app, answer.serverTime - answer.firstCheckedAt);
  return [paragraph(app.t("verdict.already_checked.when", { ago }), "means")];
}

/** What one verdict says beyond its two sentences. */
function after(app: App, { verdict, token, busy }: Judged): Node[] {
  const { t } = app;
  if (verdict === "not_yet_valid" && token !== null && token.notBefore !== null) {
    return [paragraph(t("verdict.not_yet_valid.from", { time: timeText(app, token.notBefore) }))];
  }
  return verdict === "cannot_check" && busy ? [paragraph(t("verdict.cannot_check.busy"))] : [];
}

/** The buttons under the one action. */
function ways(app: App, { verdict, question, answer, busy }: Judged, isFirst: boolean): Node[] {
  const { t } = app;
  const newNumber = (kind: "main" | "plain"): Node => button(t("number.new"), kind, () => startWithNewNumber(app));
  if (verdict === "cannot_check") {
    const retry = button(t("next.retry"), "main", () => app.ask(question));
    if (busy) return [retry, button(t("start.scan"), "plain", () => app.show({ at: "scan" }))];
    // where the service itself answers so, its budget for codes without a number may be spent
    const bare = answer !== null && question.ticket.kind === "code" && question.given === null;
    return bare ? [retry, paragraph(t("verdict.cannot_check.number")), newNumber("plain")] : [retry];
  }
  const needsNumber = verdict === "already_checked" || verdict === "challenge_needed" || verdict === "other_challenge";
  return needsNumber ? [newNumber(isFirst ? "main" : "plain")] : [];
}

function startWithNewNumber(app: App): void {
  app.number.renew();
  app.show({ at: "start", isNew: true });
}

function notes(app: App, { verdict, serviceAlone, phoneTime, answer }: Judged): Node[] {
  const { t } = app;
  const found: Node[] = [];
  if (serviceAlone) found.push(paragraph(t("note.service_alone")));
  if (answer !== null && Math.abs(answer.serverTime - phoneTime) > CLOCKS_DIFFER) {
    const times = { phone: phoneText(app, phoneTime), server: phoneText(app, answer.serverTime) };
    found.push(ringing(app, "note.clock", undefined, times));
  }
  const byTime = verdict === "expired" || verdict === "not_yet_valid";
  if (answer === null && byTime) found.push(paragraph(t("offline.by_clock", { time: phoneText(app, phoneTime) })));
  return found.length === 0 ? [] : [el("div", { class: "notes" }, ...found)];
}
