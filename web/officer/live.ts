import { type Status, status } from "./model.ts";
import { readJson } from "./parse.ts";

// Watches one code by the service's stream of events.

/** The service sends a beat every five seconds. After a silence as long as this, nothing on the screen may be believed. */
const SILENCE_MS = 12000;
const RETRY_MS = 2000;

export interface Watcher {
  /** Where the code stands, as far as a sound connection tells. */
  readonly seen: (status: Status) => void;
  readonly lost: () => void;
  /** The service turned us away: somebody has to ask it why. */
  readonly refused: () => void;
}

/** A stream of events, as browsers have it. */
export type Stream = Pick<EventSource, "addEventListener" | "close" | "readyState">;

const CLOSED = 2;

export class LiveWatch {
  private stream: Stream | null = null;
  private last: Status | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private isLost = false;
  private ended = false;

  constructor(
    private readonly open: () => Stream,
    private readonly watcher: Watcher,
  ) {}

  begin(): void {
    this.drop();
    if (this.ended) return;
    const stream = this.open();
    this.stream = stream;
    stream.addEventListener("message", (event) => this.heard((event as MessageEvent<unknown>).data));
    stream.addEventListener("beat", () => this.heard(null));
    stream.addEventListener("error", () => this.failed(stream));
    this.listenFor();
  }

  /** The device says that it has no network: what is on the screen may be old from this moment. */
  cut(): void {
    this.drop();
    this.lose();
  }

  end(): void {
    this.ended = true;
    this.drop();
  }

  private heard(data: unknown): void {
    const read = typeof data === "string" ? readJson(data, status) : null;
    if (read !== null) this.last = read;
    this.listenFor();
    if (this.last === null || (read === null && !this.isLost)) return;
    this.isLost = false;
    const { state } = this.last;
    if (state === "withdrawn" || state === "expired") this.end();
    this.watcher.seen(this.last);
  }

  private failed(stream: Stream): void {
    // an event of a stream that was replaced meanwhile
    if (stream !== this.stream) return;
    this.lose();
    if (stream.readyState !== CLOSED) return;
    this.drop();
    this.watcher.refused();
    this.retry = setTimeout(() => this.begin(), RETRY_MS);
  }

  private listenFor(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.lose();
      this.begin();
    }, SILENCE_MS);
  }

  private lose(): void {
    if (this.isLost || this.ended) return;
    this.isLost = true;
    this.watcher.lost();
  }

  private drop(): void {
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    if (this.stream !== null) this.stream.close();
    this.stream = null;
  }
}

/** Watches a code until the end that it gives is called. */
export function watchCode(id: string, watcher: Watcher): () => void {
  const watch = new LiveWatch(() => new EventSource(`/v1/tokens/${id}/events`), watcher);
  const [cut, begin] = [() => watch.cut(), () => watch.begin()];
  window.addEventListener("offline", cut);
  window.addEventListener("online", begin);
  watch.begin();
  if (!navigator.onLine) watch.cut();
  return () => {
    window.removeEventListener("offline", cut);
    window.removeEventListener("online", begin);
    watch.end();
  };
}
