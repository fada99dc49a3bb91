import { type Bytes, fromUtf8, toBase64url } from "../shared/bytes.ts";
import { readToken } from "../shared/link.ts";
import { secondsOf } from "../shared/seconds.ts";
import { type Verdict, verdictOf } from "../shared/verdict.ts";

/** What is asked of the service. */
export interface Request {
  readonly token?: string;
  readonly code?: string;
  readonly challenge?: string;
  readonly attempt: string;
}

/** What the service answered. Of its picture of the token only the bytes are taken. */
export interface Answer {
  readonly verdict: Verdict;
  readonly token: Bytes | null;
  readonly serverTime: number;
  readonly firstCheckedAt: number | null;
}

const TIMEOUT_MS = 10000;

/** The media type of a masked answer: random bytes, and then as many bytes of the answer, combined with these by exclusive or. */
const MASKED = "application/octet-stream";

/** What became of a question: an answer, none at all, one that turned us away, or one that means nothing to us. */
export type Reply = Answer | "silent" | "busy" | "unusable";

/** Asks the service for its verdict. */
export async function askService(api: string, request: Request): Promise<Reply> {
  // masked, so that no proxy on the way can make an answer shorter than another
  const headers = { "Content-Type": "application/json", Accept: MASKED };
  const response = await send(api + "/v1/verify", { method: "POST", headers, body: JSON.stringify(request) });
  if (response === null) return "silent";
  return response.status === 429 ? "busy" : parseAnswer(response.text) || "unusable";
}

/** Where the service publishes its signed key set. */
export function keySetAddress(api: string): string {
  return api + "/.well-known/countersign/keys.jwt";
}

/** Fetches the signed key set; it is checked elsewhere. */
export async function fetchKeySet(api: string): Promise<string | null> {
  const response = await send(keySetAddress(api), { method: "GET" });
  return response !== null && response.status === 200 ? response.text.replace(/\s+$/, "") : null;
}

/** Loads a file beside the page; null where it does not come, or not with just these bytes. */
export async function fetchPinned(name: string, integrity: string): Promise<string | null> {
  const response = await send(name, { method: "GET", integrity });
  return response !== null && response.status === 200 ? response.text : null;
}

/** 16 random bytes that mark one person's attempt at one token. */
export function drawAttempt(): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(16)));
}

async function send(address: string, options: RequestInit): Promise<{ status: number; text: string } | null> {
  const abort = typeof AbortController === "function" ? new AbortController() : null;
  const manners: RequestInit = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: abort && abort.signal };
  const request = fetch(address, Object.assign(manners, options)).then((response) =>
    textOf(response).then((text) => ({ status: response.status, text })),
  );
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), TIMEOUT_MS));
  const result = await Promise.race([request.catch(() => null), late]);
  if (result === null && abort) abort.abort();
  return result;
}

async function textOf(response: Response): Promise<string> {
  if (response.headers.get("Content-Type") !== MASKED) return response.text();
  const bytes = new Uint8Array(await response.arrayBuffer());
  const half = bytes.length >> 1;
  return fromUtf8(bytes.slice(half).map((byte, i) => byte ^ (bytes[i] || 0))) || "";
}

function parseAnswer(text: string): Answer | null {
  try {
    const body = JSON.parse(text) as { readonly [name: string]: unknown };
    const [verdict, serverTime] = [verdictOf(body["verdict"]), secondsOf(body["server_time"])];
    if (verdict === null || serverTime === null) return null;
    return { verdict, serverTime, token: tokenOf(body["token"]), firstCheckedAt: secondsOf(body["first_checked_at"]) };
  } catch {
    return null;
  }
}

function tokenOf(value: unknown): Bytes | null {
  const reading = typeof value === "string" ? readToken(value) : null;
  return reading !== null && reading.kind === "bytes" ? reading.bytes : null;
}
