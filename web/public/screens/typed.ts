import { button, el } from "../../shared/dom.ts";
import { marked } from "../../shared/ear.ts";
import { clearWrong, focusWrong } from "../../shared/screen.ts";
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
  const asked = paragraph(app.t("number.forgotten", { number: marked(numberText(own)) }), "do");
  return [asked, button(app.t("number.yes"), "main", pressed)];
}

/** For a person whose own screen drew the number in another tab, as happens when a camera opens the link. */
export function typedNumber(app: App, outcome: Judged, typed: string): HTMLElement {
  const { t } = app;
  const ask = (value: string): void => app.ask(withNumber(outcome.question, { value, drawn: false }));
  const { form, field } = numberForm(app, t("number.type.submit"), el("label", { for: "own-number" }, t("number.type.label")), ask);
  form.insertBefore(el("h2", {}, t("number.type.title")), form.firstChild);
  field.value = typed;
  field.addEventListener("input", () => app.note({ at: "verdict", outcome, typed: field.value }));
  return form;
}

/** A field for the number on the person's own screen. */
export function numberForm(
  app: App,
  submit: string,
  label: HTMLElement,
  then: (value: string) => void,
): { readonly form: HTMLElement; readonly field: HTMLInputElement } {
  const { t } = app;
  const field = el("input", {
    id: "own-number",
    type: "text",
    inputmode: "numeric",
    dir: "ltr",
    autocomplete: "off",
    "aria-describedby": "own-number-hint",
  });
  const problem = el("p", { id: "own-number-problem", class: "problem" });
  const form = el(
    "form",
    { class: "enter", novalidate: "", autocomplete: "off" },
    label,
    el("p", { id: "own-number-hint", class: "hint" }, t("number.type.hint")),
    problem,
    field,
    el("button", { type: "submit", class: "button button-plain" }, submit),
  );
  field.addEventListener("input", () => clearWrong(field, problem));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = numberIn(field.value);
    if (value !== null) return then(value);
    focusWrong(field, problem, t("number.type.wrong"));
  });
  return { form, field };
}
