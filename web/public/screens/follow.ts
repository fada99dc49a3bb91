import { button, el, fill } from "../../shared/dom.ts";
import { english, marked, sentence } from "../../shared/ear.ts";
import { type FollowedWords, type Place, followDigits, followWords } from "../../shared/follow.ts";
import type { SpokenReading } from "../../shared/forgive.ts";
import { announce } from "../../shared/screen.ts";
import { digitsIn } from "../../shared/typed.ts";
import type { WordList } from "../../shared/spoken.ts";
import type { App } from "../app.ts";
import type { Way } from "../state.ts";
import { paragraph } from "./parts.ts";
import { ordinal, problemText } from "./problem.ts";
import { explain } from "./suggest.ts";

/** A screen reader is cut short by each key, so it speaks once the keys have rested for so long, or at the end of a word. */
const REST_MS = 1000;
/** So long it may take to say a line: a key that comes sooner may have cut it short. */
const SAYING_MS = 4000;

type Field = HTMLInputElement | HTMLTextAreaElement;

/** What is shown of an input beside its field. */
interface Shown {
  /** Also said, when the keys rest. */
  readonly line: string;
  /** Within reach of the thumbs while the keyboard is up. */
  readonly help: readonly Node[];
  readonly rows: readonly Node[];
}

/** Shows what is understood of a field's text whenever it changes; the text stays the only source. */
export function follow(app: App, list: WordList, way: Way, field: Field): { elements: readonly HTMLElement[]; hush: () => void } {
  const line = el("p", { class: "line" });
  const help = el("div", { class: "help" });
  const rows = el("ol", { class: "words", dir: "ltr", translate: "no", "aria-label": app.t("follow.list") });
  const speech = new Speech();
  app.onLeave(() => speech.hush());
  const update = (): void => {
    const shown = shownOf(app, list, way, field);
    fill(line, ...sentence(shown.line));
    fill(help, ...shown.help);
    fill(rows, ...shown.rows);
    rows.hidden = shown.rows.length === 0;
    speech.follow(shown.line, /\s$/.test(field.value));
  };
  field.addEventListener("input", update);
  update();
  const hush = (): void => {
    fill(line);
    speech.hush();
  };
  return { elements: [line, help, rows], hush };
}

/** Says the line of what is typed, once. */
class Speech {
  private said = "";
  private saidAt = 0;
  private timer = 0;

  follow(line: string, atEndOfWord: boolean): void {
    clearTimeout(this.timer);
    if (Date.now() - this.saidAt < SAYING_MS) this.said = "";
    const say = (): void => {
      if (line === this.said) return;
      announce(line);
      this.said = line;
      this.saidAt = Date.now();
    };
    if (atEndOfWord) say();
    else this.timer = window.setTimeout(say, REST_MS);
  }

  hush(): void {
    clearTimeout(this.timer);
    announce("");
  }
}

function shownOf(app: App, list: WordList, way: Way, field: Field): Shown {
  const input = field.value;
  if (digitsIn(input) !== null || (way === "digits" && !/\S/.test(input))) {
    const { missing, reading } = followDigits(input);
    const count = app.t("follow.missing", { count: String(missing) });
    return { line: lineOf(app, input, reading), help: missing > 0 ? [paragraph(count, "hint")] : [], rows: [] };
  }
  const words = way === "words" || !/[0-9]/.test(input) ? followWords(input, list) : null;
  return words === null ? { line: "", help: [], rows: [] } : shownWords(app, field, words);
}

function shownWords(app: App, field: Field, { places, present, offers, reading, mayGoOn }: FollowedWords): Shown {
  const { t } = app;
  const line = mayGoOn ? t(reading === null ? "follow.sixth" : "follow.fits_five") : lineOf(app, field.value, reading, offers.map((offer) => offer.words));
  const help: Node[] = [];
  if (offers.length > 0 || line === "") {
    help.push(el("div", { class: "offers", lang: "en", translate: "no" }, ...offers.map((offer) => putting(field, offer.input, offer.words))));
  }
  if (present !== null) {
    const unheard = putting(field, present.unheard, t("follow.unheard"));
    fill(unheard, t("follow.unheard"), " ", el("span", { class: "hint" }, ordinal(t, present.position)));
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
    const count = reading.changed.length;
    if (count === 1) return explain(app, input, reading.words, reading.changed);
    // none, where the same letters were parted otherwise
    return count === 0 ? t("suggest.title") : t("follow.some", { count: String(count) });
  }
  const [word] = offers;
  if (reading.kind !== "wrong_word" || word === undefined) return problemText(app, reading, "words");
  return t(offers.length === 1 ? "suggest.one" : "follow.near", { ordinal: ordinal(t, reading.position), word: marked(word) });
}

/** One word as it was understood; what still needs the person is marked. */
function row(app: App, { kind, text }: Place, isPresent: boolean): HTMLElement {
  const said = kind === "unheard" ? app.t("follow.row.unheard") : english(kind === "begun" ? text + "…" : text);
  const mark = kind === "wrong" ? [" ", el("span", { class: "mark" }, app.t("follow.row.wrong"))] : [];
  return el("li", isPresent ? { class: kind, "aria-current": "true" } : { class: kind }, said, ...mark);
}
