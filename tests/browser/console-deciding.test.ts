import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceOf } from "../../web/shared/reference.ts";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// Those who decide: approvers about authorisations, administrators about people.

const stage = new ConsoleStage();

async function ask(seat: Seat, reference: string): Promise<void> {
  await seat.press("Ask for an authorisation");
  await seat.page.getByLabel("Reference").fill(reference);
  await seat.page.getByLabel("What it is for").fill("Return a lost bag");
  await seat.press("Send request");
  await seat.read("Your request is sent.");
}

const card = (seat: Seat, text: string) => seat.page.locator(".card", { hasText: text });

test("nobody is offered their own request", async () => {
  const approver = await stage.person("approver");
  await approver.press("Codes");
  await ask(approver, "Own case");
  await approver.press("Requests");
  await approver.see("Requests");
  await approver.page.getByText("One moment.").waitFor({ state: "detached" });
  assert.equal(await card(approver, "Own case").count(), 0);
  const other = await stage.person("approver");
  await other.mean(card(other, "Own case").getByRole("button", { name: "Approve" }));
  await other.read("You approved Own case.");
  await approver.press("Codes");
  await approver.makeCode("In person");
});

test("refused: the officer sees it among the earlier ones, with the reason; and one whose approver was suspended says so", async () => {
  const officer = await stage.person("officer");
  await ask(officer, "Case 7");
  const approver = await stage.person("approver");
  await card(approver, "Case 7").getByText("Return a lost bag").waitFor();
  const height = async () => Math.round((await card(approver, "Case 7").boundingBox())?.height ?? 0);
  const before = await height();
  await card(approver, "Case 7").getByRole("button", { name: "Refuse" }).click();
  await approver.press("Yes, refuse it");
  await approver.read("Please write a sentence.");
  await approver.page.getByLabel("Reason").fill("Nid yr wythnos hon, لطفاً");
  const asking = await height();
  await approver.press("Yes, refuse it");
  await approver.read("You refused Case 7.");
  assert.equal(await height(), asking, "nothing moves under a finger");
  await approver.page.evaluate(() => window.dispatchEvent(new Event("scroll")));
  assert.ok((await height()) < (before + asking) / 2, "what the question took is given back");
  await officer.page.reload();
  await officer.page.getByText("Earlier ones").click();
  await officer.read("Refused");
  await officer.read("Reason: Nid yr wythnos hon, لطفاً");

  await approver.page.reload();
  await approver.read("No requests are waiting.");
  await ask(officer, "ملف ٧");
  await approver.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await approver.page.getByRole("button", { name: "1 more request: show" }).waitFor();
  assert.equal(await approver.page.getByText("No requests are waiting.").isVisible(), false);
  await approver.press("1 more request: show");
  await approver.mean(card(approver, "ملف ٧").getByRole("button", { name: "Approve" }));
  await approver.read("You approved ملف ٧.");
  await officer.page.reload();
  await officer.page.getByRole("button", { name: "In person" }).waitFor();
  stage.service.suspend(approver.callsign);
  await officer.page.reload();
  await officer.read("Stopped: its approver was suspended");
  await officer.read("You have no current authorisation. Ask for one first.");
});

test("two decide at once: the second reads of it, without blame", async () => {
  const officer = await stage.person("officer");
  await ask(officer, "Case 8");
  const [first, second] = [await stage.person("approver"), await stage.person("approver")];
  for (const approver of [first, second]) await card(approver, "Case 8").waitFor();
  await card(second, "Case 8").getByRole("button", { name: "Refuse" }).click();
  await second.page.getByLabel("Reason").fill("No");
  await first.mean(card(first, "Case 8").getByRole("button", { name: "Approve" }));
  await first.read("You approved Case 8.");
  await second.press("Yes, refuse it");
  await second.read("Somebody else decided about this already.");
});

test("a double tap decides nothing but what was read, and what is new moves nothing", async () => {
  const officer = await stage.officer();
  await ask(officer, "Case 10");
  await ask(officer, "Case 11");
  const approver = await stage.person("approver");
  const sent = () => approver.paths.filter((path) => /approve|refuse|withdraw|suspend/.test(path)).length;
  await card(approver, "Case 11").waitFor();
  await approver.stand();
  const place = () => card(approver, "Case 11").evaluate((it) => JSON.stringify([it.getBoundingClientRect().top + window.scrollY, it.getBoundingClientRect().height]));
  const below = await place();
  await ask(officer, "Case 12");
  await approver.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await approver.page.getByRole("button", { name: "1 more request: show" }).waitFor();
  assert.equal(await place(), below);
  await approver.stand();
  await card(approver, "Case 10").getByRole("button", { name: "Approve" }).dblclick();
  await approver.read("You approved Case 10.");
  assert.equal(await place(), below);
  assert.equal(sent(), 1);
  await approver.press("1 more request: show");
  await card(approver, "Case 12").waitFor();
  assert.equal(await card(approver, "Case 10").count(), 0);

  await approver.press("In use");
  const live = card(approver, "Case 10");
  await live.getByRole("button", { name: "Withdraw" }).dblclick();
  await live.getByText("Withdraw Case 10?").waitFor();
  await live.getByText(`${officer.callsign} can make no more codes with it.`).waitFor();
  const administrator = await stage.person("administrator");
  const row = card(administrator, officer.callsign);
  await row.getByRole("button", { name: "Suspend" }).dblclick();
  await row.getByText("They are signed out everywhere, and cannot sign in.").waitFor();
  // a finger that taps on where the answer came up
  await row.getByRole("button", { name: "No, leave it" }).click();
  await row.getByRole("button", { name: "Suspend" }).click();
  await row.getByRole("button", { name: /^Yes, suspend/ }).dblclick();
  assert.equal(sent(), 1);
  assert.deepEqual(administrator.paths.filter((path) => path.endsWith("/suspend")), []);
  assert.equal(await row.getByText("This is you.").count(), 0);
  const own = card(administrator, administrator.callsign);
  await own.getByRole("button", { name: "Suspend" }).click();
  await own.getByText("This is you. Another administrator has to let you in again.").waitFor();
});

test("a review narrows what is live, and a withdrawal ends it with its codes", async () => {
  const officer = await stage.officer();
  const reference = officer.callsign.replace("officer-", "R-");
  await officer.makeCode("In person");
  const approver = await stage.person("approver");
  await approver.press("In use");
  const live = card(approver, `Asked by ${officer.callsign},`);
  await live.getByText("1 of 100 codes used").waitFor();
  await live.getByRole("button", { name: "Review" }).click();
  await approver.see(`Review ${reference}`);
  // what is reviewed stands over the fields
  for (const fact of ["Visit", "Live", `Asked by ${officer.callsign},`, "1 of 100 codes used"]) await card(approver, fact).waitFor();
  await approver.read("1 is used already.");
  await approver.page.getByLabel("Maximum number of codes").fill("2");
  await approver.page.getByLabel("By telephone").uncheck();
  await approver.page.getByLabel("Online or in writing").uncheck();
  await approver.press("Save changes");
  await approver.read(`${reference} is changed.`);
  await live.getByText("1 of 2 codes used").waitFor();

  await officer.press("Done");
  await officer.read("1 of 2 codes used");
  assert.equal(await officer.page.getByRole("button", { name: "By telephone" }).count(), 0);
  await officer.makeCode("In person");
  await live.getByRole("button", { name: "Withdraw" }).click();
  await approver.mean(live.getByRole("button", { name: "Yes, withdraw it" }));
  await card(approver, reference).getByText("Withdrawn", { exact: true }).first().waitFor();
  await officer.press("Done");
  await officer.page.getByText("Earlier ones").click();
  await officer.read("Withdrawn");
});

test("a review that leaves nothing is not sent", async () => {
  const officer = await stage.officer();
  const approver = await stage.person("approver");
  await approver.press("In use");
  await card(approver, `Asked by ${officer.callsign},`).getByRole("button", { name: "Review" }).click();
  for (const name of ["In person", "By telephone", "Online or in writing"]) await approver.page.getByLabel(name).uncheck();
  await approver.press("Save changes");
  await approver.read("Please choose at least one way to reach people.");
  await approver.page.getByLabel("In person").check();
  await approver.page.getByLabel("Maximum number of codes").fill("0");
  await approver.press("Save changes");
  await approver.read("Please choose from 1 to 1000 codes.");
});

test("an administrator enrols somebody, who comes in with the link", async () => {
  const administrator = await stage.person("administrator");
  await administrator.press("Enrol a person");
  await administrator.page.getByLabel("Callsign").fill("Mary Smith");
  await administrator.press("Enrol");
  await administrator.read(/^A callsign has letters, digits/);
  const callsign = administrator.page.getByRole("textbox", { name: "Callsign", description: /^Letters, digits[^A]*$/ });
  assert.equal(await callsign.evaluate((field) => field === document.activeElement && field.ariaInvalid), "true", "beside its field");
  await administrator.page.getByLabel("Callsign").fill("dunnock");
  await administrator.page.getByLabel("Role").selectOption("approver");
  await administrator.press("Enrol");
  await administrator.see("Set-up link for dunnock");
  await administrator.read(/^It works until \d\d:\d\d|^It works until .*, \d\d:\d\d/);
  await administrator.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await administrator.press("Copy");
  await administrator.read("The link is copied.");
  const link = await administrator.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(await administrator.scan(), link, "for a phone's camera");
  const dunnock = await stage.browse(link);
  await dunnock.page.getByLabel("Name for this device (optional)").fill("ffôn gwaith");
  await dunnock.press("Make a passkey");
  await dunnock.read("You are dunnock, approver.");
  await dunnock.press("Sign in");
  await dunnock.see("Requests");

  await administrator.press("Done");
  await card(administrator, "dunnock").getByText(/^ffôn gwaith, added \d/).waitFor();
  await administrator.press("Enrol a person");
  await administrator.page.getByLabel("Callsign").fill("dunnock");
  await administrator.press("Enrol");
  await administrator.read("This callsign is taken. Please choose another.");
});

test("a suspension says what it ends, ends a session at once, and can be lifted", async () => {
  const officer = await stage.officer();
  await officer.makeCode("In person");
  const administrator = await stage.person("administrator");
  const row = administrator.page.locator("li.card", { has: administrator.page.getByRole("heading", { name: officer.callsign, exact: true }) });
  await row.getByRole("button", { name: "Suspend" }).click();
  await row.getByRole("button", { name: "No, leave it" }).click();
  await row.getByRole("button", { name: "Suspend" }).click();
  await row.getByText("Sessions that end: 1. Codes that stop: 1. Authorisations that stop: 1.").waitFor();
  await administrator.mean(row.getByRole("button", { name: `Yes, suspend ${officer.callsign}` }));
  await row.getByText(/^officer, suspended/).waitFor();
  assert.equal(await row.getByRole("button", { name: "New set-up link" }).count(), 0);
  await officer.page.getByText(/This code is withdrawn|Your session has ended/).waitFor();
  await officer.page.reload();
  await officer.see("Sign in");

  await row.getByRole("button", { name: "Lift suspension" }).click();
  await row.getByLabel("Reason").fill("Found again");
  await administrator.mean(row.getByRole("button", { name: "Yes, let them in" }));
  await row.getByText("officer", { exact: true }).waitFor();
  await officer.press("Sign in");
  await officer.see("Make a code");
  await officer.settle();
  assert.equal(await officer.page.getByText("Your codes in use").isVisible(), false, "what was stopped stays stopped");
  stage.service.suspend(officer.callsign);
  await officer.read("Your session has ended. Please sign in again.");
  await row.getByText(/^officer, suspended/).waitFor();
});

test("a lost device: its key is revoked, and another link brings a new one", async () => {
  const officer = await stage.officer();
  const administrator = await stage.person("administrator");
  const row = administrator.page.locator("li.card", { has: administrator.page.getByRole("heading", { name: officer.callsign, exact: true }) });
  await administrator.page.getByLabel("Search by callsign").fill(officer.callsign);
  await administrator.page.locator("li.card").nth(1).waitFor({ state: "detached" });
  await row.getByText(/^Passkey, added/).waitFor();
  await row.getByRole("button", { name: "Revoke" }).click();
  await administrator.mean(row.getByRole("button", { name: "Yes, revoke it" }));
  await row.getByText("No keys.").waitFor();
  await officer.see("Sign in");
  await officer.press("Sign in");
  await officer.read("That did not work. Try again, or ask an administrator for a new link.");

  await row.getByRole("button", { name: "New set-up link" }).click();
  await administrator.see(`Set-up link for ${officer.callsign}`);
  const link = await administrator.page.getByLabel("Set-up link", { exact: true }).inputValue();
  const again = await stage.browse(link);
  await again.press("Make a passkey");
  await again.press("Sign in");
  await again.see("Make a code");
});

test("a caller quotes a reference: how our codes stand, nobody's name, and a hundred a day", async () => {
  const { token } = stage.service.issue("--channel", "in-person");
  const reference = (await referenceOf(Uint8Array.from(Buffer.from(token, "base64url")))) ?? "";
  const heard = `Reference ${reference.split(" ").map((group) => group.split("").join(" ")).join(", ")}`;
  const approver = await stage.person("approver");
  await approver.press("References");
  await approver.see("Look up a reference");
  const asked = () => approver.paths.filter((path) => path.startsWith("/v1/references/"));
  const lookUp = async (seat: Seat, typed: string): Promise<void> => {
    await seat.page.getByLabel("Their eight digits").fill(typed);
    await seat.press("Look up");
  };
  for (const [typed, wrong] of [["", "Please type the eight digits."], ["falcon", /^A reference has digits alone/], ["123 4567", /Here are 7\.$/]] as const) {
    await lookUp(approver, typed);
    await approver.read(wrong);
  }
  assert.deepEqual(asked(), [], "said before anything is sent");
  await lookUp(approver, reference.replace(/\d/g, (digit) => "٠١٢٣٤٥٦٧٨٩".charAt(Number(digit))).replace(" ", "-"));
  await approver.see(heard);
  await approver.read("1 code of ours has this reference.");
  await approver.read("Not checked yet");
  assert.doesNotMatch(await approver.text(), /kestrel|R-1/);
  assert.equal(await approver.page.title(), "References – Workspace");
  assert.equal(await approver.page.getByRole("button", { name: "Withdraw" }).count(), 0);
  await approver.read("Does somebody misuse it? An administrator can withdraw it.");

  const administrator = await stage.person("administrator");
  await administrator.press("References");
  await lookUp(administrator, reference);
  await administrator.read("Does somebody misuse it? You can withdraw it here. It stops working at once.");
  await administrator.press("Withdraw");
  await administrator.press("Yes, withdraw it");
  await administrator.page.getByText("Withdrawn", { exact: true }).waitFor();
  await approver.press("Look up another");
  await lookUp(approver, reference.replace(" ", ""));
  await approver.read(/^Withdrawn at \d\d:\d\d$/);
  assert.equal(await approver.page.getByText("Does somebody misuse it?").count(), 0, "nothing is left to do");
  await approver.page.goBack();
  await lookUp(approver, reference.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)));
  await approver.read("No code of ours has this reference.");
  assert.equal(asked().length, 3);

  await approver.press("Look up another");
  await approver.page.evaluate(async () => {
    for (let n = 0; n < 97; n++) await fetch("/v1/references/00000000");
  });
  await lookUp(approver, reference);
  await approver.read("You have looked up 100 references in 24 hours. No more are allowed. Ask a colleague, or wait.");
  assert.equal(await approver.page.getByLabel("Their eight digits").inputValue(), reference);
});

test("a long list: a page of it at a time, searched and in order, and what is new says so on its own", async () => {
  for (let i = 0; i < 21; i++) stage.service.enrol(`zander-${i}`, "overseer");
  const administrator = await stage.person("administrator");
  const names = () => administrator.page.locator("li.card h3").allInnerTexts();
  await administrator.page.getByRole("button", { name: "Next page" }).waitFor();
  const first = await names();
  assert.equal(first.length, 20);
  await administrator.press("Next page");
  await administrator.page.getByRole("button", { name: "Page before" }).waitFor();
  assert.equal((await names()).filter((name) => first.includes(name)).length, 0);
  assert.equal(await administrator.page.evaluate(() => document.activeElement?.textContent), "Everybody");
  await administrator.press("Page before");
  await administrator.page.getByRole("button", { name: "Page before" }).waitFor({ state: "detached" });
  assert.deepEqual(await names(), first);

  await administrator.page.getByLabel("Search by callsign").fill("ZANDER-1");
  await administrator.page.locator("li.card").nth(11).waitFor({ state: "detached" });
  assert.deepEqual((await names()).sort(), [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map((i) => `zander-${i}`).sort());
  assert.equal(await administrator.page.evaluate(() => document.activeElement?.id), "people-search", "who types goes on typing");
  await administrator.page.getByLabel("In order of").selectOption("Newest first");
  await administrator.page.waitForFunction(() => document.querySelector("li.card h3")?.textContent === "zander-19");
  await administrator.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  stage.service.enrol("zander-100", "overseer");
  await administrator.press("There is something new: show");
  await card(administrator, "zander-100").waitFor();
  assert.equal((await names())[0], "zander-100");

  stage.service.enrol("zander-101", "overseer");
  await administrator.page.getByRole("button", { name: "There is something new: show" }).waitFor();
  // more news while what was asked for is on its way
  let deliver = (): void => {};
  const held = new Promise<void>((resolve) => (deliver = resolve));
  await administrator.page.route("**/v1/people?*", async (route) => {
    if (route.request().headers()["countersign-unattended"] === undefined) await held;
    await route.continue();
  });
  const asked = administrator.page.waitForRequest(/people\?/);
  await administrator.press("There is something new: show");
  await asked;
  await administrator.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  deliver();
  await card(administrator, "zander-101").waitFor();

  // as where the service has looked at all that one page may cost
  const next = { Link: '</v1/people?search=zebra&sort=made&after=p1&limit=20>; rel="next"' };
  await administrator.page.route("**/v1/people?search=zebra*", (route) => route.fulfill({ headers: next, json: [] }));
  await administrator.page.getByLabel("Search by callsign").fill("zebra");
  await administrator.page.getByText("Nothing on this page. There may be more on the next page.").waitFor();
  await administrator.page.getByRole("button", { name: "Next page" }).waitFor();
});
