import { button, el, fill } from "../../shared/dom.ts";
import { announce } from "../../shared/screen.ts";
import { needsMeaning } from "../press.ts";
import { t } from "../words.ts";
import { paragraph } from "./parts.ts";

/** What is asked before something is done for good. */
export interface Question {
  /** On the button that asks. */
  readonly ask: string;
  readonly title: string;
  /** What follows. */
  readonly means: readonly string[];
  /** How much of it, where the service can say. */
  readonly counts?: () => Promise<string | null>;
  /** On the button that does it. */
  readonly yes: string;
  /** What may be filled in first. */
  readonly fields?: () => Node;
  readonly act: (pressed: HTMLButtonElement) => void;
}

let panels = 0;

/**
 * A question before something is done for good. Where the first button was pressed, the way out stands next; what does it stands
 * elsewhere, in the panel, after what follows from it.
 */
export class Sure {
  readonly panel = el("div", { class: "sure", role: "group", tabindex: "-1", hidden: "" });
  isOpen = false;

  constructor(
    private readonly question: Question,
    readonly button: HTMLButtonElement,
  ) {}

  /** Asks, or asks no more. */
  turn(): void {
    const isOpen = !this.isOpen;
    this.isOpen = isOpen;
    this.button.textContent = isOpen ? t("do.keep") : this.question.ask;
    this.button.classList.toggle("button-grave", !isOpen);
    needsMeaning(this.button, isOpen);
    this.panel.hidden = !isOpen;
    if (!isOpen) fill(this.panel);
    else this.ask();
    (isOpen ? this.panel : this.button).focus();
  }

  private ask(): void {
    const { title, means, counts, yes, fields, act } = this.question;
    const id = "sure-" + String(++panels);
    const does = needsMeaning(button(yes, "main", () => act(does)));
    does.classList.add("button-grave");
    // not of what describes the panel, which a screen reader would say once more when it changes
    const counted = counts === undefined ? null : paragraph(t("page.moment"));
    void counts?.().then((text) => {
      if (counted === null || text === null) return counted?.remove();
      counted.textContent = text;
      if (counted.isConnected) announce(text);
    });
    fill(
      this.panel,
      el("p", { class: "sure-title", id }, title),
      el("div", { class: "sure-means", id: id + "-means" }, ...means.map((text) => paragraph(text))),
      counted,
      fields === undefined ? null : fields(),
      does,
    );
    this.panel.setAttribute("aria-labelledby", id);
    this.panel.setAttribute("aria-describedby", id + "-means");
  }
}

/** A button that asks such a question, and the panel for under it. */
export function asksFirst(question: Question): Sure {
  const ask = button(question.ask, "plain", () => sure.turn());
  ask.classList.add("button-grave");
  const sure = new Sure(question, ask);
  return sure;
}
