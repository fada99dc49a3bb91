import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import en from "../../web/officer/i18n/en.json" with { type: "json" };
import { RealService } from "../browser/harness.ts";
import type { Window } from "./browsers.ts";
import { keys, type } from "./heard.ts";
import { READY_WITHIN_MS, heard, holds, isFirst, isHeardOnce, nothingTwice, openPage, startsWith } from "./listening.ts";

// The officers' console: one visit of an administrator and one of an officer, each scene where the one before it ended.

const OFFICER = "siskin";
const REFUSED = "Case 4";

export function consoleScenes(window: Window): void {
  describe("the console", () => {
    let service: RealService;
    let asked = "";

    before(async () => {
      service = await RealService.start();
    });
    after(() => service.stop());

    test("an administrator sets up a device and signs in", async () => {
      await setUp(service.enrol("finch", "administrator"));
      await press(en["sign_in.open"]);
      await isFirst(startsWith(en["people.title"]), READY_WITHIN_MS);
    });

    test("before a suspension the question is heard, then what follows, then that it is done", async () => {
      await press(en["people.suspend"], card("kestrel"));
      await isFirst(startsWith(said("people.suspend.title", { callsign: "kestrel" })), READY_WITHIN_MS);
      for (const follows of ["people.suspend.sessions", "people.suspend.codes", "people.suspend.counts"] as const) {
        await heard.until(holds(en[follows].split(/[{.]/)[0] ?? ""), READY_WITHIN_MS);
      }
      await press(said("people.suspend_sure", { callsign: "kestrel" }));
      await isFirst(startsWith("kestrel"), READY_WITHIN_MS);
      await heard.until(holds(said("people.suspended", { role: en["role.officer"], time: "" })), READY_WITHIN_MS);
    });

    test("a reference: what is wrong with it is heard once, then, digit by digit, which one is not known", async () => {
      await press(en["header.references"]);
      await isFirst(startsWith(en["reference.title"]), READY_WITHIN_MS);
      await press(en["reference.send"]);
      await isHeardOnce(en["reference.empty"], READY_WITHIN_MS);
      await type("0000 0001");
      await heard.listen();
      await keys("Return");
      await isFirst(startsWith(said("reference.of", { reference: "" }).trim()), READY_WITHIN_MS);
      await heard.until(/0 0 0 0, 0 0 0 1/, READY_WITHIN_MS);
      await heard.until(holds(en["reference.unknown"]), READY_WITHIN_MS);
    });

    test("an officer signs in on the same device", async () => {
      const link = service.enrol(OFFICER, "officer");
      asked = service.ask(OFFICER, REFUSED);
      await setUp(link);
      await press(en["sign_in.open"]);
      await isFirst(startsWith(en["codes.title"]), READY_WITHIN_MS);
    });

    test("what is wrong with a field is heard once, and of which", async () => {
      await press(en["ask.open"]);
      await isFirst(startsWith(en["ask.title"]), READY_WITHIN_MS);
      await press(en["ask.send"]);
      // Orca says it before the field that has the focus in Firefox, after it in Chromium
      await isHeardOnce(en["ask.no_reference"], READY_WITHIN_MS);
      for (const also of [en["ask.reference"], "invalid entry"]) await heard.until(startsWith(also), READY_WITHIN_MS);
      nothingTwice();
      await press(en["do.back"]);
      await isFirst(startsWith(en["codes.title"]), READY_WITHIN_MS);
    });

    test("a refusal is heard as it arrives, with its reason", async () => {
      heard.begin();
      service.refuse(asked, "Not this week");
      await isFirst(startsWith(REFUSED), READY_WITHIN_MS);
      await heard.until(holds(en["standing.refused"]), READY_WITHIN_MS);
      await heard.until(holds("Not this week"), READY_WITHIN_MS);
    });

    test("a code: how to use it is heard first, then its words, its digits in groups, and when it runs out", async () => {
      heard.begin();
      service.authorise(OFFICER, "Case 5");
      await heard.until(startsWith(en["news.show"]), READY_WITHIN_MS);
      await press(en["news.show"]);
      await heard.silence();
      await press(en["channel.telephone"]);
      await isFirst(startsWith(en["issue.title.telephone"]), READY_WITHIN_MS);
      await press(en["issue.make"]);
      await isFirst(startsWith(said("live.say", { address: service.url.replace("http://", "") })), READY_WITHIN_MS);
      heard.begin();
      await keys("KP_Add");
      await heard.until(startsWith(en["live.runs_out"].split("{")[0] ?? ""), 3 * READY_WITHIN_MS);
      const words = (await window.text(".words")).split("\n").filter((line) => line !== "");
      const digits = (await window.text(".digits .seen")).split(" ").map((group) => group.split("").join(" ")).join(", ");
      for (const each of [...words, digits]) await heard.until(holds(each), READY_WITHIN_MS);
      await heard.listen();
    });

    test("a check is heard as it arrives, and a withdrawal: its heading, then what it means", async () => {
      heard.begin();
      const code = (await window.text(".words")).split("\n").join(" ");
      await check(code);
      await isFirst(startsWith(en["live.checked_now"]), READY_WITHIN_MS);
      heard.begin();
      service.suspend("heron");
      await isFirst(startsWith(en["live.withdrawn.title"]), READY_WITHIN_MS);
      await heard.until(holds(en["live.withdrawn.means"]), READY_WITHIN_MS);
    });

    test("a suspension is heard as it arrives", async () => {
      heard.begin();
      service.suspend(OFFICER);
      await isFirst(startsWith(en["sign_in.title"]), READY_WITHIN_MS);
      await heard.until(holds(en["sign_in.ended"].split(". ")[0] ?? ""), READY_WITHIN_MS);
    });

    /** Opens a one-time link on a device of its own, and makes a passkey with it. */
    async function setUp(link: string): Promise<void> {
      await window.device();
      // a link that differs in its fragment alone would not be loaded
      await window.open("about:blank");
      await openPage(window, link, en["enrol.title"]);
      await press(en["enrol.add"]);
      await isFirst(startsWith(en["enrol.done.title"]), READY_WITHIN_MS);
    }

    /** Goes to a button, and presses it with a key once it was heard; begins to listen at the press. */
    async function press(name: string, within = ""): Promise<void> {
      heard.begin();
      await window.focus(name, within);
      const pattern = startsWith(name + " push button");
      // where Orca was there already, at a click, it says nothing of the focus
      const isHeard = heard.until(pattern, READY_WITHIN_MS / 4).then(() => true, () => false);
      if (!(await isHeard)) {
        await keys("shift+Tab");
        await window.focus(name, within);
        await heard.until(pattern, READY_WITHIN_MS);
      }
      await heard.listen();
      await keys("Return");
    }

    /** Checks a code as the person does who was approached. */
    async function check(code: string): Promise<void> {
      const body = JSON.stringify({ code, attempt: randomBytes(16).toString("base64url") });
      const answer = await fetch(service.url + "/v1/verify", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      assert.match(await answer.text(), /"verdict":"genuine"/);
    }
  });
}

type Key = { [K in keyof typeof en]: (typeof en)[K] extends string ? K : never }[keyof typeof en];

/** A text of the catalogue with its places filled in. */
function said(key: Key, values: Readonly<Record<string, string>>): string {
  return en[key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

/** The XPath of a person's card. */
function card(callsign: string): string {
  return `//li[h3[normalize-space()="${callsign}"]]`;
}
