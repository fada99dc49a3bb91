import { button, el, heading, icon } from "../../shared/dom.ts";
import { digits, marked, sentence } from "../../shared/ear.ts";
import type { Token } from "../../shared/token.ts";
import verdicts from "../../shared/verdicts.json";
import type { Verdict } from "../../shared/verdict.ts";
import type { App } from "../app.ts";
import type { Outcome } from "../check.ts";
import { secondsNow } from "../clock.ts";
import { organisationTime, phoneTime } from "../times.ts";
import { around } from "./help.ts";

/** The coloured head of a screen: icon, heading, one sentence. */
export function panel(tone: string, path: string, title: string, ...rest: readonly (Node | null)[]): HTMLElement {
  return el(
    "div",
    { class: "panel tone-" + tone },
    el("div", { class: "panel-icon" }, icon(path)),
    el("div", { class: "panel-text" }, heading(title), ...rest),
  );
}

/** The head of a verdict's screen: what it means and does not mean, with what goes before and after. */
export function verdictPanel(app: App, verdict: Verdict, before: readonly Node[], after: readonly Node[]): HTMLElement {
  const { tone, icon: path } = verdicts[verdict];
  const means = paragraph(app.t(`verdict.${verdict}.means`), "means");
  const not = paragraph(app.t(`verdict.${verdict}.not`));
  return panel(tone, path, app.t(`verdict.${verdict}.title`), ...before, means, not, ...after);
}

/** What a token says about the approach, in one sentence that begins with `lead`. */
export function claimText(app: App, token: Token, lead: string): HTMLElement {
  const { t } = app;
  // a name may be written right to left; it must not turn the line around it
  const said = (text: string): HTMLElement => el("strong", { translate: "no" }, el("bdi", {}, text));
  return el(
    "p",
    { class: "says" },
    lead + " ",
    el("strong", {}, ...sentence(channelText(app, token))),
    ...(token.name === null ? [] : around(t, "claim.name", "name", said(token.name))),
    ...(token.place === null ? [] : around(t, "claim.place", "place", said(token.place))),
  );
}

function channelText(app: App, token: Token): string {
  if (token.dialled === null) return app.t(`channel.${token.channel}`);
  const dialled = String(token.dialled);
  return app.t("channel.dialled", { digits: marked("000".slice(dialled.length) + dialled) });
}

/** The one thing to do now. */
export function action(app: App, ...rest: readonly Node[]): HTMLElement {
  return el("section", { class: "action" }, el("h2", {}, app.t("next.do")), ...rest);
}

/** What to quote when ringing, where there was a token. */
export function referenceLine(app: App, { reference }: Outcome): HTMLElement | null {
  if (reference === null) return null;
  return el("p", { class: "hint" }, app.t("reference.quote"), " ", ...digits(reference, "reference"));
}

/** The short lines about checking safely, folded away. */
export function safety(app: App): HTMLElement {
  const lines = (["safe.1", "safe.2", "safe.3", "safe.4", "safe.5", "safe.6"] as const).map((key) =>
    el("li", {}, app.t(key)),
  );
  const rest = document.querySelector("a.exit") ? shiftSwitch(app) : null;
  return el("details", { class: "safety" }, el("summary", {}, app.t("safe.title")), el("ol", {}, ...lines), rest);
}

/** Switches off what a screen reader's own commands may set off. */
function shiftSwitch(app: App): HTMLElement {
  const text = (): string => app.t(app.shiftLeaves ? "page.shift_off" : "page.shift_on");
  const press = button(text(), "plain", () => {
    app.shiftLeaves = !app.shiftLeaves;
    app.dress();
    press.textContent = text();
  });
  return press;
}

/** Back to the start, for another code. */
export function again(app: App): HTMLElement {
  return button(app.t("next.start"), "plain", () => app.show({ at: "start" }));
}

export function paragraph(text: string, kind?: string | undefined): HTMLElement {
  return el("p", kind === undefined ? {} : { class: kind }, ...sentence(text));
}

/** A moment as the organisation's clocks show it. */
export function timeText(app: App, seconds: number): string {
  return organisationTime(app.t, seconds, secondsNow(), app.deployment.time_zone);
}

/** A moment as the person's own clock shows it. */
export function phoneText(app: App, seconds: number): string {
  return phoneTime(app.t, seconds, secondsNow());
}

/** "4 minutes ago". */
export function agoText(app: App, seconds: number): string {
  const count = Math.floor(seconds / 60);
  return count < 1 ? app.t("ago.now") : app.t("ago.minutes", { count: String(count) });
}
