import type { App } from "../app.ts";
import type { Question } from "../check.ts";
import { el } from "../dom.ts";

/** For a person whose own screen drew the number in another tab, as happens when a camera opens the link. */
export function typedNumber(app: App, question: Question): HTMLElement {
  const { t } = app;
  const field = el("input", {
    id: "own-number",
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    "aria-describedby": "own-number-hint own-number-problem",
  });
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
    const value = field.value.replace(/[\s-]+/g, "");
    if (/^[0-9]{6}$/.test(value)) {
      // "{ ...a, b }" is lowered to a helper that the oldest browsers lack; "{ b, ...a }" is not
      app.ask(Object.assign({}, question, { given: { value, drawn: false } }));
    } else {
      problem.textContent = t("number.type.wrong");
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  });
  return form;
}
