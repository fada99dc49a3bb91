import { button, el } from "../../shared/dom.ts";
import { numberIn } from "../../shared/typed.ts";
import type { App } from "../app.ts";
import { type Judged, withNumber } from "../check.ts";
import { numberText } from "../number.ts";
import { paragraph } from "./parts.ts";

/** For a person who read this page's number out without saying so here, which is easily forgotten. */
export function forgottenNumber(app: App, { question }: Judged, own: string): Node[] {
  const pressed = (): void => {
    app.number.markReadOut();
    app.ask(withNumber(question, app.number.given()));
  };
  const asked = paragraph(app.t("number.forgotten", { number: numberText(own) }), "do");
  return [asked, button(app.t("number.read_out"), "main", pressed)];
}

/** For a person whose own screen drew the number in another tab, as happens when a camera opens the link. */
export function typedNumber(app: App, outcome: Judged, typed: string): HTMLElement {
  const { t } = app;
  const field = el("input", {
    id: "own-number",
    type: "text",
    inputmode: "numeric",
    dir: "ltr",
    autocomplete: "off",
    "aria-describedby": "own-number-hint own-number-problem",
  });
  field.value = typed;
  field.addEventListener("input", () => app.note({ at: "verdict", outcome, typed: field.value }));
  const problem = el("p", { id: "own-number-problem", class: "problem", role: "alert" });
  const form = el(
    "form",
    { class: "enter", novalidate: "", autocomplete: "off" },
    el("h2", {}, t("number.type.title")),
    el("label", { for: "own-number" }, t("number.type.label")),
    el("p", { id: "own-number-hint", class: "hint" }, t("number.type.hint")),
    problem,
    field,
    el("button", { type: "submit", class: "button button-plain" }, t("number.type.submit")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = numberIn(field.value);
    if (value !== null) {
      app.ask(withNumber(outcome.question, { value, drawn: false }));
    } else {
      problem.textContent = t("number.type.wrong");
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  });
  return form;
}
