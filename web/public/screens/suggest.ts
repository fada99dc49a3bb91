import { button, el, heading } from "../../shared/dom.ts";
import { english, marked } from "../../shared/ear.ts";
import { readSpoken } from "../../shared/forgive.ts";
import type { WordList } from "../../shared/spoken.ts";
import type { App } from "../app.ts";
import { ticketOf } from "../interpret.ts";
import type { Suggestion } from "../state.ts";
import { paragraph } from "./parts.ts";
import { ordinal } from "./problem.ts";

/** "Did you mean ...?" The person decides; nothing is corrected silently. */
export function suggestScreen(app: App, list: WordList, { way, typed, words, changed }: Suggestion): Node[] {
  const { t } = app;
  const items = words.map((word, i) =>
    changed.indexOf(i) < 0
      ? el("li", {}, english(word))
      : el("li", { class: "changed" }, el("strong", {}, english(word)), " ", el("span", { class: "mark" }, t("suggest.marked"))),
  );
  const accept = (): void => {
    const reading = readSpoken(words.join(" "), list);
    if (reading.kind === "code") app.checkTicket(ticketOf(reading.code, list), false);
  };
  return [
    heading(t("suggest.title")),
    paragraph(explain(app, typed, words, changed)),
    el("ol", { class: "words", dir: "ltr", translate: "no" }, ...items),
    el(
      "div",
      { class: "buttons" },
      button(t("suggest.yes"), "main", accept),
      button(t("suggest.no"), "plain", () => app.failed({ at: "enter", way, typed }, () => app.back())),
    ),
  ];
}

/** The one question that a correction comes to. */
export function explain(app: App, typed: string, words: readonly string[], changed: readonly number[]): string {
  const [only] = changed;
  if (changed.length !== 1 || only === undefined) return app.t("suggest.some");
  const word = marked(words[only] || "");
  const unheard = typed.indexOf("?") >= 0;
  return unheard
    ? app.t("suggest.unheard", { word })
    : app.t("suggest.one", { ordinal: ordinal(app.t, only), word });
}
