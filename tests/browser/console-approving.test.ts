import assert from "node:assert/strict";
import { test } from "node:test";
import { approval, card, send, titles, wish } from "./console/requests.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";
import { seconds } from "./service.ts";

// What an approver has before them: what waits, what is in use, and what changes there.

const stage = new ConsoleStage();

/** Requests are told apart by the second in which they were asked. */
async function nextSecond(seat: Seat): Promise<void> {
  const now = seconds();
  await seat.page.waitForFunction((before) => Date.now() >= (before + 1) * 1000, now);
}

test("what begins and runs out while the lists are open says so at its time, where it stands, with or without a network", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const later = { reference: "Later", purpose: "Return a lost bag", channels: ["telephone"], from: seconds() + 120, until: seconds() + 7200, max_tokens: 5 };
  const ids = await send(officer, [wish("Short", 5), wish("Long", 12), ["/v1/authorisations", later], wish("Unanswered", 8)]);
  await send(approver, ids.slice(0, 3).map(approval));
  await approver.press("In use");
  await card(approver, "Short").waitFor();
  await approver.settle();
  await approver.page.clock.install();
  const requests = async (): Promise<void> => {
    await approver.press("Requests");
    await card(approver, "Unanswered").getByRole("button", { name: "Approve" }).waitFor();
    await approver.settle();
  };
  await requests();
  await approver.press("In use");
  await card(approver, "Short").getByText("Live", { exact: true }).waitFor();
  await card(approver, "Later").getByText("Approved for later").waitFor();
  await approver.settle();
  const stand = () => approver.page.locator("li.card").evaluateAll((cards) => cards.map((one) => [one.querySelector("h3")?.textContent, one.getBoundingClientRect().top + window.scrollY]));
  const before = await stand();
  await approver.page.context().setOffline(true);
  await approver.page.clock.fastForward(121_000);
  await card(approver, "Later").getByText("Live", { exact: true }).waitFor();
  assert.equal(await card(approver, "Short").getByText("Live", { exact: true }).count(), 1);
  await approver.page.clock.fastForward(180_000);
  await card(approver, "Short").getByText("Ended", { exact: true }).waitFor();
  assert.equal(await card(approver, "Short").getByRole("button").count(), 0);
  assert.equal(await card(approver, "Long").getByRole("button").count(), 2);
  assert.deepEqual(await stand(), before, "nothing moves");
  // the network is back, and the service has no more of it to say
  await approver.page.context().setOffline(false);
  await approver.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await approver.settle();
  await card(approver, "Short").getByText("Ended", { exact: true }).waitFor();

  await requests();
  await approver.page.clock.fastForward(181_000);
  await card(approver, "Unanswered").getByText("Ended", { exact: true }).waitFor();
  assert.equal(await card(approver, "Unanswered").getByRole("button").count(), 0);

  await approver.press("In use");
  await card(approver, "Long").getByRole("button", { name: "Review" }).click();
  await approver.see("Review Long");
  await approver.read("Live");
  await approver.page.clock.fastForward(241_000);
  await approver.read("Ended");
});

test("a request of somebody who is suspended says so, and cannot be approved; nor are their authorisations live", async () => {
  const officer = await stage.officer();
  await send(officer, [wish("Case 1")]);
  const approver = await stage.person("approver");
  await card(approver, "Case 1").getByRole("button", { name: "Approve" }).waitFor();
  stage.service.suspend(officer.callsign);
  await card(approver, "Case 1").getByText(`Cannot be approved: ${officer.callsign} is suspended`).waitFor();
  assert.equal(await card(approver, "Case 1").getByRole("button", { name: "Approve" }).count(), 0);
  await card(approver, "Case 1").getByRole("button", { name: "Refuse" }).click();
  await approver.page.getByLabel("Reason").fill("Suspended");
  await approver.press("Yes, refuse it");
  await approver.read("You refused Case 1.");
  await approver.press("In use");
  await card(approver, officer.callsign).getByText(`Stopped: ${officer.callsign} is suspended`).waitFor();
});

test("in use is what is in use; what is withdrawn meanwhile says so in its place, and what is over is shown where it is asked for", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const references = Array.from({ length: 21 }, (_, i) => `Op ${i + 10}`);
  const ids = await send(officer, references.map((reference, i) => wish(reference, 600 - i)));
  await send(approver, ids.map(approval));
  const [gone = "", first = ""] = ids;
  await send(officer, [wish("Waits"), [`/v1/authorisations/${gone}/withdraw`, {}]]);
  await approver.press("In use");
  await card(approver, "Op 30").waitFor();
  assert.deepEqual(await titles(approver), references.slice(1), "twenty of them, the last to end first");

  await send(officer, [[`/v1/authorisations/${first}/withdraw`, {}]]);
  await card(approver, "Op 11").getByText(`Withdrawn by ${officer.callsign}`).waitFor();
  assert.equal(await card(approver, "Op 11").getByRole("button").count(), 0);
  assert.deepEqual(await titles(approver), references.slice(1), "nothing moves");
  const all = approver.page.getByLabel("Show all, also what is over");
  await all.check();
  await card(approver, "Op 10").waitFor();
  await approver.page.getByLabel("Search by reference, purpose or callsign").first().fill("waits");
  await card(approver, "Waits").waitFor();
  await card(approver, "Op 10").waitFor({ state: "detached" });
  await all.uncheck();
  await approver.read("No authorisations are in use now.");
});

test("what is reviewed stays true while its form is open, and what was typed stays", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const [id = ""] = await send(officer, [wish("Case 12", 900)]);
  await send(approver, [approval(id)]);
  await approver.press("In use");
  await card(approver, "Case 12").getByRole("button", { name: "Review" }).click();
  await approver.see("Review Case 12");
  await approver.page.getByLabel("Maximum number of codes").fill("7");
  await send(officer, [[`/v1/authorisations/${id}/withdraw`, {}]]);
  await approver.read(`Withdrawn by ${officer.callsign}`);
  assert.equal(await approver.page.getByLabel("Maximum number of codes").inputValue(), "7");
  await approver.press("Save changes");
  await approver.read("Somebody else decided about this already.");
});

test("a code that was withdrawn is not among those in use", async () => {
  const officer = await stage.officer();
  await officer.makeCode("In person");
  const administrator = await stage.person("administrator");
  await administrator.press("In use");
  const row = card(administrator, `${officer.callsign}: In person`);
  await row.waitFor();
  await officer.hold();
  await row.getByText("Withdrawn", { exact: true }).waitFor();
  await administrator.press("People");
  await administrator.press("In use");
  await administrator.see("In use");
  await administrator.settle();
  assert.equal(await row.count(), 0);
});

test("who waited longest stands first, what is new comes last, and more than a page has a search and an order", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  for (const reference of ["Case 2", "Case 3"]) {
    await nextSecond(officer);
    await send(officer, [wish(reference)]);
  }
  await approver.page.reload();
  await card(approver, "Case 3").waitFor();
  const before = await titles(approver);
  assert.deepEqual(before.slice(-2), ["Case 2", "Case 3"]);
  assert.equal(await approver.page.getByLabel("In order of").isVisible(), false);
  await nextSecond(officer);
  await send(officer, [wish("Case 4")]);
  await approver.press("1 more request: show");
  await card(approver, "Case 4").waitFor();
  assert.deepEqual(await titles(approver), [...before, "Case 4"]);

  await nextSecond(officer);
  await send(officer, Array.from({ length: 20 }, (_, i) => wish(`Crowd ${i + 40}`)));
  await approver.page.reload();
  await approver.press("Next page");
  await approver.page.getByRole("button", { name: "Page before" }).waitFor();
  assert.match((await titles(approver)).at(-1) ?? "", /^Crowd/);
  // what somebody else decided is gone, though there is more behind it
  await approver.press("Page before");
  await card(approver, "Case 2").waitFor();
  assert.deepEqual((await titles(approver)).slice(0, before.length + 1), [...before, "Case 4"]);
  const asked = await officer.page.evaluate(async () => (await (await fetch("/v1/authorisations?search=case+2")).json()) as readonly { readonly id: string }[]);
  await send(officer, asked.map(({ id }) => [`/v1/authorisations/${id}/withdraw`, {}] as const));
  await card(approver, "Case 2").getByText("This no longer waits for an answer.").waitFor();

  await approver.page.getByLabel("Search by reference, purpose or callsign").fill("crowd 4");
  await card(approver, "Case 3").waitFor({ state: "detached" });
  await approver.page.getByLabel("In order of").selectOption("Name");
  await approver.page.waitForFunction(() => document.querySelector("li.card h3")?.textContent === "Crowd 40");
  assert.deepEqual(await titles(approver), Array.from({ length: 10 }, (_, i) => `Crowd ${i + 40}`));
});
