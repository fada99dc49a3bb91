import { button, el } from "../../shared/dom.ts";
import verdicts from "../../shared/verdicts.json";
import type { App, Key } from "../app.ts";
import type { Stop } from "../state.ts";
import { help } from "./help.ts";
import { action, again, panel, paragraph, referenceLine } from "./parts.ts";

/** Where every way of somebody without a code ends. Who is genuine can always make one, so the way back stands here too. */
export function stopScreen(app: App, { why, instead }: Stop): Node[] {
  const { t } = app;
  // a heading is no sentence
  const said = (key: Key): string => (/title$/.test(key) ? t("stop.reason", { reason: t(key) }) : t(key));
  const quote = instead !== null && (instead.at === "verdict" || instead.at === "unconfirmed") ? referenceLine(app, instead.outcome) : null;
  const quoted = quote === null ? [] : [quote];
  const back = instead === null ? [] : [button(t("enter.back"), "plain", () => app.resume(instead))];
  return [
    panel("stop", verdicts.not_genuine.icon, t("stop.title"), ...why.map((key) => paragraph(said(key), "means")), paragraph(t("stop.always"))),
    action(app, ...help(app), ...quoted),
    el("div", { class: "buttons" }, again(app), ...back),
  ];
}
