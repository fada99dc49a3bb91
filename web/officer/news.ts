import { list, oneOf, readJson, record } from "./parse.ts";

// Says when the lists that are shown are to be read again: by the service's stream of changes, at once when the page is back, and
// now and then where there is no stream.

const KINDS = ["authorisations", "tokens", "people"] as const;
export type Kind = (typeof KINDS)[number];
const changes = record({ changed: list(oneOf(KINDS)) });

/** The service sends a beat every five seconds. */
const SILENCE_MS = 12000;
const RETRY_MS = 5000;
const EVERY_MS = 15000;

type Listener = (changed: readonly Kind[]) => unknown;

export class News {
  private readonly listeners = new Set<Listener>();
  private stream: EventSource | null = null;
  private heard = 0;
  private opened = 0;
  private isOn = false;

  /** `lost` is called when the stream ends: somebody has to ask why. */
  constructor(private readonly lost: () => void) {
    setInterval(() => this.look(), RETRY_MS);
    document.addEventListener("visibilitychange", () => this.look());
    for (const name of ["online", "pageshow", "focus"]) window.addEventListener(name, () => this.tell(KINDS));
    setInterval(() => this.isOn && Date.now() - this.heard > SILENCE_MS && this.tell(KINDS), EVERY_MS);
  }

  /** Somebody signed in, or out. */
  turn(isOn: boolean): void {
    this.isOn = isOn;
    this.close();
    this.look();
  }

  /** Acts each time that one of these kinds changed. Gives what ends it. */
  when(kinds: readonly Kind[], act: () => void): () => void {
    const listener: Listener = (changed) => changed.some((kind) => kinds.indexOf(kind) >= 0) && act();
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private look(): void {
    const isWanted = this.isOn && !document.hidden;
    const isDead = this.stream !== null && Date.now() - Math.max(this.heard, this.opened) > SILENCE_MS;
    if (!isWanted || isDead) this.close();
    if (isWanted && this.stream === null) this.open();
  }

  private open(): void {
    const stream = new EventSource("/v1/changes");
    this.stream = stream;
    this.opened = Date.now();
    const hear = (): void => {
      this.heard = Date.now();
    };
    stream.addEventListener("beat", hear);
    stream.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      hear();
      this.tell(readJson(String(data), changes)?.changed ?? KINDS);
    });
    stream.addEventListener("error", () => {
      if (stream !== this.stream) return;
      // this opens another one by and by, and not at once as the browser would
      this.close();
      this.lost();
    });
  }

  private close(): void {
    this.stream?.close();
    this.stream = null;
  }

  /** Something changed, also by this page's own doing. */
  tell(changed: readonly Kind[]): void {
    if (!document.hidden) this.listeners.forEach((listener) => listener(changed));
  }
}
