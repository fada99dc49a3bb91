import { el, fill } from "../../shared/dom.ts";
import { focusHead } from "../../shared/screen.ts";
import { unsettle } from "../press.ts";
import { t } from "../words.ts";

/** What a strip is about. */
type About = "idle" | "ending";

/** A strip over the screen, outside of it: what is read, pressed or typed in does not move when it comes or goes. */
export class Bar {
  private readonly element = el("aside", { class: "bar", "aria-label": t("bar.label"), hidden: "" });
  private readonly strips = new Map<About, readonly Node[]>();
  /** What had the focus before somebody went to the strip. */
  private before: EventTarget | null = null;
  private height = 0;

  constructor() {
    document.body.append(this.element);
    this.element.addEventListener("focusin", ({ relatedTarget }) => {
      if (!this.element.contains(relatedTarget as Node | null)) this.before = relatedTarget;
    });
    new ResizeObserver(() => this.makeRoom()).observe(this.element);
  }

  /** Says a sentence, in place of what the strip says meanwhile. */
  show(about: About, text: string, ...rest: readonly Node[]): void {
    this.strips.delete(about);
    this.strips.set(about, [el("p", { role: "alert" }, text), ...rest]);
    this.draw();
  }

  hide(about: About): void {
    if (this.strips.delete(about)) this.draw();
  }

  clear(): void {
    this.strips.clear();
    this.draw();
  }

  /** What lies under the strip can be scrolled out from there. A code is never under it. */
  private makeRoom(): void {
    const by = this.element.offsetHeight - this.height;
    this.height += by;
    document.documentElement.style.setProperty("--bar", `${this.height}px`);
    if (document.querySelector(".screen-live") === null) window.scrollBy(0, by);
  }

  private draw(): void {
    // what it covered lies under the finger that sent it away
    unsettle();
    const had = this.element.contains(document.activeElement);
    const last = Array.from(this.strips.values()).pop();
    this.element.hidden = last === undefined;
    fill(this.element, ...(last ?? []));
    if (!had) return;
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
    else focusHead(document.body);
  }
}
