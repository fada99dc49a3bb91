import type { App, Text } from "../app.ts";
import { button, el, heading } from "../dom.ts";
import { type Interpretation, interpret } from "../interpret.ts";
import type { Way } from "../state.ts";

/** One field for words, digits or a link. Whatever is typed is understood on any of the three. */
export function enterScreen(app: App, way: Way, typed: string): Node[] {
  const { t } = app;
  const values = countsOf(app, way);
  const field = fieldOf(way, typed);
  const problem = el("p", { id: "problem", class: "problem", role: "alert" });
  const submit = el("button", { type: "submit", class: "button button-main" }, t("enter.submit"));
  const form = el(
    "form",
    { class: "enter", novalidate: "", autocomplete: "off" },
    el("label", { for: "code" }, t(`enter.${way}.label`, values)),
    el("p", { id: "hint", class: "hint" }, t(`enter.${way}.hint`, values)),
    problem,
    field,
    submit,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = interpret(field.value, way, app.deployment.spoken_words, app.words);
    if (found.kind === "ticket") app.checkTicket(found.ticket, false);
    else if (found.kind === "damaged") app.showDamaged();
    else if (found.kind === "suggest") app.show({ at: "suggest", way, typed: field.value, ...found });
    else {
      problem.textContent = problemText(t, found, app);
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  });
  return [heading(t(`enter.${way}.title`, values)), form, button(t("enter.back"), "plain", () => app.show({ at: "start" }))];
}

type Field = HTMLInputElement | HTMLTextAreaElement;

function fieldOf(way: Way, typed: string): Field {
  const attributes = {
    id: "code",
    autocomplete: "off",
    autocapitalize: "none",
    autocorrect: "off",
    spellcheck: "false",
    "aria-describedby": "hint problem",
  };
  const field: Field =
    way === "digits"
      ? el("input", { type: "text", inputmode: "numeric", ...attributes })
      : el("textarea", { rows: way === "words" ? "3" : "4", ...attributes });
  field.value = typed;
  // Enter sends, as in a single line: no code holds a line break
  field.addEventListener("keydown", (event) => {
    const key = event as KeyboardEvent;
    if (key.key !== "Enter" || key.isComposing || field.form === null) return;
    event.preventDefault();
    const submit = field.form.querySelector<HTMLButtonElement>("[type=submit]");
    if (submit) submit.click();
  });
  return field;
}

function countsOf(app: App, way: Way): { count: string } {
  const words = app.deployment.spoken_words;
  return { count: way === "words" ? app.t(`count.${words}`) : String(words === 5 ? 15 : 18) };
}

function problemText(t: Text, found: Exclude<Interpretation, { kind: "ticket" | "damaged" | "suggest" }>, app: App): string {
  switch (found.kind) {
    case "nothing":
      return t("enter.empty");
    case "no_code":
      return t("enter.wrong_text");
    case "wrong_word":
      return t("enter.wrong_word", { ordinal: ordinal(t, found.position) });
    case "wrong_count":
      return t("enter.wrong_count", { wanted: countsOf(app, "words").count, count: String(found.count) });
    case "wrong_check":
      return t("enter.wrong_check");
    case "wrong_digits":
      return t("enter.wrong_digits", { wanted: countsOf(app, "digits").count });
  }
}

/** "the third", of a position that counts from 0. */
export function ordinal(t: Text, position: number): string {
  return t(`ordinal.${(position + 1) as 1 | 2 | 3 | 4 | 5 | 6}`);
}
