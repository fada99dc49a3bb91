import { button, el } from "../../shared/dom.ts";
import { clearWrong, focusWrong } from "../../shared/screen.ts";
import type { WordList } from "../../shared/spoken.ts";
import type { App } from "../app.ts";
import { interpret } from "../interpret.ts";
import type { Way } from "../state.ts";
import { follow } from "./follow.ts";
import { problemText } from "./problem.ts";

/** One field for words, digits or a link. Whatever is typed is understood on any of the three. */
export function enterScreen(app: App, list: WordList, way: Way, typed: string): Node[] {
  const { t } = app;
  const field = fieldOf(way, typed);
  const problem = el("p", { id: "problem", class: "problem" });
  const followed = way === "paste" ? null : follow(app, list, way, field);
  const form = el(
    "form",
    { class: "enter", novalidate: "", autocomplete: "off" },
    el("p", { id: "hint", class: "hint" }, t(`enter.${way}.hint`)),
    problem,
    field,
    ...(followed === null ? [] : followed.elements),
    el("button", { type: "submit", class: "button button-main" }, t("enter.submit")),
  );
  const say = (text: string): void => {
    if (followed !== null) followed.hush();
    focusWrong(field, problem, text);
    // the button may be so far down that the focus alone shows the field without the words above it
    problem.scrollIntoView();
  };
  field.addEventListener("input", () => {
    app.note({ at: "enter", way, typed: field.value });
    clearWrong(field, problem);
  });
  // a second press on the same text is no second try
  let wrong = "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = interpret(field.value, list, app.deployment.own.concat(location.origin));
    if (found.kind === "ticket") app.checkTicket(found.ticket, false);
    else if (found.kind === "damaged") app.showDamaged();
    else if (found.kind === "suggest") app.show(Object.assign({ at: "suggest" as const, way, typed: field.value }, found));
    else if (found.kind === "nothing" || field.value === wrong) say(problemText(app, found, way));
    else {
      wrong = field.value;
      app.failed(app.past.screen, () => say(problemText(app, found, way)));
    }
  });
  // the heading is the field's label: on a small screen the same words twice would push the field under the keyboard
  const title = el("h1", {}, el("label", { for: "code" }, t(`enter.${way}.title`)));
  return [title, form, button(t("enter.back"), "plain", () => app.back())];
}

type Field = HTMLInputElement | HTMLTextAreaElement;

function fieldOf(way: Way, typed: string): Field {
  const attributes = {
    id: "code",
    dir: "ltr",
    autocomplete: "off",
    autocapitalize: "none",
    autocorrect: "off",
    spellcheck: "false",
    "aria-describedby": "hint",
  };
  const field: Field =
    way === "digits"
      ? el("input", Object.assign({ type: "text", inputmode: "numeric" }, attributes))
      : el("textarea", Object.assign({ rows: way === "words" ? "2" : "4" }, attributes));
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
