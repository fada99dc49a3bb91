import type { Order } from "./api.ts";
import type { Memory } from "./memory.ts";
import type { Code } from "./model.ts";

/** A code that was made here, and what it was made of. */
export interface Made {
  readonly code: Code;
  readonly order: Order;
}

/** What one person did in this tab, and what it shows. It outlives a reload, and nothing that ends a session. */
export class Tab {
  /** The codes that were made in it, so that they can be shown again. */
  readonly made = new Map<string, Made>();
  /** The authorisation that was used last. */
  authorisation: string | null = null;
  private name: string | null = null;
  private shown: string | null = null;
  private owner: string | null = null;

  constructor(
    private readonly memory: Pick<Memory, "remember" | "recall" | "forget">,
    private readonly stay: () => string | null,
  ) {}

  /**
   * After a reload: takes back what was of this person or, where the service did not say who is signed in, of the person whose stay at
   * this device has not ended. Gives the id of the code that was on the screen.
   */
  async recall(callsign: string | null, now: number): Promise<string | null> {
    const before = await this.memory.recall(now);
    if (before === null || (callsign === null ? before.stay !== this.stay() : before.callsign !== callsign)) return null;
    before.made.forEach((made) => this.made.set(made.code.id, made));
    this.owner = before.callsign;
    this.authorisation = before.authorisation;
    this.name = before.name;
    this.keep();
    return before.shown;
  }

  remember(owner: string, { authorisation, name }: Order): void {
    this.owner = owner;
    this.authorisation = authorisation;
    this.name = name ?? null;
    this.keep();
  }

  /** What the next code has in common with the last one. */
  said(): { readonly name?: string } {
    return this.name === null ? {} : { name: this.name };
  }

  /** This code of that person is on the screen, or no code is. */
  show(code: { readonly id: string; readonly owner: string } | null): void {
    this.shown = code?.id ?? null;
    this.owner = code?.owner ?? this.owner;
    this.keep();
  }

  /** Which code is on the screen. */
  get showing(): string | null {
    return this.shown;
  }

  /** The codes that were made here and have not run out, those first that do so first. */
  live(now: number): readonly Code[] {
    const live = Array.from(this.made.values(), ({ code }) => code).filter(({ expires_at }) => now < expires_at);
    return live.sort((a, b) => a.expires_at - b.expires_at);
  }

  /** A code that was made here is over. */
  drop(id: string): void {
    if (this.made.delete(id)) this.keep();
  }

  /** Forgets what another person did here. */
  keepOnlyOf(owner: string): void {
    if (this.owner !== null && this.owner !== owner) this.forget();
  }

  forget(): void {
    this.made.clear();
    this.authorisation = this.name = this.shown = this.owner = null;
    this.memory.forget();
  }

  private keep(): void {
    const { owner, name, authorisation, shown, made } = this;
    if (owner !== null) this.memory.remember({ callsign: owner, stay: this.stay(), name, authorisation, shown, made: Array.from(made.values()) });
  }
}
