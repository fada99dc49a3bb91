import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** So long nothing may be written before a voice counts as silent. */
const STILL_MS = 900;
const LOOK_EVERY_MS = 50;

/** The echo of keys, what Orca says of clicks and of parts that the focus leaves, its modes, and what Firefox asks before a passkey. */
const NOT_OF_THE_PAGE = /^(.|return|tab|left (control|shift)|space|down|clickable\.|leaving .*|main content|(browse|focus) mode|alert\.|Touch your security key .*)$/i;

/** A sentence that was begun. */
export interface Spoken {
  readonly text: string;
}

/** What Orca said, from the log that say.py writes. */
export class Heard {
  private from = 0;
  private debugFrom = 0;

  constructor(private readonly folder: string) {}

  /** Waits for silence and begins to listen. A key that does nothing cuts off what Orca still reads of a new page. */
  async listen(): Promise<void> {
    await keys("Control_L");
    await this.silence();
    this.begin();
  }

  /** Begins to listen in the midst of what is said. */
  begin(): void {
    this.from = this.lines().length;
    this.debugFrom = this.debug().length;
  }

  /** All that was said since `listen` of the page itself. */
  said(): readonly Spoken[] {
    const begun = this.lines().slice(this.from).filter(({ kind }) => kind === "SAY");
    return begun.filter(({ text }) => !NOT_OF_THE_PAGE.test(text));
  }

  /** Waits until something is said that the pattern fits; fails with all that was said instead. */
  async until(pattern: RegExp, withinMs: number): Promise<void> {
    await wait(() => this.said().some(({ text }) => pattern.test(text)), withinMs, () => `not heard within ${withinMs} ms: ${pattern}; heard: ${this.report()}`);
  }

  /** Waits until nothing more is said. */
  async silence(): Promise<void> {
    let [count, since] = [-1, Date.now()];
    const isSilent = (): boolean => {
      const lines = this.lines();
      if (lines.length !== count) [count, since] = [lines.length, Date.now()];
      const isOpen = lines[lines.length - 1]?.kind === "SAY";
      return !isOpen && Date.now() - since >= STILL_MS;
    };
    await wait(isSilent, 15000, () => "Orca does not stop speaking: " + this.report());
  }

  /** The language that Orca took a label to be in. Orca 43 knows it and does not hand it to the voice, so only its own log has it. */
  async languageOf(label: string): Promise<string | undefined> {
    const [log, name] = [() => this.debug().slice(this.debugFrom), `labelAndName=[${label}]`];
    // it is written later than it is said, with what comes after it
    for (let tries = 0; !log().includes(name) && tries < 20; tries++) {
      await keys("Control_L");
      await this.silence();
    }
    const before = log().slice(0, log().lastIndexOf(name));
    return /^language='(\w*)'/.exec(before.slice(before.lastIndexOf("language='")))?.[1];
  }

  report(): string {
    return JSON.stringify(this.said().map(({ text }) => text));
  }

  private debug(): string {
    return readFileSync(join(this.folder, "orca-debug.txt"), "utf8");
  }

  private lines(): readonly (Spoken & { readonly kind: string })[] {
    const lines = readFileSync(join(this.folder, "heard"), "utf8").split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const [, kind = "", text = ""] = line.split("\t");
      return { kind, text };
    });
  }
}

/** Presses keys of the display, as a person does: the screen reader gets them before the browser. */
export async function keys(...names: string[]): Promise<void> {
  await run("xdotool", ["key", "--delay", "300", ...names]);
}

/** Types a text, a key each 90 ms. */
export async function type(text: string): Promise<void> {
  await run("xdotool", ["type", "--delay", "90", text]);
}

/** Presses the pointer at the edge of the page, where nothing is: keys then go to the page and not to the address bar. */
export async function touch(): Promise<void> {
  await run("xdotool", ["getactivewindow", "mousemove", "--window", "%1", "6", "450", "click", "1"]);
}

async function wait(isDone: () => boolean, withinMs: number, problem: () => string): Promise<void> {
  const giveUp = Date.now() + withinMs;
  while (!isDone()) {
    if (Date.now() > giveUp) throw new Error(problem());
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
