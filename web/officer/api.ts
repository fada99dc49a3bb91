import * as model from "./model.ts";
import { type Parse, list, nothing, readJson, record, text } from "./parse.ts";
import { type Problem, type Result, done, failed } from "./result.ts";
import { Unanswered } from "./unanswered.ts";

/** What a person asks to be allowed. */
export interface Wish {
  readonly reference: string;
  /** What it is for. Approvers read it, and nobody else. */
  readonly purpose: string;
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

/** In which order a list comes: what was made last or first before all else, by its end, or by name. */
export type Sort = "made" | "oldest" | "until" | "name";
/** A part of the authorisations: what waits for a decision, or what is approved and not over. */
export type Only = "waiting" | "in-force";

/** A part of a list, and where the next one is. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

type Method = "GET" | "POST" | "DELETE";

/** An answer that came whole; `link` leads to the next page of a list. */
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
  readonly link: string | null;
}

const PREFIX = "/v1/";
const TIMEOUT_MS = 15000;
const UNATTENDED = { "Countersign-Unattended": "1" };
const KIND = "urn:countersign:problem:";
const problem = record({ type: text, detail: text });

/** The service, one method for each thing that can be asked of it. */
export class Api {
  private readonly unanswered = new Unanswered(() => Date.now());

  /** With `isUnattended`, what it asks is nobody doing anything, so that no session lasts longer for it. */
  constructor(
    private readonly sessionEnded: () => void,
    private readonly isUnattended = false,
  ) {}

  enrolment = (link: string) => this.post("passkeys/options", model.ceremony, { link });
  addPasskey = (link: string, name: string, confirmation: Confirmation) =>
    this.post("passkeys", model.enrolled, { link, ...confirmation, ...(name === "" ? {} : { name }) });

  passkeys = () => this.send("GET", "passkeys", list(model.key));
  namePasskey = (id: string, name: string) => this.once(`passkeys/${encodeURIComponent(id)}/name`, nothing, { name });

  signInOptions = () => this.post("session/options", model.ceremony);
  signIn = (confirmation: Confirmation) => this.post("session", model.session, confirmation);
  session = () => this.send("GET", "session", model.session);
  signOut = () => this.send("DELETE", "session", nothing);

  confirmation = () => this.post("confirmations", model.ceremony);
  issue = (order: Order, confirmation: Confirmation) => this.once("tokens", model.issued, order, { confirmation });
  tokens = (from: string) => this.page(from, model.liveToken);
  status = (id: string) => this.send("GET", `tokens/${id}`, model.status);
  speak = (id: string, token: string) => this.post(`tokens/${id}/spoken`, record({ spoken: model.spoken }), { token });
  withdrawToken = (id: string) => this.send("DELETE", `tokens/${id}`, nothing);

  lookUp = (reference: string) => this.send("GET", `references/${reference}`, model.lookedUp);

  authorisations = (from: string) => this.page(from, model.authorisation);
  oneAuthorisation = (id: string) => this.send("GET", `authorisations/${id}`, model.authorisation);
  followsWithdrawal = (id: string) => this.send("GET", `authorisations/${id}`, model.followsWithdrawal);
  ask = (wish: Wish) => this.once("authorisations", nothing, wish);
  approve = (id: string) => this.once(`authorisations/${id}/approve`, nothing);
  refuse = (id: string, reason: string) => this.once(`authorisations/${id}/refuse`, nothing, { reason });
  withdraw = (id: string) => this.post(`authorisations/${id}/withdraw`, nothing);
  review = (id: string, review: Review) => this.once(`authorisations/${id}/review`, nothing, review);

  people = (from: string) => this.page(from, model.person);
  onePerson = (callsign: string) => this.send("GET", personPath(callsign), model.followsSuspension);
  enrol = (callsign: string, role: model.Role) => this.once("people", model.newPerson, { callsign, role });
  anotherLink = (callsign: string) => this.once(personPath(callsign) + "/link", model.link);
  suspend = (callsign: string) => this.once(personPath(callsign) + "/suspend", nothing);
  reinstate = (callsign: string, reason: string) => this.once(personPath(callsign) + "/reinstate", nothing, { reason });
  revoke = (key: string) => this.once(`keys/${encodeURIComponent(key)}`, nothing, {}, {}, "DELETE");

  /** Somebody is at the console still. Finds out, too, whether the session is over. */
  async heard(): Promise<void> {
    const answer = await this.session();
    if (!answer.ok && answer.problem.kind === "no-session") this.sessionEnded();
  }

  /** Asks for what is to be done once. Where no answer came, the same again within two minutes has the same key, and so the same answer. */
  private async once<T>(path: string, parse: Parse<T>, wanted: object = {}, proof: object = {}, method: Method = "POST"): Promise<Result<T>> {
    const what = [method, path, JSON.stringify(wanted)].join(" ");
    const key = this.unanswered.keyOf(what);
    const body = method === "POST" ? JSON.stringify({ ...wanted, ...proof }) : undefined;
    const send = (): Promise<Answer | null> => exchange(method, PREFIX + path, body, { "Idempotency-Key": `"${key}"` });
    const answer = (await send()) ?? (await send());
    // who has to sign in first has no answer yet
    if (answer !== null && answer.status < 500 && answer.status !== 401) this.unanswered.answered(what);
    return this.read(answer, method, path, parse);
  }

  private post<T>(path: string, parse: Parse<T>, body: object = {}): Promise<Result<T>> {
    return this.send("POST", path, parse, JSON.stringify(body));
  }

  private async page<T>(from: string, parse: Parse<T>): Promise<Result<Page<T>>> {
    const answer = await exchange("GET", PREFIX + from, undefined, this.isUnattended ? UNATTENDED : {});
    const items = this.read(answer, "GET", from, list(parse));
    return items.ok ? done({ items: items.value, next: nextPage(answer?.link ?? null) }) : items;
  }

  private async send<T>(method: Method, path: string, parse: Parse<T>, body?: string): Promise<Result<T>> {
    return this.read(await exchange(method, PREFIX + path, body, this.isUnattended ? UNATTENDED : {}), method, path, parse);
  }

  private read<T>(answer: Answer | null, method: Method, path: string, parse: Parse<T>): Result<T> {
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

function personPath(callsign: string): string {
  return "people/" + encodeURIComponent(callsign);
}

/** The path of the next page, without what all paths begin with, or null on the last one. */
export function nextPage(link: string | null): string | null {
  const found = /^<\/v1\/([^>]+)>; rel="next"$/.exec(link ?? "");
  return found === null ? null : (found[1] ?? null);
}

/** Sends a request; null when no whole answer came in time. */
async function exchange(method: Method, path: string, body: string | undefined, more: Record<string, string> = {}): Promise<Answer | null> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  const content: RequestInit = body === undefined ? { headers: more } : { body, headers: { "Content-Type": "application/json", ...more } };
  try {
    const response = await fetch(path, { method, credentials: "same-origin", cache: "no-store", signal: abort.signal, ...content });
    return { ok: response.ok, status: response.status, text: await response.text(), link: response.headers.get("Link") };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
