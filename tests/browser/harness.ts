import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { end, freePort, untilReady } from "./program.ts";
import { TlsFront } from "./tls-front.ts";
import { type StaticPage, readPage } from "./service.ts";

/** The program under test. */
export const BINARY = process.env["COUNTERSIGN_BIN"] ?? fileURLToPath(new URL("../../target/debug/countersign", import.meta.url));

/** What `issue` prints. */
export interface Issued {
  readonly id: string;
  readonly token: string;
  readonly link: string;
  readonly qr_svg: string;
  readonly spoken: { readonly words: string; readonly digits: string; readonly six_words: string; readonly six_digits: string } | null;
}

/** What a person is for. */
export type Role = "officer" | "approver" | "administrator" | "overseer";

/** How a service differs from the usual. */
export interface Difference {
  readonly languages?: readonly string[];
  /** The origins of pages on other hosts that may ask. */
  readonly origins?: readonly string[];
  /** Wrong guesses at codes of five words that are answered. */
  readonly guesses?: number;
  /** Whether the console is behind TLS, with a certificate that nobody signed. */
  readonly tls?: boolean;
  /** What is logged, into a file named `log` beside the store. */
  readonly log?: string;
}

/** The real service in a folder of its own, with an officer whose authorisation was approved. */
export class RealService {
  private constructor(
    readonly url: string,
    /** The officers' console. */
    readonly consoleUrl: string,
    /** Where it keeps all that it keeps. */
    readonly folder: string,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly process: ChildProcess,
    private readonly front: TlsFront | null,
  ) {}

  static async start({ languages = ["en", "cy"], origins = [], guesses, tls = false, log }: Difference = {}): Promise<RealService> {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: build it, or name it in COUNTERSIGN_BIN.`);
    const folder = mkdtempSync(join(tmpdir(), "countersign-browser-"));
    const [publicPort, privatePort] = [await freePort(), await freePort()];
    const front = tls ? await TlsFront.to(privatePort, folder) : null;
    const consoleUrl = front?.url ?? `http://localhost:${privatePort}`;
    const settings = settingsOf(folder, publicPort, privatePort, consoleUrl);
    prepare(folder, settings, languages);
    const output = log === undefined ? "inherit" : openSync(join(folder, "log"), "a");
    const env = { ...settings, COUNTERSIGN_LOG: log, COUNTERSIGN_GUESSES: guesses?.toString() };
    const process = spawn(BINARY, ["serve", "--role", "all", ...origins.flatMap((origin) => ["--page-origins", origin])], { cwd: folder, env, stdio: ["ignore", output, output] });
    const service = new RealService(settings["COUNTERSIGN_PUBLIC_URL"], consoleUrl, folder, settings, process, front);
    await untilReady(process, service.url + "/health/ready");
    return service;
  }

  /** Issues a token as the officer does. */
  issue(...options: string[]): Issued {
    return JSON.parse(run(this.folder, this.settings, "issue", "--format", "json", ...options)) as Issued;
  }

  /** The page for another host. */
  exportPage(): StaticPage {
    run(this.folder, this.settings, "page", "export", "page");
    return readPage(join(this.folder, "page"));
  }

  /** The sheet for the wall: the path of its file. */
  poster(): string {
    const path = join(this.folder, "poster.html");
    writeFileSync(path, run(this.folder, this.settings, "page", "poster", "--html"));
    return path;
  }

  /** Enrols a person: the one-time link with which they register a passkey. */
  enrol(callsign: string, role: Role): string {
    return linkOf(run(this.folder, this.settings, "officers", "enrol", callsign, "--role", role, "--format", "json"));
  }

  /** Another one-time link for a person. */
  link(callsign: string): string {
    return linkOf(run(this.folder, this.settings, "officers", "link", callsign, "--format", "json"));
  }

  /** Asks for an authorisation as this person, and has it approved by another. */
  authorise(callsign: string, reference: string, tokens = 100): void {
    authorise(this.folder, this.settings, callsign, reference, tokens);
  }

  /** Asks for an authorisation, which waits for a decision; gives its id. */
  ask(callsign: string, reference: string, ...more: string[]): string {
    return ask(this.folder, this.settings, callsign, reference, 20, more);
  }

  approve(id: string): void {
    run(this.folder, this.settings, "authorisations", "approve", id, "--as", "heron");
  }

  refuse(id: string, reason: string): void {
    run(this.folder, this.settings, "authorisations", "refuse", id, "--as", "heron", "--reason", reason);
  }

  /** The authorisations that there are, each with where it stands. */
  authorisations(): readonly { readonly id: string; readonly reference: string; readonly state: string }[] {
    return JSON.parse(run(this.folder, this.settings, "authorisations", "list", "--format", "json")) as [];
  }

  suspend(callsign: string): void {
    run(this.folder, this.settings, "officers", "suspend", callsign);
  }

  withdraw(id: string): void {
    run(this.folder, this.settings, "withdraw", id);
  }

  /** Revokes a signing key, as the operator of the machine does; gives the id of the one that signs from now on. */
  revokeKey(kid: string): string {
    const done = run(this.folder, this.settings, "keys", "revoke", kid, "--reason", "stolen", "--format", "json");
    return (JSON.parse(done) as { rotated: { activated: string } }).rotated.activated;
  }

  async stop(): Promise<void> {
    await end(this.process);
    this.front?.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function settingsOf(folder: string, publicPort: number, privatePort: number, consoleUrl: string) {
  return {
    PATH: process.env["PATH"],
    COUNTERSIGN_CONFIG: join(folder, "countersign.toml"),
    COUNTERSIGN_STORE: `sqlite:${join(folder, "store.sqlite")}`,
    COUNTERSIGN_KEYS: join(folder, "keys"),
    COUNTERSIGN_ISSUER: "verify.example.org",
    COUNTERSIGN_PUBLIC_URL: `http://localhost:${publicPort}`,
    COUNTERSIGN_PUBLIC: `127.0.0.1:${publicPort}`,
    COUNTERSIGN_PRIVATE: `127.0.0.1:${privatePort}`,
    // by name, not by number: passkeys belong to a name
    COUNTERSIGN_CONSOLE_URL: consoleUrl,
    COUNTERSIGN_PRIVATE_URL: `http://127.0.0.1:${privatePort}`,
    COUNTERSIGN_CREDENTIAL_FILE: join(folder, "credential"),
  };
}

function linkOf(printed: string): string {
  return (JSON.parse(printed) as { link: string }).link;
}

/** Keys, an officer, an approver, and an authorisation that one asked for and the other approved. */
function prepare(folder: string, settings: NodeJS.ProcessEnv, languages: readonly string[]): void {
  writeFileSync(
    join(folder, "countersign.toml"),
    '[organisation]\nname = "Riverside Council"\ntelephone = "0300 555 0143"\naddress = "Town Hall, 1 Bridge Street"\nemergency = "999"\nreport = "https://www.example.org/report"\nexit_url = "https://www.example.org/"\ntime_zone = "Europe/London"\n' +
      `languages = ${JSON.stringify(languages)}\n`,
  );
  const command = (...words: string[]) => run(folder, settings, ...words);
  command("keys", "init");
  command("officers", "enrol", "kestrel", "--role", "officer");
  command("officers", "enrol", "heron", "--role", "approver");
  const json = (...words: string[]) => JSON.parse(command(...words, "--format", "json")) as unknown;
  const { credential } = json("officers", "credential", "kestrel") as { credential: string };
  writeFileSync(join(folder, "credential"), credential + "\n", { mode: 0o600 });
  authorise(folder, settings, "kestrel", "R-1", 100);
}

function authorise(folder: string, settings: NodeJS.ProcessEnv, callsign: string, reference: string, tokens: number): void {
  run(folder, settings, "authorisations", "approve", ask(folder, settings, callsign, reference, tokens), "--as", "heron");
}

function ask(folder: string, settings: NodeJS.ProcessEnv, callsign: string, reference: string, tokens: number, more: readonly string[] = []): string {
  const channels = ["--channel", "in-person", "--channel", "telephone", "--channel", "online"];
  const asked = run(folder, settings, "authorisations", "ask", "--as", callsign, "--reference", reference, "--purpose", "Visit", ...channels, "--max-tokens", String(tokens), ...more, "--format", "json");
  return (JSON.parse(asked) as { id: string }).id;
}

function run(folder: string, settings: NodeJS.ProcessEnv, ...words: string[]): string {
  return execFileSync(BINARY, words, { cwd: folder, env: settings, encoding: "utf8" });
}
