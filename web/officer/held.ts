import type { Api, Order } from "./api.ts";
import type { Code } from "./model.ts";
import type { PreparedCodes } from "./prepared.ts";
import type { Tab } from "./tab.ts";

/** The codes that can be shown here without the service: those that were made in this tab, and those that are kept on this device. */
export class HeldCodes {
  constructor(
    private readonly prepared: PreparedCodes,
    private readonly tab: Tab,
    private readonly quiet: Pick<Api, "status">,
    private readonly now: () => number,
  ) {}

  /** A code, and what it was made of where this tab made it. */
  find(id: string | null): readonly [Code | null, Order | null] {
    const made = this.tab.made.get(id ?? "");
    return [made?.code ?? this.prepared.list().find((one) => one.id === id) ?? null, made?.order ?? null];
  }

  /** Wipes a code that nobody can use any more. */
  drop(id: string): void {
    this.prepared.remove(id);
    this.tab.drop(id);
  }

  /** Wipes what was withdrawn meanwhile. */
  async reconcile(): Promise<void> {
    const look = async ({ id }: Code): Promise<void> => {
      const answer = await this.quiet.status(id);
      const isOver = answer.ok ? answer.value.state === "withdrawn" || answer.value.state === "expired" : answer.problem.kind === "unknown";
      if (isOver) this.drop(id);
    };
    // the one on the screen is watched there
    const others = [...this.prepared.list(), ...this.tab.live(this.now())].filter(({ id }) => id !== this.tab.showing);
    await Promise.all(others.map(look));
  }
}
