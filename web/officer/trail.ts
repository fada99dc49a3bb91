// The way back: an entry of the browser's history for each screen. An entry holds how deep it lies and nothing else, so that a history
// says nothing; what it showed is in the memory of this page alone.

import { View } from "./view.ts";

/** A browser's history, as far as it is needed. */
export type Past = Pick<History, "state" | "pushState" | "replaceState" | "go">;

interface Step {
  readonly name: string;
  readonly open: () => void;
  view: View;
}

/** Forms that are left for good once they were sent. */
const SENT = ["issue", "enrol-person"];

export class Trail {
  private steps: Step[] = [];
  /** How deep the browser's own place is. */
  private depth: number;
  /** Moves that were asked for here, and are not the person's. */
  private own = 0;

  constructor(private readonly past: Past) {
    this.depth = depthOf(past.state);
  }

  /** A screen is shown. One that the way has come through already is gone back to; one that is a beginning has nothing before it. Tells whether the browser goes back for it, which takes a moment, and what the screen kept. */
  enter(name: string, open: () => void, isBeginning: boolean): { readonly goesBack: boolean; readonly view: View } {
    const at = isBeginning ? 0 : this.placeOf(name);
    const before = at < this.steps.length - 1 ? this.steps[at] : undefined;
    const view = before?.name === name ? before.view : new View();
    this.steps = [...this.steps.slice(0, at), { name, open, view }];
    const goesBack = at < this.depth;
    if (at > this.depth) this.past.pushState({ depth: at }, "");
    else if (goesBack) this.goBack(this.depth - at);
    this.depth = at;
    return { goesBack, view };
  }

  /** A screen starts afresh the next time, or all do. */
  forget(name: string | null = null): void {
    for (const step of this.steps) if (name === null || step.name === name) step.view = new View();
  }

  /** After a reload: what lies before the present entry leads to the beginning. */
  resume(name: string, open: () => void): void {
    this.steps = Array.from({ length: Math.max(1, this.depth) }, () => ({ name, open, view: new View() }));
  }

  /** A link was opened in this page, which made an entry. */
  entered(): void {
    this.depth++;
    this.past.replaceState({ depth: this.depth }, "", location.pathname);
  }

  /** The browser moved to an entry. Gives what shows it, or null where the move was ours. */
  moved(state: unknown): (() => void) | null {
    if (this.own > 0) {
      this.own--;
      return null;
    }
    this.depth = depthOf(state);
    const step = this.steps[this.depth] ?? this.steps[0];
    return step === undefined ? null : step.open;
  }

  private placeOf(name: string): number {
    const before = this.steps.findIndex((step) => step.name === name);
    if (before >= 0) return before;
    const last = this.steps[this.steps.length - 1];
    // what was made stands in place of the form that made it
    return this.steps.length - (last !== undefined && SENT.indexOf(last.name) >= 0 ? 1 : 0);
  }

  private goBack(steps: number): void {
    this.own++;
    this.past.go(-steps);
  }
}

function depthOf(state: unknown): number {
  const depth = typeof state === "object" && state !== null ? (state as { readonly depth?: unknown }).depth : 0;
  return typeof depth === "number" && depth >= 0 && depth < 50 ? depth : 0;
}
