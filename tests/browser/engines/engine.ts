import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What the core flows ask of a browser, whichever it is.

/** How long a screen may take to appear. */
export const PATIENCE_MS = 10000;
export const PHONE_SIZE: Size = { width: 360, height: 740 };

/** Of what a window shows, in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A browser. Between `start` and `close` it opens pages, one at a time. */
export interface Engine {
  readonly name: string;
  /** Why it cannot run here, and what to install; null where it can. */
  readonly missing: string | null;
  /** Whether it takes a cookie that is marked as secure over TLS alone, also from this machine. */
  readonly wantsTls: boolean;
  start(): Promise<void>;
  open(url: string): Promise<EnginePage>;
  /** Ends all that was started, also after a start that failed half-way. */
  close(): Promise<void>;
}

/** A function that runs inside a page; what goes in and comes out is JSON. No function in it may have a name of its own. */
export type PageCode<A, R> = (given: A) => R | Promise<R>;

/** A page of its own. Headings and buttons are named by their own text, without a hint that follows in an element. */
export abstract class EnginePage {
  abstract evaluate<A, R>(code: PageCode<A, R>, given: A): Promise<R>;
  /** Runs a script inside the page. */
  abstract run(script: string): Promise<void>;
  /** Waits for what an XPath finds to be seen. */
  abstract waitFor(path: string): Promise<void>;
  /** Presses what an XPath finds. */
  abstract click(path: string): Promise<void>;
  /** Presses it twice, with nothing between the two. */
  abstract clickTwice(path: string): Promise<void>;
  abstract fill(selector: string, text: string): Promise<void>;
  /** Presses a key and lets it go again. */
  abstract key(name: "Shift"): Promise<void>;
  /** Goes to another entry of the browser's history, as its own buttons do. */
  abstract back(): Promise<void>;
  abstract forward(): Promise<void>;
  abstract reload(): Promise<void>;
  abstract close(): Promise<void>;
  /** Opens an address in the place of the page. */
  abstract go(url: string): Promise<void>;
  abstract resize(size: Size): Promise<void>;
  /** A picture of what the window shows, as PNG. */
  abstract photograph(): Promise<Buffer>;
  /** From now on the page has a device that makes passkeys, and that finds the person's finger right. */
  abstract bringDevice(): Promise<void>;

  press(button: string): Promise<void> {
    return this.click(buttonPath(button));
  }

  /** Waits for the screen with this heading. */
  see(heading: string): Promise<void> {
    return this.waitFor(headingPath(heading));
  }

  /** Waits for a line that says how something went. */
  announced(line: string): Promise<void> {
    return this.waitFor(`//*[@aria-live][normalize-space(text())="${line}"]`);
  }

  /** All text on the screen. */
  text(): Promise<string> {
    return this.evaluate(() => document.querySelector("main")?.innerText ?? "", null);
  }
}

function headingPath(name: string): string {
  return `//h1[normalize-space(text())="${name}"]`;
}

/** The XPath of a button, or of a line that unfolds more. */
export function buttonPath(name: string): string {
  return `//*[self::button or self::summary][normalize-space(text())="${name}"]`;
}

/** Starts a program, given to it by `endsWithUs`. */
export const SETPRIV = "/usr/bin/setpriv";

/** Has the system end a program when these tests end, however they end. */
export function endsWithUs(program: string): readonly string[] {
  return ["--pdeathsig", "TERM", program];
}

/** Names the Debian packages that are missing, each known by one of its files; null where none is. */
export function missingPackages(files: Readonly<Record<string, string>>): string | null {
  const missing = Object.keys(files).filter((name) => !existsSync(files[name] ?? ""));
  return missing.length === 0 ? null : `not run: install Debian's ${missing.join(" and ")}`;
}

/** A home folder for one browser, so that nothing of it stays on this machine. */
export class BrowserHome {
  private readonly folder = mkdtempSync(join(tmpdir(), "countersign-engine-"));
  /** All that the browser learns of its surroundings. */
  readonly environment = { PATH: process.env["PATH"] ?? "", HOME: this.folder, XDG_RUNTIME_DIR: this.folder };

  remove(): void {
    // the last processes of a browser may still be writing
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
