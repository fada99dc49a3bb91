import { el } from "../../shared/dom.ts";
import { describe, focusWrong } from "../../shared/screen.ts";
import { CHANNELS, type Channel } from "../model.ts";
import { t } from "../words.ts";

/** A field, and the box that holds it with its label. */
export interface Field<Input extends HTMLElement> extends Wrong {
  readonly box: HTMLElement;
  readonly input: Input;
}

/** Something filled in that may be wrong. */
export interface Wrong {
  /** Shows what is wrong beside it, until it is changed. */
  readonly say: (problem: string | null) => void;
  /** Moves there, and says what is wrong. */
  readonly focus: () => void;
}

/** Shows what is wrong with each, moves to the first that is, and tells whether all are right. */
export function areRight(...checks: readonly (readonly [Wrong, string | null])[]): boolean {
  checks.forEach(([field, problem]) => field.say(problem));
  const first = checks.find(([, problem]) => problem !== null);
  if (first !== undefined) first[0].focus();
  return first === undefined;
}

type Attributes = { readonly [name: string]: string };
type Options = readonly (readonly [value: string, text: string])[];

/** A field with its label above it and a hint between the two. */
export function field(id: string, label: string, hint: string | null, attributes: Attributes): Field<HTMLInputElement> {
  return labelled(id, label, hint, el("input", { id, type: "text", autocomplete: "off", autocorrect: "off", spellcheck: "false", ...attributes }));
}

/** A choice among several. */
export function choice(id: string, label: string, options: Options, chosen: string | null = null): Field<HTMLSelectElement> {
  const input = el("select", { id }, ...options.map(([value, text]) => el("option", { value }, text)));
  if (chosen !== null && options.some(([value]) => value === chosen)) input.value = chosen;
  return labelled(id, label, null, input);
}

/** A field with its label, its hint, and what is wrong with it: below the hint, where a keyboard on the screen does not cover it. */
export function labelled<Input extends HTMLElement>(id: string, label: string, hint: string | null, input: Input): Field<Input> {
  if (hint !== null) describe(input, id + "-hint", true);
  const problem = problemOf(id, [input]);
  const help = hint === null ? null : el("p", { id: id + "-hint", class: "hint" }, hint);
  const box = el("div", { class: "field" }, el("label", { for: id }, label), help, problem, input);
  return { box, input, ...saying(box, problem, [input]) };
}

/** Where the problem of inputs is shown, heard as the focus comes to them. */
function problemOf(id: string, inputs: readonly HTMLElement[]): HTMLElement {
  const problem = el("p", { id: id + "-problem", class: "field-problem" });
  inputs.forEach((input) => describe(input, problem.id, true));
  return problem;
}

/** Of a part of a form: what shows its problem, and takes it back once one of its inputs changes. */
function saying(box: HTMLElement, problem: HTMLElement, inputs: readonly HTMLElement[]): Wrong {
  const say = (text: string | null): void => {
    problem.textContent = text;
    inputs.forEach((input) => (text === null ? input.removeAttribute("aria-invalid") : input.setAttribute("aria-invalid", "true")));
  };
  box.addEventListener("input", () => say(null));
  return { say, focus: () => inputs[0] && focusWrong(inputs[0], problem, problem.textContent ?? "") };
}

/** The channels, each to be ticked or not. */
export function channelBoxes(ticked: readonly Channel[]): Wrong & { readonly box: HTMLElement; readonly chosen: () => readonly Channel[] } {
  const boxes = CHANNELS.map((channel) => tick(t(`channel.${channel}`), ticked.includes(channel)));
  const problem = problemOf("channels", boxes.map(({ input }) => input));
  const box = el("fieldset", {}, el("legend", {}, t("field.channels")), problem, ...boxes.map(({ label }) => label));
  return { box, chosen: () => CHANNELS.filter((_, i) => boxes[i]?.input.checked === true), ...saying(box, problem, boxes.map(({ input }) => input)) };
}

/** One thing to be ticked or not. */
export function tick(text: string, ticked: boolean): { readonly label: HTMLElement; readonly input: HTMLInputElement } {
  const input = el("input", { type: "checkbox" });
  input.checked = ticked;
  return { label: el("label", { class: "tick" }, input, el("span", {}, text)), input };
}

/** A form that is sent by its button or by Enter; the browser's own bubbles would speak in other words than ours. */
export function form(send: () => void, ...rest: readonly (Node | null)[]): HTMLFormElement {
  const made = el("form", { novalidate: "", autocomplete: "off" }, ...rest);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  return made;
}

/** The button that sends a form. */
export function submit(text: string): HTMLButtonElement {
  return el("button", { type: "submit", class: "button button-main" }, text);
}
