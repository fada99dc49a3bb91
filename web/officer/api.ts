import * as model from "./model.ts";
import { type Parse, list, nothing, readJson, record, text } from "./parse.ts";
import { type Problem, type Result, done, failed } from "./result.ts";

/** What a person asks to be allowed. */
export interface Wish {
  readonly reference: string;
  readonly channels: readonly model.Channel[];
  readonly from?: number;
  readonly until: number;
  readonly max_tokens: number;
}

/** How an approver changes what was allowed. */
export type Review = Pick<Wish, "channels" | "until" | "max_tokens">;

/** A passkey's answer to a ceremony. */
export interface Confirmation {
  readonly ceremony: string;
  readonly credential: object;
}

/** What a code is to say. */
export interface Order {
  readonly authorisation: string;
  readonly channel: model.Channel;
  readonly name?: string;
  readonly place?: string;
  readonly dialled?: string;
  readonly challenge?: string;
  readonly not_before?: number;
  readonly lifetime?: number;
  readonly spoken?: boolean;
}

type Method = "GET" | "POST" | "DELETE";

const TIMEOUT_MS = 15000;
const KIND = "urn:countersign:problem:";
const problem = record({ type: text, detail: text });

/** The service, one method for each thing that can be asked of it. */
export class Api {
  constructor(private readonly sessionEnded: () => void) {}

  enrolment = (link: string) => this.post("passkeys/options", model.ceremony, { link });
  addPasskey = (link: string, confirmation: Confirmation) => this.post("passkeys", model.enrolled, { link, ...confirmation });

  signInOptions = () => this.post("session/options", model.ceremony);
  signIn = (confirmation: Confirmation) => this.post("session", model.session, confirmation);
  session = () => this.send("GET", "session", model.session);
  signOut = () => this.send("DELETE", "session", nothing);

  confirmation = () => this.post("confirmations", model.ceremony);
  issue = (order: Order, confirmation: Confirmation) => this.post("tokens", model.issued, { ...order, confirmation });
  tokens = () => this.send("GET", "tokens", list(model.liveToken));
  status = (id: string) => this.send("GET", `tokens/${id}`, model.status);
  speak = (id: string) => this.post(`tokens/${id}/spoken`, record({ spoken: model.spoken }));
  withdrawToken = (id: string) => this.send("DELETE", `tokens/${id}`, nothing);

  authorisations = () => this.send("GET", "authorisations", list(model.authorisation));
  ask = (wish: Wish) => this.post("authorisations", nothing, wish);
  decide = (id: string, decision: "approve" | "refuse" | "withdraw") => this.post(`authorisations/${id}/${decision}`, nothing);
  review = (id: string, review: Review) => this.post(`authorisations/${id}/review`, nothing, review);

  people = () => this.send("GET", "people", list(model.person));
  enrol = (callsign: string, role: model.Role) => this.post("people", model.newPerson, { callsign, role });
  anotherLink = (callsign: string) => this.post(`people/${encodeURIComponent(callsign)}/link`, model.link);
  suspend = (callsign: string) => this.post(`people/${encodeURIComponent(callsign)}/suspend`, nothing);
  revoke = (key: string) => this.send("DELETE", `keys/${encodeURIComponent(key)}`, nothing);

  private post<T>(path: string, parse: Parse<T>, body: object = {}): Promise<Result<T>> {
    return this.send("POST", path, parse, JSON.stringify(body));
  }

  private async send<T>(method: Method, path: string, parse: Parse<T>, body?: string): Promise<Result<T>> {
    const answer = await exchange(method, "/v1/" + path, body);
    if (answer === null) return failed("offline");
    const result = readAnswer(answer.ok, answer.text, parse);
    // the first question of all is whether there is a session
    if (!result.ok && result.problem.kind === "no-session" && !(method === "GET" && path === "session")) this.sessionEnded();
    return result;
  }
}

/** An answer as a value, or as a problem with its kind. */
export function readAnswer<T>(ok: boolean, body: string, parse: Parse<T>): Result<T> {
  if (!ok) return { ok: false, problem: readProblem(body) };
  if (parse === (nothing as Parse<unknown>)) return done(parse(null));
  const value = readJson(body, (json) => [parse(json)] as const);
  return value === null ? failed("unreadable") : done(value[0]);
}

function readProblem(body: string): Problem {
  const read = readJson(body, problem);
  if (read === null || read.type.indexOf(KIND) !== 0) return { kind: "unreadable", detail: "" };
  return { kind: read.type.slice(KIND.length), detail: read.detail };
}

/** Sends a request; null when no whole answer came in time. */
async function exchange(method: Method, path: string, body: string | undefined): Promise<{ ok: boolean; text: string } | null> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  const content: RequestInit = body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } };
  try {
    const response = await fetch(path, { method, credentials: "same-origin", cache: "no-store", signal: abort.signal, ...content });
    return { ok: response.ok, text: await response.text() };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
