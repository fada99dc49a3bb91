import { button, el, heading, live } from "../../shared/dom.ts";
import { digits as spoken } from "../../shared/ear.ts";
import type { Console } from "../app.ts";
import type { Code, Spoken } from "../model.ts";
import { done } from "../result.ts";
import { t } from "../words.ts";
import { type Line, paragraph, perform } from "./parts.ts";

/** White, whatever the rest looks like: a camera needs it. */
function panel({ qr_svg }: Code): HTMLElement {
  const src = "data:image/svg+xml," + encodeURIComponent(qr_svg);
  return el("div", { class: "qr" }, el("img", { src, alt: t("live.qr"), width: "240", height: "240" }));
}

/**
 * A code as the other person needs it: on the telephone to hear, else to scan. Words that are asked for stand in the place of the
 * symbol, since a phone has no room for both.
 */
export class CodePart {
  /** What switches between symbol and words. It stands at the foot, where it is always in sight. */
  readonly turning: HTMLButtonElement | null;
  private readonly title: HTMLElement;
  private readonly element = el("div", { class: "spoken" });
  private isSpoken: boolean;

  constructor(
    private readonly app: Console,
    private code: Code,
    private readonly shown: HTMLElement,
    private readonly line: Line,
  ) {
    this.isSpoken = code.channel === "telephone";
    this.title = heading("");
    if (code.spoken !== null) this.element.append(...spokenNodes(code.spoken));
    const canTurn = !this.isSpoken && (code.spoken !== null || app.session !== null);
    this.turning = canTurn ? button("", "plain", () => this.turn()) : null;
    this.say();
  }

  nodes(): Node[] {
    const symbol = panel(this.code);
    if (this.code.channel === "telephone") return [this.title, this.element, symbol];
    return [this.title, symbol, paragraph(t("live.no_room"), "note no-room"), this.element];
  }

  private turn(): void {
    if (this.turning === null) return;
    if (this.isSpoken || this.code.spoken !== null) this.show(!this.isSpoken);
    else void perform(this.app, this.turning, this.line, () => this.speak(), () => this.show(true));
  }

  private show(isSpoken: boolean): void {
    this.isSpoken = isSpoken;
    this.say();
    window.scrollTo(0, 0);
    if (isSpoken) this.element.querySelector("button")?.focus();
  }

  private say(): void {
    const { address, channel } = this.code;
    this.title.textContent = t(this.isSpoken ? "live.say" : "live.scan", { address });
    if (channel === "telephone") return;
    this.shown.classList.toggle("is-to-scan", !this.isSpoken);
    this.shown.classList.toggle("is-to-say", this.isSpoken);
    if (this.turning !== null) this.turning.textContent = t(this.isSpoken ? "live.show_symbol" : "live.show_words");
  }

  /** Five words are not enough any more: somebody guesses at codes. */
  lengthen(): void {
    const { words = null, six_words = null, six_digits = null } = this.code.spoken ?? {};
    if (six_words === null || six_digits === null || six_words === words) return;
    const wasIn = this.element.contains(document.activeElement);
    this.keep({ words: six_words, digits: six_digits, six_words, six_digits });
    this.element.prepend(el("p", { class: "changed", role: "alert" }, t("live.words_changed")));
    if (wasIn) this.element.querySelector("button")?.focus();
  }

  private async speak() {
    const answer = await this.app.api.speak(this.code.id, this.code.token);
    if (!answer.ok) return answer;
    this.keep(answer.value.spoken);
    return done(answer.value.spoken);
  }

  private keep(spoken: Spoken): void {
    this.code = { ...this.code, spoken };
    const { id } = this.code;
    const made = this.app.tab.made.get(id);
    if (made !== undefined) {
      this.app.tab.made.set(id, { ...made, code: this.code });
      // a reload without a network has them too
      if (this.app.tab.showing === id) this.app.tab.show(this.code);
    }
    this.app.prepared.replace(this.code);
    this.element.replaceChildren(...spokenNodes(spoken));
  }
}

function spokenNodes({ words, digits }: Spoken): Node[] {
  const list = el("ol", { class: "words", "aria-label": t("live.words") }, ...words.split(" ").map(wordItem));
  return [el("p", { class: "hint" }, t("live.spell_hint")), list, el("h2", {}, t("live.digits")), el("p", { class: "digits" }, ...spoken(inThrees(digits)))];
}

/** As they are read out. */
function inThrees(digits: string): string {
  return digits.replace(/\D/g, "").replace(/(...)(?=.)/g, "$1 ");
}

/** A word; a tap spells it, letter by letter. */
function wordItem(word: string): HTMLElement {
  const spelt = live("spelt");
  const tap = button(word, "plain", () => {
    const opens = spelt.textContent === "";
    // apart, so that a screen reader says letters
    spelt.textContent = opens ? word.toUpperCase().split("").join(" ") : "";
    tap.setAttribute("aria-expanded", String(opens));
  });
  tap.classList.add("word");
  tap.setAttribute("aria-expanded", "false");
  return el("li", {}, tap, spelt);
}
