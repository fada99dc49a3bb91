import assert from "node:assert/strict";
import { test } from "node:test";
import { approval, card, send, titles, wish } from "./console/requests.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// Who opened something from a list and comes back finds the list as they left it. Who comes by the menu, or is another person, does not.

const stage = new ConsoleStage();
const SEARCH = "Search by reference, purpose or callsign";
const ALL = "Show all, also what is over";

const authorisations = (seat: Seat) => seat.page.locator("section", { hasText: ALL });
const scrolled = (seat: Seat): Promise<number> => seat.page.evaluate(() => Math.round(window.scrollY));

/** What the list of authorisations shows, once both lists are there. */
async function shown(seat: Seat) {
  await seat.see("In use");
  await seat.settle();
  const part = authorisations(seat);
  const [search, sort, isWhole] = [part.getByLabel(SEARCH), part.getByLabel("In order of"), part.getByLabel(ALL)];
  return { search: await search.inputValue(), sort: await sort.inputValue(), isWhole: await isWhole.isChecked(), titles: await part.locator("li.card h3").allInnerTexts() };
}

/** An approver who has the last page of a search before them, in an order of their own; one of its authorisations was withdrawn. */
async function searching(name: string) {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  const ids = await send(officer, Array.from({ length: 23 }, (_, i) => wish(`${name} ${i + 10}`, 600 - i)));
  await send(approver, ids.map(approval));
  await send(officer, [[`/v1/authorisations/${ids[1] ?? ""}/withdraw`, {}]]);
  await approver.press("In use");
  const part = authorisations(approver);
  await part.getByLabel(ALL).check();
  await part.getByLabel("In order of").selectOption("Newest first");
  await part.getByLabel(SEARCH).fill("Nobody");
  await approver.read("No authorisations are in use now.");
  await part.getByLabel(SEARCH).fill(name);
  await part.locator("li.card", { hasText: name }).nth(19).waitFor();
  await part.getByRole("button", { name: "Next page" }).click();
  await part.getByRole("button", { name: "Page before" }).waitFor();
  const before = await shown(approver);
  const { titles: found, ...rest } = before;
  assert.deepEqual([rest, found.length], [{ search: name, sort: "made", isWhole: true }, 3]);
  return { officer, approver, before, part };
}

test("back from a review, each way: the page, the search, the order, the box and the place are as they were", async () => {
  const { approver, before, part } = await searching("Heron");
  const one = part.locator("li.card", { has: approver.page.getByRole("button", { name: "Review" }) }).last();
  const reference = await one.locator("h3").innerText();
  const ways = [
    () => approver.press("Back"),
    () => approver.page.goBack(),
    () => approver.page.evaluate(() => history.back()),
  ];
  for (const back of ways) {
    await one.evaluate((card) => card.scrollIntoView({ block: "center" }));
    const place = await scrolled(approver);
    assert.ok(place > 0);
    await one.getByRole("button", { name: "Review" }).click();
    await approver.see(`Review ${reference}`);
    assert.equal(await scrolled(approver), 0);
    await back();
    assert.deepEqual(await shown(approver), before);
    await approver.page.waitForFunction((wanted) => Math.abs(window.scrollY - wanted) <= 1, place);
  }
  // it goes on from there
  await part.getByRole("button", { name: "Page before" }).click();
  await part.getByText("Heron 32").waitFor();
  assert.equal((await shown(approver)).titles.length, 20);

  await part.getByRole("button", { name: "Review" }).last().click();
  await approver.read(/^Review Heron/);
  await approver.page.getByLabel("Maximum number of codes").fill("7");
  await approver.press("Save changes");
  await approver.read(/^Heron \d+ is changed\.$/);
  const { titles: after, ...rest } = await shown(approver);
  assert.deepEqual(rest, { search: "Heron", sort: "made", isWhole: true });
  assert.equal(after.length, 20);
  assert.equal(await scrolled(approver), 0, "what was done is read first");
});

test("by the menu a list starts afresh, and so it does after a sign-out; it is in no storage", async () => {
  const { officer, approver, part } = await searching("Stork");
  const fresh = async (): Promise<void> => {
    await approver.see("In use");
    await approver.settle();
    assert.deepEqual([await part.getByLabel(SEARCH).inputValue(), await part.getByLabel(ALL).isChecked()], ["", false]);
    assert.equal(await part.getByRole("button", { name: "Page before" }).count(), 0);
    assert.equal(await scrolled(approver), 0);
  };
  await approver.press("References");
  await approver.page.goBack();
  assert.equal((await shown(approver)).search, "Stork", "not by the menu");
  await approver.press("References");
  await approver.press("In use");
  await fresh();

  await approver.press("Requests");
  await send(officer, Array.from({ length: 21 }, (_, i) => wish(`Crane ${i + 10}`)));
  await approver.page.getByRole("button", { name: "20 more requests: show" }).click();
  await approver.page.getByLabel(SEARCH).fill("crane 23");
  await approver.page.locator("li.card").nth(1).waitFor({ state: "detached" });
  assert.deepEqual(await titles(approver), ["Crane 23"]);
  await approver.press("Codes");
  await approver.page.goBack();
  await approver.see("Requests");
  await card(approver, "Crane 23").waitFor();
  assert.deepEqual(await titles(approver), ["Crane 23"]);
  assert.equal(await approver.page.getByLabel(SEARCH).inputValue(), "crane 23");
  const kept = await approver.kept();
  assert.ok(!kept.includes("crane 23") && !(await approver.page.evaluate(() => JSON.stringify(history.state))).includes("crane"), "in no storage");

  await approver.press("Sign out");
  await approver.press("Sign in");
  await approver.see("Requests");
  await approver.settle();
  assert.equal(await approver.page.getByLabel(SEARCH).inputValue(), "");
});

test("somebody else who signs in over it finds nothing of it", async () => {
  const [officer, approver] = [await stage.person("officer"), await stage.person("approver")];
  await send(officer, Array.from({ length: 21 }, (_, i) => wish(`Teal ${i + 10}`)));
  await approver.endsIn(599);
  await approver.page.getByRole("button", { name: "Next page" }).waitFor();
  await approver.page.getByLabel(SEARCH).fill("teal 23");
  await approver.page.locator("li.card").nth(1).waitFor({ state: "detached" });
  await approver.press("Codes");
  await approver.see("Make a code");
  await approver.page.route("**/v1/session", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...((await response.json()) as object), callsign: "somebody-else" } });
  });
  await approver.press("Sign in again");
  await approver.read("somebody-else");
  await approver.see("Requests");
  await approver.settle();
  assert.equal(await approver.page.getByLabel(SEARCH).inputValue(), "");
  assert.equal(await approver.page.locator("li.card").count(), 20);
});

test("what is typed and not yet searched for is there again", async () => {
  const { approver, part } = await searching("Egret");
  await approver.page.clock.install();
  await part.getByLabel(SEARCH).fill("Egret 31");
  await part.getByRole("button", { name: "Review" }).first().click();
  await approver.read(/^Review Egret/);
  await approver.page.clock.fastForward(1000);
  await approver.press("Back");
  const { search, titles: found } = await shown(approver);
  assert.deepEqual([search, found], ["Egret 31", ["Egret 31"]]);
});

test("a person’s link that was opened from a search leads back to it", async () => {
  for (let i = 0; i < 21; i++) stage.service.enrol(`siskin-${i}`, "overseer");
  const administrator = await stage.person("administrator");
  await administrator.page.getByLabel("Search by callsign").fill("siskin-1");
  await administrator.page.locator("li.card").nth(11).waitFor({ state: "detached" });
  const before = await titles(administrator);
  assert.equal(before.length, 11);
  const last = administrator.page.locator("li.card").last();
  await last.scrollIntoViewIfNeeded();
  const place = await scrolled(administrator);
  for (const back of [() => administrator.press("Done"), () => administrator.page.goBack()]) {
    await last.getByRole("button", { name: "New set-up link" }).click();
    await administrator.read(/^Set-up link for siskin/);
    await back();
    await administrator.see("People");
    await administrator.settle();
    assert.deepEqual(await titles(administrator), before);
    assert.equal(await administrator.page.getByLabel("Search by callsign").inputValue(), "siskin-1");
    await administrator.page.waitForFunction((wanted) => Math.abs(window.scrollY - wanted) <= 1, place);
  }
});

test("a code that was opened from a later page of one’s codes, and Done", async () => {
  const officer = await stage.officer();
  await officer.makeCode("In person");
  await officer.press("Done");
  await officer.page.getByRole("button", { name: "Show code" }).waitFor();
  // the service gives each page one code
  await officer.page.route("**/v1/tokens?*", (route) => route.continue({ url: route.request().url().replace(/limit=\d+/, "limit=1") }));
  await officer.makeCode("By telephone");
  await officer.press("Done");
  await officer.press("Next page");
  await officer.page.getByRole("button", { name: "Page before" }).waitFor();
  const [second] = await titles(officer);
  await officer.press("Show code");
  await officer.read("Not checked yet");
  await officer.press("Done");
  await officer.see("Make a code");
  await officer.page.getByRole("button", { name: "Page before" }).waitFor();
  assert.equal((await titles(officer))[0], second);
});
