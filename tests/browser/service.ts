import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestClaims, signKeySet, signToken, testKey } from "../../web/test/signing.ts";
import { BINARY } from "./harness.ts";

// A service that lies, breaks or dawdles on demand, which the real one cannot be made to do.

/** What the page sent. */
export interface Asked {
  readonly token?: string;
  readonly code?: string;
  readonly challenge?: string;
  readonly attempt: string;
}

/** An answer of the service; `null` closes the connection. */
export type Reply = { readonly status: number; readonly body: object } | null;

export const ISSUER = "verify.example.org";
export const TELEPHONE = "0300 555 0143";
/** Where people report somebody false. */
export const REPORT = "https://www.example.org/report";

/** Where "Exit this page" leads. */
export const ELSEWHERE = "https://elsewhere.example/";

const root = testKey(1);
const key = testKey(2);

/** Now, in whole seconds. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A well-signed token of the service. */
export function token(claims: Partial<TestClaims> = {}): Buffer {
  const iat = claims.iat ?? seconds();
  return Buffer.from(signToken(key, ISSUER, { iat, exp: iat + 300, ...claims }));
}

/** An answer as the protocol shapes it. */
export function answer(verdict: string, more: object = {}): Reply {
  const body = { verdict, challenge: null, approach: null, first_checked_at: null, token: null, server_time: seconds(), ...more };
  return { status: verdict === "cannot_check" ? 503 : 200, body };
}

/** How a host fails at one of its addresses. */
export type Fault = "error" | "half" | "silence" | "elsewhere" | 403 | 404 | 410;

/** A running service whose answers a test chooses. */
export class FakeService {
  readonly asked: Asked[] = [];
  reply: (asked: Asked) => Reply = () => answer("genuine");
  keySet: string | null;
  /** What goes wrong at an address of the page. */
  fault: (path: string) => Fault | null | Promise<Fault | null> = () => null;
  /** The origin of a page on another host that may ask. */
  allowed: string | null = null;
  private port = 0;
  private page: StaticPage = { files: new Map(), headers: {} };
  private readonly server = createServer((request, response) => void this.handle(request, response));

  private constructor() {
    this.keySet = keySetOf({});
  }

  static async start(languages: readonly string[] = ["en", "cy", "ur"], telephone = TELEPHONE): Promise<FakeService> {
    const service = new FakeService();
    await service.resume();
    service.page = exportPage(service.url, languages, telephone);
    return service;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** The page as it was exported for this service. */
  get exported(): StaticPage {
    return this.page;
  }

  /** Listens, after a stop at the same address as before. */
  async resume(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Puts other content in the place of a file of the page, or takes the file away; gives what stood there. */
  put(name: string, content: Buffer | null): Buffer {
    const before = this.page.files.get(name) ?? Buffer.alloc(0);
    if (content === null) this.page.files.delete(name);
    else this.page.files.set(name, content);
    return before;
  }

  /** From now on the page comes as from a host that sends no header of ours. */
  forgetHeaders(): void {
    this.page = { ...this.page, headers: {} };
  }

  /** From now on the page comes as from a host that lets it be kept in any cache. */
  goodForAYear(): void {
    this.page = { ...this.page, headers: { ...this.page.headers, "cache-control": FOR_A_YEAR } };
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const file = this.page.files.get(request.url === "/" ? "index.html" : (request.url ?? "").slice(1));
    if (file !== undefined) return sendFile(file, request.url ?? "", this.page, await this.fault(request.url ?? ""), response);
    if (this.allowed !== null) {
      response.setHeader("Access-Control-Allow-Origin", this.allowed);
      response.setHeader("Access-Control-Allow-Headers", "Content-Type");
    }
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    if (request.url === "/v1/verify" && request.method === "POST") return this.sendVerdict(JSON.parse(body) as Asked, response);
    const jwt = request.url === "/.well-known/countersign/keys.jwt" ? this.keySet : null;
    response.writeHead(jwt === null ? 404 : 200).end(jwt ?? "nothing is here");
  }

  private sendVerdict(asked: Asked, response: ServerResponse): void {
    this.asked.push(asked);
    const reply = this.reply(asked);
    if (reply === null) response.destroy();
    else response.writeHead(reply.status, { "Content-Type": "application/json" }).end(JSON.stringify(reply.body));
  }
}

const FOR_A_YEAR = "max-age=31536000, immutable";

/** Sends a file of the page, or fails at it. */
export function sendFile(file: Buffer, path: string, { headers }: StaticPage, fault: Fault | null, response: ServerResponse): void {
  const type = path.endsWith(".js") ? "text/javascript" : path.endsWith(".svg") ? "image/svg+xml" : path.endsWith(".json") ? "application/json" : "text/html; charset=utf-8";
  if (fault === "silence") return;
  if (fault === "error") return void response.writeHead(500, { ...headers, "Content-Type": type }).end("out of order");
  if (typeof fault === "number") return void response.writeHead(fault, { "Content-Type": type, "Cache-Control": FOR_A_YEAR }).end("gone");
  if (fault === "elsewhere") return void response.writeHead(302, { Location: "/icon.svg" }).end();
  response.writeHead(200, { ...headers, "Content-Type": type, "Content-Length": file.length });
  if (fault === null) response.end(file);
  else response.write(file.subarray(0, file.length / 2), () => response.destroy());
}

/** The page as another host has it: the files, and the headers that it was set to send. */
export interface StaticPage {
  readonly files: Map<string, Buffer>;
  readonly headers: { readonly [name: string]: string };
}

/** The real page, as `page export` writes it for a service at this address. */
export function exportPage(url: string, languages: readonly string[], telephone: string): StaticPage {
  const folder = mkdtempSync(join(tmpdir(), "countersign-page-"));
  const keys = join(folder, "keys");
  mkdirSync(keys);
  writeFileSync(join(keys, "root.jwk"), JSON.stringify(root.jwk));
  writeFileSync(join(keys, "keyset.jwt"), keySetOf({ version: 1 }));
  const [name, address] = ["Riverside Council", "Town Hall, 1 Bridge Street, Riverside"];
  const organisation = Object.entries({ name, telephone, address, emergency: "999", report: REPORT, exit_url: ELSEWHERE, time_zone: "Europe/London", languages });
  const settings = organisation.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("");
  writeFileSync(join(folder, "countersign.toml"), `issuer = "${ISSUER}"\nkeys = "keys"\n[organisation]\n${settings}`);
  execFileSync(BINARY, ["page", "export", "out", "--public-url", url], { cwd: folder, env: { PATH: process.env["PATH"] } });
  const page = readPage(join(folder, "out"));
  rmSync(folder, { recursive: true });
  return page;
}

/** A page that was exported into a folder. */
export function readPage(folder: string): StaticPage {
  const files = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]));
  const lines = String(files.get("headers.txt")).trim().split("\n");
  return { files, headers: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)])) };
}

/** The key set of the service, with its payload changed. */
export function keySetOf(change: object): string {
  const [name, now] = ["https://" + ISSUER, seconds()];
  const keys = [{ ...key.jwk, nbf: now - 86400, exp: now + 86400 }];
  return signKeySet(root, { iss: name, sub: name, iat: now - 3600, exp: now + 86400, version: 3, keys, ...change });
}
