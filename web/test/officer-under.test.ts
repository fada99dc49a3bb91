import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authorisation } from "../officer/model.ts";
import { whyNot } from "../officer/screens/under.ts";

const live: Authorisation = {
  id: "a", reference: "OP-7", purpose: null, channels: ["in-person", "online"], from: 100, until: 200, max_tokens: 3, tokens_issued: 1, asked_by: "kestrel",
  asked_at: 1, state: "approved", decided_by: "heron", decided_at: 2, reason: null, approver_suspended: false, asker_suspended: false, withdrawn_by: null,
};

test("why no code can be made under an authorisation is said in its words, the gravest first", () => {
  const cases: readonly (readonly [Partial<Authorisation>, now: number, why: string | null])[] = [
    [{}, 150, null],
    [{}, 99, null],
    [{}, 200, "OP-7 has run out."],
    [{ state: "withdrawn" }, 300, "OP-7 was withdrawn."],
    [{ state: "withdrawn", withdrawn_by: "stint" }, 150, "OP-7 was withdrawn by stint."],
    [{ approver_suspended: true, channels: [] }, 150, "OP-7 is stopped: its approver was suspended."],
    [{ tokens_issued: 3 }, 150, "All codes of OP-7 are used."],
    [{ tokens_issued: 3 }, 50, "All codes of OP-7 are used."],
    [{ channels: ["online"] }, 150, "OP-7 does not allow this way to reach people."],
    [{ channels: ["online"] }, 50, "OP-7 does not allow this way to reach people."],
  ];
  for (const [changed, now, why] of cases) assert.equal(whyNot(now, { ...live, ...changed }, "in-person"), why, `${JSON.stringify(changed)} at ${now}`);
});
