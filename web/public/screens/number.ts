import { button, el, live, refill } from "../../shared/dom.ts";
import { digits } from "../../shared/ear.ts";
import { announce } from "../../shared/screen.ts";
import type { App } from "../app.ts";
import { numberText } from "../number.ts";
import { paragraph } from "./parts.ts";
import { numberForm } from "./typed.ts";

/** So long before its end a number is said to run out. */
const WARNING_MS = 60000;

/** The person's own number, on the start screen. */
export function numberPanel(app: App, isNew: boolean): HTMLElement {
  const section = el("section", { class: "number", tabindex: "-1", "aria-labelledby": "number-title", "aria-describedby": "number-said" });
  const panel = new NumberPanel(app, section, isNew);
  app.onLeave(() => panel.leave());
  app.number.current();
  panel.draw();
  return section;
}

class NumberPanel {
  private timers: number[] = [];
  private readonly soon = live("hint");

  constructor(
    private readonly app: App,
    private readonly section: HTMLElement,
    private readonly isNew: boolean,
  ) {}

  draw(): void {
    const left = this.app.number.millisecondsLeft();
    this.leave();
    refill(this.section, el("h2", { id: "number-title" }, this.app.t("number.title")), ...(left > 0 ? this.young() : this.old()));
    if (left === 0) return;
    this.warn(left);
    this.timers.push(window.setTimeout(() => this.end(), left));
  }

  leave(): void {
    this.timers.splice(0).forEach((timer) => clearTimeout(timer));
  }

  /** The button under a finger or in the ear is not to become another one without a word. */
  private warn(left: number): void {
    const say = (): void => {
      this.soon.textContent = this.app.t("number.soon");
    };
    this.soon.textContent = "";
    this.timers.push(window.setTimeout(say, Math.max(0, left - WARNING_MS)));
  }

  private end(): void {
    this.draw();
    announce(this.app.t("number.old"));
  }

  private young(): Node[] {
    const { t, number } = this.app;
    const renew = button(t("number.new"), "plain", () => this.renew());
    if (!number.isShown()) return [this.done("number.is_typed"), this.soon, renew];
    const big = el("div", {}, ...digits(numberText(number.current()), "number-value"));
    if (number.isReadOut()) return [big, this.done("number.is_read_out"), this.soon];
    big.id = "number-said";
    const pressed = (): void => {
      number.markReadOut();
      this.redraw();
    };
    const have = number.isFirst ? null : button(t("number.have"), "plain", () => this.ask());
    const lines = [paragraph(t(this.isNew ? "number.again" : "number.write"), "lead"), paragraph(t("number.safe"), "hint"), this.soon];
    return [big, ...lines, button(t("number.read_out"), "main", pressed), paragraph(t("number.why"), "hint"), ...(have === null ? [] : [have])];
  }

  private done(key: "number.is_typed" | "number.is_read_out"): HTMLElement {
    const line = paragraph(this.app.t(key), "number-done");
    line.id = "number-said";
    return line;
  }

  private old(): Node[] {
    return [paragraph(this.app.t("number.old")), button(this.app.t("number.new"), "main", () => this.renew())];
  }

  private renew(): void {
    this.app.number.renew();
    this.redraw();
  }

  /** After a press here: the part says what has become of the number. */
  private redraw(): void {
    this.draw();
    this.section.focus();
  }

  /** For a person whose page was loaded again: the number that they wrote down is not the one that stands here now. */
  private ask(): void {
    const { t, number } = this.app;
    const taken = (value: string): void => {
      number.type(value);
      this.redraw();
    };
    const { form, field } = numberForm(this.app, t("number.have.submit"), el("label", { for: "own-number" }, t("number.have.label")), taken);
    refill(this.section, el("h2", { id: "number-title" }, t("number.title")), form, button(t("enter.back"), "plain", () => this.draw()));
    field.focus();
  }
}
