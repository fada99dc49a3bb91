import { button, el, fill } from "../../shared/dom.ts";
import { type FollowedWords, type Place, followDigits, followWords } from "../../shared/follow.ts";
import type { SpokenReading } from "../../shared/forgive.ts";
import { digitsIn } from "../../shared/typed.ts";
import type { App } from "../app.ts";
import type { Way } from "../state.ts";
import { paragraph } from "./parts.ts";
import { ordinal, problemText } from "./problem.ts";
import { explain } from "./suggest.ts";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** What is shown of an input beside its field. */
interface Shown {
  /** Also read out by a screen reader, so it changes only when there is something to say. */
  readonly line: string;
  /** Within reach of the thumbs while the keyboard is up. */
  readonly help: readonly Node[];
  readonly rows: readonly Node[];
}

/** Shows what is understood of a field's text whenever it changes; the text stays the only source. */
export function follow(app: App, way: Way, field: Field): { elements: readonly HTMLElement[]; hush: () => void } {
  const line = el("p", { class: "line", role: "status" });
  const help = el("div", { class: "help" });
  const rows = el("ol", { class: "words", dir: "ltr", translate: "no", "aria-label": app.t("follow.list") });
  const say = (text: string): void => {
    // the same text set again would be read out again
    if (line.textContent !== text) line.textContent = text;
  };
  const update = (): void => {
    const shown = shownOf(app, way, field);
    say(shown.line);
    fill(help, ...shown.help);
    fill(rows, ...shown.rows);
    rows.hidden = shown.rows.length === 0;
  };
  field.addEventListener("input", update);
  update();
  return { elements: [line, help, rows], hush: () => say("") };
}

function shownOf(app: App, way: Way, field: Field): Shown {
  const input = field.value;
  if (digitsIn(input) !== null || (way === "digits" && !/\S/.test(input))) {
    const { missing, reading } = followDigits(input);
    const count = app.t("follow.missing", { count: String(missing) });
    return { line: lineOf(app, input, reading), help: missing > 0 ? [paragraph(count, "hint")] : [], rows: [] };
  }
  const words = way === "words" || !/[0-9]/.test(input) ? followWords(input, app.words) : null;
  return words === null ? { line: "", help: [], rows: [] } : shownWords(app, field, words);
}

function shownWords(app: App, field: Field, { places, present, offers, reading, mayGoOn }: FollowedWords): Shown {
  const { t } = app;
  const line = mayGoOn ? t(reading === null ? "follow.sixth" : "follow.fits_five") : lineOf(app, field.value, reading, offers.map((offer) => offer.words));
  const help: Node[] = [];
  if (offers.length > 0 || line === "") {
    help.push(el("div", { class: "offers", translate: "no" }, ...offers.map((offer) => putting(field, offer.input, offer.words))));
  }
  if (present !== null) {
    const unheard = putting(field, present.unheard, t("follow.unheard"));
    unheard.appendChild(el("span", { class: "hint" }, ordinal(t, present.position)));
    help.push(unheard);
  }
  return { line, help, rows: places.map((place, i) => row(app, place, present !== null && present.position === i)) };
}

/** A button that puts a text into the field, where the person goes on. */
function putting(field: Field, input: string, text: string): HTMLElement {
  const element = button(text, "plain", () => {
    field.value = input;
    field.focus();
    field.setSelectionRange(input.length, input.length);
    field.dispatchEvent(new Event("input"));
  });
  // the focus stays in the field, so a phone does not put its keyboard away
  element.addEventListener("mousedown", (event) => event.preventDefault());
  return element;
}

function lineOf(app: App, input: string, reading: SpokenReading | null, offers: readonly string[] = []): string {
  const { t } = app;
  if (reading === null) return "";
  if (reading.kind === "code") return t("follow.fits");
  if (reading.kind === "suggest") {
    return reading.changed.length === 1 ? explain(app, input, reading.words, reading.changed) : t("follow.some");
  }
  const [word] = offers;
  if (reading.kind !== "wrong_word" || word === undefined) return problemText(app, reading, "words");
  return t(offers.length === 1 ? "suggest.one" : "follow.near", { ordinal: ordinal(t, reading.position), word });
}

/** One word as it was understood; what still needs the person is marked. */
function row(app: App, { kind, text }: Place, isPresent: boolean): HTMLElement {
  const said = kind === "unheard" ? app.t("follow.row.unheard") : kind === "begun" ? text + "…" : text;
  const mark = kind === "wrong" ? [" ", el("span", { class: "mark" }, app.t("follow.row.wrong"))] : [];
  return el("li", isPresent ? { class: kind, "aria-current": "true" } : { class: kind }, said, ...mark);
}
