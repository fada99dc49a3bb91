import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceOf } from "../../web/shared/reference.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";
import { findProblemsOfLooks } from "./problems.ts";

// Every rule of axe-core on every screen of the console, in every look, narrow and wide.

const stage = new ConsoleStage();

type Screen = readonly [name: string, reach: () => Promise<Seat>];

const from = (who: () => Promise<Seat>) => (name: string, go: (seat: Seat) => Promise<unknown> = async () => null): Screen => [
  name,
  async () => {
    const seat = await who();
    await seat.page.getByText("One moment.").waitFor({ state: "detached" });
    await go(seat);
    return seat;
  },
];
const out = from(() => stage.browse());
const enrolling = from(() => stage.browse(stage.service.enrol(`guest-${Math.random().toString(36).slice(2)}`, "officer")));
const officer = from(() => stage.officer());
const approver = from(async () => {
  const asking = await stage.person("officer");
  await asking.press("Ask for an authorisation");
  await asking.page.getByLabel("Reference").fill("W".repeat(64));
  await asking.page.getByLabel("What it is for").fill("Return a lost bag");
  await asking.press("Send request");
  await asking.read("Your request is sent.");
  return stage.person("approver");
});
const administrator = from(() => stage.person("administrator"));
const overseer = from(() => stage.person("overseer"));

const longest = async (seat: Seat): Promise<void> => {
  await seat.page.getByLabel("Your name, as you will give it").fill("W".repeat(24));
  await seat.page.getByLabel("Place").fill("W".repeat(32));
};
const prepare = async (seat: Seat): Promise<void> => {
  await seat.press("Prepare one for later");
  await longest(seat);
  await seat.press("Make code");
  await seat.read(/is kept on this device/);
};
const first = (seat: Seat, name: string) => seat.page.getByRole("button", { name, exact: true }).first().click();

const screens: readonly Screen[] = [
  out("sign in", (seat) => seat.see("Sign in")),
  out("sign in, with a problem", (seat) => seat.press("Sign in")),
  out("not connected", async (seat) => {
    await seat.page.route("**/v1/session", (route) => route.abort());
    await seat.page.reload();
    await seat.see("Not connected");
  }),
  enrolling("set up this device"),
  enrolling("this device is ready", (seat) => seat.press("Make a passkey")),
  enrolling("this link no longer works", async (seat) => {
    await seat.page.evaluate(() => (location.hash = "enrol_none"));
    await seat.press("Make a passkey");
    await seat.see("This link no longer works");
  }),
  officer("make a code"),
  officer("make a code, with prepared and live ones and earlier authorisations", async (seat) => {
    await prepare(seat);
    await seat.makeCode("In person");
    await seat.press("Done");
    await seat.press("Withdraw");
  }),
  officer("code in person", (seat) => seat.press("In person")),
  officer("code by telephone, with a problem", async (seat) => {
    await seat.press("By telephone");
    await longest(seat);
    await seat.press("1");
    await seat.press("Make code");
  }),
  officer("prepare a code", (seat) => seat.press("Prepare one for later")),
  officer("ask for an authorisation", async (seat) => {
    await seat.press("Ask for an authorisation");
    await seat.press("Send request");
  }),
  officer("a code to scan", (seat) => seat.makeCode("In person", () => longest(seat))),
  officer("a code to scan, with words, one spelt", async (seat) => {
    await seat.makeCode("In person");
    await seat.press("Show words");
    await seat.page.locator(".word").first().click();
  }),
  officer("a code to read out", (seat) => seat.makeCode("By telephone")),
  officer("a code that was checked", async (seat) => {
    await seat.makeCode("In person");
    const person = await stage.visit(await seat.scan());
    await person.press("Check this code");
    await seat.read("Checked just now");
  }),
  officer("connection lost, and withdrawal pressed once", async (seat) => {
    await seat.makeCode("In person");
    await seat.page.context().setOffline(true);
    await seat.read("Connection lost. Ask what their screen says.");
    await seat.page.locator(".button-hold").click();
  }),
  officer("hidden", async (seat) => {
    await seat.makeCode("In person");
    await seat.press("Hide");
  }),
  officer("withdrawn", async (seat) => {
    await seat.makeCode("In person");
    await seat.hold();
    await seat.see("This code is withdrawn");
  }),
  officer("make a code, without a network, with codes in use", async (seat) => {
    await seat.makeCode("In person", () => longest(seat));
    await seat.page.context().setOffline(true);
    await seat.press("Done");
    await seat.read("Your codes in use");
  }),
  officer("not connected, with prepared codes and codes in use", async (seat) => {
    await prepare(seat);
    await seat.makeCode("In person", () => longest(seat));
    await seat.press("Done");
    await seat.untilKept();
    await seat.page.context().setOffline(true);
    await seat.page.reload();
    await seat.read("Your codes in use");
  }),
  officer("a prepared code, shown without a network", async (seat) => {
    await prepare(seat);
    await seat.untilKept();
    await seat.page.context().setOffline(true);
    await seat.page.reload();
    await seat.press("Show code");
  }),
  approver("requests, one about to be refused, without a reason", async (seat) => {
    await first(seat, "Refuse");
    await seat.press("Yes, refuse it");
    await seat.read("Please write a sentence.");
  }),
  approver("in use, one about to be withdrawn", async (seat) => {
    await first(seat, "Approve");
    await seat.press("In use");
    await first(seat, "Withdraw");
  }),
  approver("review", async (seat) => {
    await first(seat, "Approve");
    await seat.press("In use");
    await first(seat, "Review");
  }),
  administrator("people, a page of many, with a search and news, one about to be suspended", async (seat) => {
    for (let i = 0; i < 15; i++) stage.service.enrol(`crowd-${i}`, "officer");
    await seat.press("There is something new: show");
    await seat.page.getByLabel("Search by callsign").waitFor();
    await first(seat, "Suspend");
    await seat.read(/^Sessions that end/);
    stage.service.enrol("aardvark", "officer");
    await seat.read("There is something new: show");
  }),
  administrator("enrol a person, with a problem", async (seat) => {
    await seat.press("Enrol a person");
    await seat.press("Enrol");
  }),
  administrator("a reference that was looked up, about to be withdrawn", async (seat) => {
    const { token } = stage.service.issue("--channel", "online");
    await seat.press("References");
    await seat.page.getByLabel("Their eight digits").fill((await referenceOf(Uint8Array.from(Buffer.from(token, "base64url")))) ?? "");
    await seat.press("Look up");
    await seat.press("Withdraw");
  }),
  approver("look up a reference, with a problem", async (seat) => {
    await seat.press("References");
    await seat.press("Look up");
  }),
  officer("your passkeys", async (seat) => {
    await seat.page.getByRole("button", { name: /Your passkeys$/ }).click();
    await seat.read(/^Added/);
  }),
  officer("name of a passkey, with a problem, shortly before the end of the session", async (seat) => {
    await seat.endsIn(599);
    await seat.page.getByRole("button", { name: /Your passkeys$/ }).click();
    await seat.press("Give it a name");
    await seat.press("Save name");
    await seat.read(/^You will be signed out at/);
  }),
  administrator("a link", (seat) => first(seat, "New set-up link")),
  overseer("the ledger"),
];

for (const [name, reach] of screens) {
  test(`no accessibility problem: ${name}`, async () => {
    const seat = await reach();
    // at its end nothing lies half under the foot, which the rules would take for a small target
    const toEnd = () => seat.page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    assert.deepEqual(await findProblemsOfLooks(seat.page.mainFrame(), toEnd), []);
  });
}
