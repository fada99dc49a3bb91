import type { Order } from "./api.ts";
import { CHANNELS, LEEWAY, code } from "./model.ts";
import { type Parse, list, nullable, oneOf, record, text, whole } from "./parse.ts";

// What is to outlive a reload of this tab, and nothing longer: it lies in the memory of the console's worker, never on a disk.
// sessionStorage and history.state would not do, since browsers write both down to restore a session.

const TAB = "tab";
/** A worker that hears nothing for half a minute is ended. */
const AGAIN_MS = 15000;
const PATIENCE_MS = 2000;

const order: Parse<Order> = (value) => {
  const optional = { name: nullable(text), place: nullable(text), dialled: nullable(text), challenge: nullable(text), not_before: nullable(whole), lifetime: nullable(whole) };
  const { authorisation, channel, ...rest } = record({ authorisation: text, channel: oneOf(CHANNELS), ...optional })(value);
  return { authorisation, channel, ...Object.fromEntries(Object.entries(rest).filter(([, member]) => member !== null)) };
};

const remembered = record({
  callsign: text,
  /** The mark of their stay at the device. */
  stay: nullable(text),
  name: nullable(text),
  authorisation: nullable(text),
  /** Which code is on the screen. */
  shown: nullable(text),
  made: list(record({ code, order })),
});
export type Remembered = ReturnType<typeof remembered>;

export class Memory {
  private last: Remembered | null = null;

  constructor(private readonly tab: string | null) {
    const again = (): void => {
      if (this.last !== null) this.say({ remember: this.last });
    };
    setInterval(again, AGAIN_MS);
    // a worker that has ended meanwhile is awake for the page that comes next
    window.addEventListener("pagehide", again);
  }

  remember(what: Remembered): void {
    this.last = what;
    this.say({ remember: what });
  }

  forget(): void {
    this.last = null;
    this.say({ forget: true });
  }

  /** What this tab remembered before it was loaded again, with the codes that are not over. */
  async recall(now: number): Promise<Remembered | null> {
    const said = await this.ask();
    try {
      const found = remembered(said);
      return { ...found, made: found.made.filter(({ code: { expires_at } }) => now < expires_at + LEEWAY) };
    } catch {
      return null;
    }
  }

  private async ask(): Promise<unknown> {
    const registration = this.tab === null || !("serviceWorker" in navigator) ? undefined : await navigator.serviceWorker.getRegistration().catch(() => undefined);
    const worker = registration?.active;
    if (worker === undefined || worker === null) return null;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise<unknown>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
      setTimeout(() => resolve(null), PATIENCE_MS);
    });
    worker.postMessage({ tab: this.tab }, [port2]);
    return answer;
  }

  private say(what: object): void {
    if (this.tab === null || !("serviceWorker" in navigator)) return;
    navigator.serviceWorker.ready.then(({ active }) => active?.postMessage({ tab: this.tab, ...what })).catch(() => undefined);
  }
}

/** A name for this tab that a reload does not change; it says nothing. */
export function tabName(open: () => Storage): string | null {
  try {
    const storage = open();
    const name = storage.getItem(TAB) ?? crypto.randomUUID();
    storage.setItem(TAB, name);
    return name;
  } catch {
    return null;
  }
}
