import { button, el } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import { plainDigits } from "../../shared/typed.ts";
import { t } from "../words.ts";
import { type Wrong, labelled } from "./fields.ts";

const DIGITS = 6;

/** The number that a person reads out, entered with one thumb, or by a keyboard where there is one. */
export function keypad(): Wrong & { readonly box: HTMLElement; readonly value: () => string } {
  // no keyboard of the system's own comes up over the big keys
  const plain = { id: "number", type: "text", inputmode: "none", autocomplete: "off", maxlength: "7" };
  const input = el("input", { ...plain, class: "number" });
  const digits = (): string => plainDigits(input.value).replace(/\D/g, "").slice(0, DIGITS);
  const show = (value: string): void => {
    input.value = value.replace(/^(...)(?=.)/, "$1 ");
    number.say(null);
  };
  input.addEventListener("input", () => show(digits()));
  // the keys change a field that has not the focus: what it comes to is said
  const echo = (value: string, said = ""): void => {
    show(value);
    announce(said || digits().split("").join(" ") || t("keypad.empty"));
  };
  const key = (text: string, press: () => void, name?: string): HTMLButtonElement => {
    const made = button(text, "plain", press);
    made.classList.add("key");
    if (name !== undefined) made.setAttribute("aria-label", name);
    return made;
  };
  const digit = (one: string): HTMLButtonElement => key(one, () => (digits().length < DIGITS ? echo(digits() + one, one) : echo(digits())));
  const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(digit);
  const clear = key(t("keypad.clear"), () => echo(""));
  const back = key("⌫", () => echo(digits().slice(0, -1)), t("keypad.back"));
  const number = labelled("number", t("keypad.label"), t("keypad.hint"), input);
  number.box.classList.add("keypad");
  number.box.append(el("div", { class: "keys", role: "group", "aria-label": t("keypad.keys") }, ...keys, clear, digit("0"), back));
  return { ...number, value: digits };
}

/** What is wrong with a number: it is whole, or it is not given at all. */
export function wrongNumber(digits: string): string | null {
  return digits === "" || digits.length === DIGITS ? null : t("keypad.short");
}
