import { el } from "../../shared/dom.ts";
import { CHANNELS, type Channel } from "../model.ts";
import { t } from "../words.ts";

/** A field, and the box that holds it with its label. */
export interface Field<Input> {
  readonly box: HTMLElement;
  readonly input: Input;
}

type Attributes = { readonly [name: string]: string };
type Options = readonly (readonly [value: string, text: string])[];

/** A field with its label above it and a hint between the two. */
export function field(id: string, label: string, hint: string | null, attributes: Attributes): Field<HTMLInputElement> {
  const described = hint === null ? {} : { "aria-describedby": id + "-hint" };
  const input = el("input", { id, type: "text", autocomplete: "off", autocorrect: "off", spellcheck: "false", ...described, ...attributes });
  return { box: labelled(id, label, hint, input), input };
}

/** A choice among several. */
export function choice(id: string, label: string, options: Options, chosen: string | null = null): Field<HTMLSelectElement> {
  const input = el("select", { id }, ...options.map(([value, text]) => el("option", { value }, text)));
  if (chosen !== null && options.some(([value]) => value === chosen)) input.value = chosen;
  return { box: labelled(id, label, null, input), input };
}

function labelled(id: string, label: string, hint: string | null, input: HTMLElement): HTMLElement {
  const told = hint === null ? null : el("p", { id: id + "-hint", class: "hint" }, hint);
  return el("div", { class: "field" }, el("label", { for: id }, label), told, input);
}

/** The channels, each to be ticked or not. */
export function channelBoxes(ticked: readonly Channel[]): { readonly box: HTMLElement; readonly chosen: () => readonly Channel[] } {
  const boxes = CHANNELS.map((channel) => tick(t(`channel.${channel}`), ticked.includes(channel)));
  const box = el("fieldset", {}, el("legend", {}, t("field.channels")), ...boxes.map(({ label }) => label));
  return { box, chosen: () => CHANNELS.filter((_, i) => boxes[i]?.input.checked === true) };
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
