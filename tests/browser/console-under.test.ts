import assert from "node:assert/strict";
import { test } from "node:test";
import { approval, send, wish } from "./console/requests.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";
import { seconds } from "./service.ts";

// What an officer hears, in an open form, of the authorisation that a code is made under.

const stage = new ConsoleStage();

/** Counts from now on how many codes are asked of the service. */
function countMade(seat: Seat): () => number {
  let made = 0;
  seat.page.on("request", (request) => (made += request.method() === "POST" && request.url().endsWith("/v1/tokens") ? 1 : 0));
  return () => made;
}

test("what becomes of an authorisation is said in the open form, no code is asked for under it, and what was typed stays", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const [first = "", second = ""] = await send(officer, [wish("Case 5", 120), wish("Case 6", 90)]);
  await send(approver, [first, second].map(approval));
  const made = countMade(officer);
  await officer.press("There is something new: show");
  await officer.press("By telephone");
  const under = officer.page.getByLabel("Authorisation");
  await under.selectOption("Case 5");
  await officer.page.getByLabel("Your name, as you will give it").fill("Anna");
  await officer.page.getByRole("button", { name: "4", exact: true }).click();
  const typed = async () => [await officer.page.getByLabel("Your name, as you will give it").inputValue(), await officer.page.getByLabel("Their number").inputValue()];
  const before = await typed();

  await send(approver, [[`/v1/authorisations/${first}/withdraw`, {}]]);
  await officer.read(`Case 5 was withdrawn by ${approver.callsign}. Please choose another.`);
  await officer.press("Make code");
  assert.equal(await under.evaluate((field) => field === document.activeElement), true, "the wrong field is shown");
  assert.equal(await under.getAttribute("aria-invalid"), "true");
  await under.selectOption("Case 6");
  await officer.page.getByText("Case 5 was withdrawn").waitFor({ state: "detached" });
  await send(approver, [[`/v1/authorisations/${second}/review`, { channels: ["in-person"], until: seconds() + 600, max_tokens: 5 }]]);
  await officer.read("Case 6 does not allow this way to reach people. You have no other. Ask for one first.");
  await officer.press("Make code");
  assert.equal(made(), 0);
  assert.deepEqual(await typed(), before);

  await send(approver, (await send(officer, [wish("Case 7")])).map(approval));
  await officer.read("Case 6 does not allow this way to reach people. Please choose another.");
  await under.selectOption("Case 7");
  await officer.press("Clear");
  await officer.press("Make code");
  await officer.read("Not checked yet");
  assert.equal(made(), 1);
});

test("an authorisation that runs out while a form is open says so; and so does one whose approver is suspended, where a code is prepared", async () => {
  const [officer, approver, other] = [await stage.person("officer"), await stage.person("approver"), await stage.person("approver")];
  const [short = "", long = ""] = await send(officer, [wish("Case 8", 10), wish("Case 9", 600)]);
  await send(approver, [approval(short)]);
  await officer.press("There is something new: show");
  await officer.page.getByRole("button", { name: "In person" }).waitFor();
  await officer.page.clock.install();
  const made = countMade(officer);
  await officer.press("In person");
  await officer.page.getByLabel("Place").fill("Old Mill");
  await officer.read("Authorisation: Case 8");
  await officer.page.clock.fastForward(601_000);
  await officer.read("Case 8 has run out. You have no other. Ask for one first.");
  await officer.press("Make code");
  assert.equal(await officer.page.getByLabel("Place").inputValue(), "Old Mill");

  await send(other, [approval(long)]);
  await officer.read("Case 8 has run out. Please choose another.");
  await officer.press("Back");
  await officer.press("Prepare one for later");
  await officer.page.getByLabel("Place").fill("New Mill");
  stage.service.suspend(other.callsign);
  await officer.read("Case 9 is stopped: its approver was suspended. You have no other. Ask for one first.");
  await officer.press("Make code");
  assert.equal(made(), 0);
  assert.equal(await officer.page.getByLabel("Place").inputValue(), "New Mill");
});

test("an authorisation that a review made shorter runs out in the open form, also without a network", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const [id = ""] = await send(officer, [wish("Case 21", 300)]);
  await send(approver, [approval(id)]);
  await officer.press("There is something new: show");
  await officer.page.getByRole("button", { name: "In person" }).waitFor();
  await officer.page.clock.install();
  await officer.press("In person");
  await officer.read("Authorisation: Case 21");
  await send(approver, [[`/v1/authorisations/${id}/review`, { channels: ["telephone"], until: seconds() + 600, max_tokens: 5 }]]);
  await officer.read("Case 21 does not allow this way to reach people. You have no other. Ask for one first.");
  await officer.page.context().setOffline(true);
  await officer.page.clock.fastForward(601_000);
  await officer.read("Case 21 has run out. You have no other. Ask for one first.");
});

test("a form that comes back after a sign-in says what became of its authorisation meanwhile, and from then on", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const [first = "", second = ""] = await send(officer, [wish("Case 22", 120), wish("Case 23", 90)]);
  await send(approver, [first, second].map(approval));
  await officer.press("There is something new: show");
  await officer.press("In person");
  await officer.page.getByLabel("Place").fill("Old Mill");
  await officer.page.context().clearCookies();
  await officer.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await officer.read("What you typed is still here. Sign in to send it.");
  await send(approver, [[`/v1/authorisations/${first}/withdraw`, {}]]);
  await officer.press("Sign in");
  await officer.read(`Case 22 was withdrawn by ${approver.callsign}. Please choose another.`);
  await officer.page.getByLabel("Authorisation").selectOption("Case 23");
  await send(approver, [[`/v1/authorisations/${second}/withdraw`, {}]]);
  await officer.read(`Case 23 was withdrawn by ${approver.callsign}. You have no other. Ask for one first.`);
  assert.equal(await officer.page.getByLabel("Place").inputValue(), "Old Mill");
});

test("what is approved for later can be prepared for as soon as it is, and what has no code left cannot", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const prepare = officer.page.getByRole("button", { name: "Prepare one for later" });
  const [one = ""] = await send(officer, [wish("Case 24", 120, { max_tokens: 1 })]);
  await send(approver, [approval(one)]);
  await officer.press("There is something new: show");
  await officer.makeCode("In person");
  await officer.press("Done");
  await officer.read("All codes used");
  assert.equal(await prepare.count(), 0);

  const [later = ""] = await send(officer, [wish("Case 25", 120, { from: seconds() + 3600 })]);
  await officer.press("There is something new: show");
  await send(approver, [approval(later)]);
  await officer.read("Approved for later");
  await officer.press("There is something new: show");
  await prepare.click();
  await officer.read("Authorisation: Case 25");
  await send(approver, [[`/v1/authorisations/${later}/withdraw`, {}]]);
  await officer.read(`Case 25 was withdrawn by ${approver.callsign}. You have no other. Ask for one first.`);
});
