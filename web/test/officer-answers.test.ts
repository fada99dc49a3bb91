import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswer } from "../officer/api.ts";
import * as model from "../officer/model.ts";
import { list, nothing, readJson } from "../officer/parse.ts";

const session = { callsign: "kestrel", role: "officer", organisation: "Riverside Council", address: "verify.example.org", server_time: 1795000000, session_ends_at: 43200 };
const authorisation = {
  id: "00ff00ff00ff00ff", reference: "R-1", channels: ["in-person", "telephone"], from: 1, until: 2, max_tokens: 3, tokens_issued: 0,
  asked_by: "kestrel", asked_at: 1, state: "asked", decided_by: null, decided_at: null, purpose: "Return a lost bag", reason: null, approver_suspended: false, asker_suspended: false, withdrawn_by: null,
};

test("an answer gives what its parser reads, and nothing else that came along", () => {
  assert.deepEqual(readAnswer(true, JSON.stringify({ ...session, secret: "x" }), model.session), { ok: true, value: session });
  assert.deepEqual(readAnswer(true, JSON.stringify([authorisation]), list(model.authorisation)), { ok: true, value: [authorisation] });
  assert.deepEqual(readAnswer(true, "", nothing), { ok: true, value: null });
});

test("a member that may be absent is null", () => {
  const issued = { id: "a", token: "0g", qr_svg: "<svg/>", issued_at: 1, expires_at: 2 };
  assert.deepEqual(readJson(JSON.stringify(issued), model.issued), { ...issued, spoken: null, not_before: null });
  const status = { state: "live", first_checked_at: null };
  assert.deepEqual(readJson(JSON.stringify(status), model.status), { ...status, spoken_words: null, wrong_numbers: null });
  const more = { ...status, spoken_words: 6, wrong_numbers: 5 };
  assert.deepEqual(readJson(JSON.stringify({ ...more, further: 1 }), model.status), more);
  // as devices kept it before there were two lengths
  const spoken = { words: "abacus", digits: "1" };
  assert.deepEqual(readJson(JSON.stringify(spoken), model.spoken), { ...spoken, six_words: null, six_digits: null });
});

test("an answer that is not as agreed is not taken", () => {
  const wrong = [
    "", "null", "[]", "{", JSON.stringify({ ...session, role: "king" }), JSON.stringify({ ...session, server_time: 1.5 }),
    JSON.stringify({ ...session, server_time: -1 }), JSON.stringify({ ...session, callsign: 7 }), JSON.stringify([session]),
  ];
  for (const body of wrong) {
    assert.deepEqual(readAnswer(true, body, model.session), { ok: false, problem: { kind: "unreadable", detail: "" } }, body);
  }
  const channels = JSON.stringify([{ ...authorisation, channels: ["in-person", "pigeon"] }]);
  assert.equal(readAnswer(true, channels, list(model.authorisation)).ok, false);
});

test("a refusal gives its kind and its sentence", () => {
  const body = JSON.stringify({ type: "urn:countersign:problem:not-authorised", title: "Forbidden", status: 403, detail: "all used up" });
  assert.deepEqual(readAnswer(false, body, nothing), { ok: false, problem: { kind: "not-authorised", detail: "all used up" } });
});

test("a refusal that is none of the service's own has no sentence for people", () => {
  for (const body of ["<h1>Bad gateway</h1>", "{}", JSON.stringify({ type: "about:blank", detail: "stack trace" })]) {
    assert.deepEqual(readAnswer(false, body, nothing), { ok: false, problem: { kind: "unreadable", detail: "" } });
  }
});

test("an authorisation is live inside its time while codes are left", () => {
  const read = readJson(JSON.stringify({ ...authorisation, from: 10, until: 20, state: "approved" }), model.authorisation);
  assert.ok(read);
  assert.deepEqual([9, 10, 19, 20].map((now) => model.isLive(read, now)), [false, true, true, false]);
  assert.equal(model.isLive({ ...read, tokens_issued: 3 }, 15), false);
  assert.equal(model.isLive({ ...read, state: "withdrawn" }, 15), false);
  assert.equal(model.isLive({ ...read, approver_suspended: true }, 15), false);
  assert.deepEqual([9, 10, 19, 20].map((now) => model.isAhead(read, now)), [true, true, true, false], "until it ends a code may be prepared");
  for (const over of [{ tokens_issued: 3 }, { approver_suspended: true }, { asker_suspended: true }]) assert.equal(model.isAhead({ ...read, ...over }, 5), false);
});
