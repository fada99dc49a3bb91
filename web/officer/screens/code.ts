import { button, el, heading, live } from "../../shared/dom.ts";
import { digits as spoken } from "../../shared/ear.ts";
import type { Console } from "../app.ts";
import type { Code, Spoken } from "../model.ts";
import { done } from "../result.ts";
import { t } from "../words.ts";
import { Line, asking, paragraph } from "./parts.ts";

/** A code as the other person needs it: to scan, or on the telephone to hear. */
export function codePart(code: Code, said: SpokenPart): Node[] {
  const { address, channel } = code;
  if (channel === "telephone") return [heading(t("live.say", { address })), said.element, panel(code)];
  return [heading(t("live.scan", { address })), panel(code), paragraph(t("live.no_room"), "note no-room"), said.element];
}

/** White, whatever the rest looks like: a camera needs it. */
function panel({ qr_svg }: Code): HTMLElement {
  const src = "data:image/svg+xml," + encodeURIComponent(qr_svg);
  return el("div", { class: "qr" }, el("img", { src, alt: t("live.qr"), width: "240", height: "240" }));
}

/** Words and digits, or the button that switches them on. */
export class SpokenPart {
  readonly element = el("div", { class: "spoken" });

  constructor(
    private readonly app: Console,
    private code: Code,
  ) {
    if (code.spoken !== null) this.element.append(...spokenNodes(code.spoken));
    else if (app.session !== null) {
      const line = new Line();
      const show = asking(app, t("live.show_words"), "plain", line, () => this.speak(), () => {
        this.element.querySelector("button")?.focus();
      });
      this.element.append(show, line.element);
    }
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
    if (made !== undefined) this.app.tab.made.set(id, { ...made, code: this.code });
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
