import { button, el, fill } from "../../shared/dom.ts";

/** A strip over the screen, outside of it: nothing on the screen moves when it comes or goes. */
export class Bar {
  private readonly element = el("div", { class: "bar", role: "alert", hidden: "" });

  constructor() {
    document.body.append(this.element);
  }

  warn(text: string, away: string): void {
    this.element.hidden = false;
    fill(this.element, el("p", {}, text), button(away, "main", () => this.hide()));
  }

  hide(): void {
    this.element.hidden = true;
    fill(this.element);
  }
}
