import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestClaims, signKeySet, signToken, testKey } from "../../web/test/signing.ts";

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

const page = readFileSync(new URL("../../web/public/dist/index.html", import.meta.url), "utf8");
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

/** A running service whose answers a test chooses. */
export class FakeService {
  readonly asked: Asked[] = [];
  reply: (asked: Asked) => Reply = () => answer("genuine");
  keySet: string | null;
  private readonly server = createServer((request, response) => void this.handle(request, response));

  private constructor() {
    this.keySet = keySetOf({});
  }

  static async start(): Promise<FakeService> {
    const service = new FakeService();
    await new Promise<void>((resolve) => service.server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (request.url === "/") return this.sendPage(response);
    if (request.url === "/v1/verify" && request.method === "POST") return this.sendVerdict(JSON.parse(body) as Asked, response);
    if (request.url === "/elsewhere") return void response.writeHead(200).end("elsewhere");
    const jwt = request.url === "/.well-known/countersign/keys.jwt" ? this.keySet : null;
    response.writeHead(jwt === null ? 404 : 200).end(jwt ?? "");
  }

  private sendVerdict(asked: Asked, response: ServerResponse): void {
    this.asked.push(asked);
    const reply = this.reply(asked);
    if (reply === null) response.destroy();
    else response.writeHead(reply.status, { "Content-Type": "application/json" }).end(JSON.stringify(reply.body));
  }

  private sendPage(response: ServerResponse): void {
    const deployment = JSON.stringify({
      issuer: ISSUER, public_url: this.url, api: "", root: root.jwk, minimum_key_set: 1, spoken_words: 5, languages: ["en"],
      organisation: { name: "Riverside Council", telephone: TELEPHONE, address: "Town Hall, 1 Bridge Street, Riverside", exit_url: this.url + "/elsewhere" },
    }).replace(/</g, "\\u003c");
    const html = page
      .replace("__DEPLOYMENT__", () => deployment)
      .replace(/__ORGANISATION_NAME__/g, "Riverside Council")
      .replace(/__ORGANISATION_TELEPHONE__/g, TELEPHONE);
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policyOf(html) }).end(html);
  }
}

/** The key set of the service, with its payload changed. */
export function keySetOf(change: object): string {
  const [name, now] = ["https://" + ISSUER, seconds()];
  const keys = [{ ...key.jwk, nbf: now - 86400, exp: now + 86400 }];
  return signKeySet(root, { iss: name, sub: name, iat: now - 3600, exp: now + 86400, version: 3, keys, ...change });
}

/** The same policy as the real service sends: by hash, nothing else. */
function policyOf(html: string): string {
  const hash = (pattern: RegExp) => createHash("sha256").update(pattern.exec(html)?.[1] ?? "").digest("base64");
  return (
    `default-src 'none'; script-src 'sha256-${hash(/<script>([^]*?)<\/script>/)}'; style-src 'sha256-${hash(/<style>([^]*?)<\/style>/)}'; ` +
    "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'"
  );
}
