import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Api, nextPage } from "../officer/api.ts";
import { Unanswered } from "../officer/unanswered.ts";

interface Asked {
  readonly path: string;
  readonly init: RequestInit;
}

type Answers = (asked: Asked) => Response | null;

const { fetch } = globalThis;
let asked: Asked[] = [];

/** The service, as far as one test needs it; null is no answer at all. */
function answering(answer: Answers): Api {
  asked = [];
  globalThis.fetch = (path, init = {}) => {
    const request = { path: String(path), init };
    asked.push(request);
    const response = answer(request);
    return response === null ? Promise.reject(new TypeError("no network")) : Promise.resolve(response);
  };
  return new Api(() => undefined);
}

afterEach(() => {
  globalThis.fetch = fetch;
});

function authorisation(id: number, state: string, until = 100) {
  return {
    id: String(id), reference: "R", channels: ["in-person"], from: 1, until, max_tokens: 3, tokens_issued: 0, asked_by: "kestrel",
    asked_at: 1, state, decided_by: null, decided_at: null, purpose: null, reason: null, approver_suspended: false, asker_suspended: false, withdrawn_by: null,
  };
}

/** A list of which each page holds so many. */
function inPages(all: readonly object[], most: number): Answers {
  return ({ path }) => {
    const from = Number(new URL(path, "https://console.example.org").searchParams.get("after") ?? 0);
    const rest = from + most < all.length ? { Link: `</v1/authorisations?after=${from + most}&limit=${most}>; rel="next"` } : undefined;
    return new Response(JSON.stringify(all.slice(from, from + most)), rest === undefined ? {} : { headers: rest });
  };
}

test("a list is read page by page, and no further than is asked", async () => {
  const all = [1, 2, 3, 4, 5].map((id) => authorisation(id, "approved"));
  const api = answering(inPages(all, 2));
  const first = await api.authorisations("authorisations?limit=2");
  assert.deepEqual(first, { ok: true, value: { items: all.slice(0, 2), next: "authorisations?after=2&limit=2" } });
  assert.equal(asked.length, 1);
  assert.deepEqual(await api.authorisations("authorisations?after=4&limit=2"), { ok: true, value: { items: all.slice(4), next: null } });
});

test("a list that does not come is no list", async () => {
  assert.deepEqual(await answering(() => null).people("people"), { ok: false, problem: { kind: "offline", detail: "" } });
});

test("what is asked of its own accord says so, and nothing else does", async () => {
  const answer: Answers = () => new Response("[]");
  answering(answer);
  const quiet = new Api(() => undefined, true);
  await quiet.people("people");
  await answering(answer).people("people");
  await quiet.people("people");
  assert.deepEqual(asked.map(({ init }) => new Headers(init.headers).get("Countersign-Unattended")), [null, "1"]);
});

test("only a next page of this service is followed", () => {
  assert.equal(nextPage('</v1/people?after=kite&limit=100>; rel="next"'), "people?after=kite&limit=100");
  for (const other of [null, "", '<https://example.net/v1/people>; rel="next"', '</v1/people>; rel="prev"', '<//example.net/v1/people>; rel="next"']) {
    assert.equal(nextPage(other), null, String(other));
  }
});

const order = { authorisation: "a", channel: "in-person" as const };
const confirmation = { ceremony: "c", credential: {} };
const made = { id: "a", token: "0g", qr_svg: "<svg/>", spoken: null, issued_at: 1, not_before: null, expires_at: 2 };
const created = (): Response => new Response(JSON.stringify(made), { status: 201 });

function keys(): readonly (string | null)[] {
  return asked.map(({ init }) => new Headers(init.headers).get("Idempotency-Key"));
}

test("what is not answered is asked once more with its key", async () => {
  const api = answering(() => (asked.length < 2 ? null : created()));
  assert.deepEqual(await api.issue(order, confirmation), { ok: true, value: made });
  const [first, second] = keys();
  assert.match(first ?? "", /^"[\w-]{22}"$/);
  assert.equal(second, first);
  assert.equal(asked[0]?.init.body, asked[1]?.init.body);
});

test("a press later is a retry until there is an answer", async () => {
  let answer: Response | null = null;
  const api = answering(() => answer);
  assert.equal((await api.issue(order, confirmation)).ok, false);
  answer = new Response("{}", { status: 503 });
  assert.equal((await api.issue(order, { ...confirmation, ceremony: "d" })).ok, false, "nobody knows what became of it");
  answer = created();
  assert.equal((await api.issue(order, { ...confirmation, ceremony: "e" })).ok, true);
  answer = created();
  assert.equal((await api.issue(order, confirmation)).ok, true);
  const [first, ...rest] = keys();
  assert.deepEqual(rest.slice(0, 3), [first, first, first]);
  assert.notEqual(rest[3], first, "the next one is another code");
});

test("another wish has another key, and so has one that comes much later", () => {
  let now = 0;
  const unanswered = new Unanswered(() => now);
  const first = unanswered.keyOf("a");
  assert.equal(unanswered.keyOf("a"), first);
  now = 120000;
  assert.equal(unanswered.keyOf("a"), first);
  now += 1;
  const later = unanswered.keyOf("a");
  assert.notEqual(later, first);
  unanswered.answered("b");
  assert.equal(unanswered.keyOf("a"), later);
  assert.notEqual(unanswered.keyOf("b"), later);
});
