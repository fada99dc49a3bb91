import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// Codes that can be checked now, on a phone that has lost the network: never out of sight, and nobody else's.

const stage = new ConsoleStage();
const NOT_CONNECTED = "Not connected";
const UNWATCHED = "Checks do not show here now. Ask what their screen says.";

const offline = (seat: Seat): Promise<void> => seat.page.context().setOffline(true);
const online = (seat: Seat): Promise<void> => seat.page.context().setOffline(false);

/** The titles of the lists of codes on the screen. */
const lists = (seat: Seat): Promise<string[]> => seat.page.locator("h2:visible", { hasText: /^(Your codes in use|Prepared codes)$/ }).allInnerTexts();

const codes = (seat: Seat) => seat.page.getByRole("button", { name: "Show code", exact: true });

/** An officer with a code on the screen, whose link is given. */
async function shown() {
  const seat = await stage.officer();
  await seat.untilKept();
  await seat.makeCode("In person", () => seat.page.getByLabel("Your name, as you will give it").fill("Anna"));
  return { seat, link: await seat.scan() };
}

test("Done without a network, and back into the code", async () => {
  const { seat, link } = await shown();
  await offline(seat);
  await seat.press("Done");
  await seat.see("Make a code");
  await seat.read("In person, Anna");
  assert.deepEqual(await lists(seat), ["Your codes in use"]);
  await seat.press("Show code");
  await seat.read("Connection lost. Ask what their screen says.");
  assert.equal(await seat.scan(), link);
  await seat.press("Done");
  await online(seat);
  // the list that the service has of it, with how it stands
  await seat.read("Not checked yet");
  assert.deepEqual(await lists(seat), ["Your codes in use"]);
  assert.equal(await codes(seat).count(), 1);
  await seat.press("Withdraw");
  await seat.press("Yes, withdraw it");
  await seat.page.getByText("Withdrawn", { exact: true }).waitFor();
  await offline(seat);
  await seat.page.reload();
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), [], "nobody can use it any more");
});

test("Done where the service does not answer, and nothing says that it will not", async () => {
  const { seat, link } = await shown();
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  await seat.page.route("**/v1/tokens?*", async (route) => {
    await asked;
    await route.continue();
  });
  await seat.press("Done");
  await seat.read("In person, Anna");
  assert.deepEqual(await lists(seat), ["Your codes in use"]);
  answer();
  await seat.read("Not checked yet");
  assert.deepEqual(await lists(seat), ["Your codes in use"]);
  await seat.press("Show code");
  assert.equal(await seat.scan(), link);
});

test("after a reload without a network: the same code each time, until the service knows that the session stands", async () => {
  const { seat, link } = await shown();
  await offline(seat);
  await seat.page.reload();
  for (let times = 0; times < 2; times++) {
    await seat.read(UNWATCHED);
    assert.equal(await seat.scan(), link);
    await seat.press("Done");
    await seat.see(NOT_CONNECTED);
    await seat.page.reload();
    await seat.see(NOT_CONNECTED);
    await seat.read("In person, Anna");
    await seat.press("Show code");
  }
  await seat.press("Done");
  await online(seat);
  await seat.see("Make a code");
  await seat.press("Show code");
  await seat.read("Not checked yet");
  assert.equal(await seat.scan(), link);
});

test("several codes, those first that run out first, and what is prepared in its own list alone", async () => {
  const { seat } = await shown();
  await seat.press("Done");
  await seat.press("Prepare one for later");
  await seat.page.getByLabel("Place").fill("Old Mill");
  await seat.press("Make code");
  await seat.read(/is kept on this device/);
  await seat.page.locator("li.card", { hasText: "Old Mill" }).getByRole("button", { name: "Show code" }).click();
  await seat.press("Done");
  await seat.makeCode("By telephone");
  await offline(seat);
  await seat.page.reload();
  await seat.press("Done");
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), ["Your codes in use", "Prepared codes"]);
  const said = await seat.page.locator("li.card p").allInnerTexts();
  assert.deepEqual([...said].sort(), ["By telephone, Anna", "In person, Anna", "In person, Anna, Old Mill"]);
  assert.equal(said[2], "In person, Anna, Old Mill");
});

test("a code that runs out leaves the list, also where nothing else happens", async () => {
  const seat = await stage.officer();
  await seat.untilKept();
  await seat.page.clock.install();
  await seat.makeCode("In person");
  await offline(seat);
  await seat.page.reload();
  await seat.read(UNWATCHED);
  await seat.press("Done");
  await codes(seat).waitFor();
  await seat.page.clock.fastForward(301_000);
  await codes(seat).waitFor({ state: "detached" });
  assert.deepEqual(await lists(seat), []);
  await seat.page.reload();
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), []);
});

test("withdrawn on its own screen: not in the list, and not there after a reload", async () => {
  const { seat } = await shown();
  await seat.hold();
  await seat.see("This code is withdrawn");
  await offline(seat);
  await seat.page.reload();
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), []);
});

test("withdrawn by somebody else while another screen was open: not in the list", async () => {
  const { seat } = await shown();
  await seat.press("Done");
  const administrator = await stage.person("administrator");
  await administrator.press("In use");
  const card = administrator.page.locator("li.card", { hasText: seat.callsign + ": In person" });
  await card.getByRole("button", { name: "Withdraw" }).click();
  await administrator.mean(card.getByRole("button", { name: "Yes, withdraw it" }));
  await seat.read("This code is not in use any more.");
  await offline(seat);
  await seat.page.reload();
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), []);
});

for (const isLoadedAgain of [false, true]) {
  test(`withdrawn elsewhere while another code is on the screen${isLoadedAgain ? " that is loaded again" : ""}: not in the list`, async () => {
    const { seat } = await shown();
    const first = await seat.page.evaluate(async () => ((await (await fetch("/v1/tokens")).json()) as readonly { readonly id: string }[])[0]?.id ?? "");
    await seat.press("Done");
    await seat.makeCode("By telephone");
    const status = `**/v1/tokens/${first}`;
    // as where the news of it is not heard
    if (isLoadedAgain) await seat.page.route(status, (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
    const looked = seat.page.waitForResponse((answer) => answer.url().endsWith(first) && answer.request().method() === "GET");
    assert.equal(await seat.page.evaluate(async (id) => (await fetch(`/v1/tokens/${id}`, { method: "DELETE" })).status, first), 204);
    if (isLoadedAgain) {
      await seat.page.unroute(status);
      await seat.page.reload();
    }
    await looked;
    await seat.read("Not checked yet");
    await offline(seat);
    await seat.press("Done");
    await seat.read("By telephone, Anna");
    assert.equal(await codes(seat).count(), 1);
  });
}

test("signed out without a network: nothing, now and after a reload", async () => {
  const { seat } = await shown();
  await seat.press("Done");
  await offline(seat);
  await seat.press("Sign out");
  await seat.read(/^You are signed out here\./);
  assert.deepEqual(await lists(seat), []);
  await seat.page.reload();
  await seat.see(NOT_CONNECTED);
  assert.deepEqual(await lists(seat), []);
});

test("a session that ended meanwhile leaves nothing of it", async () => {
  const { seat } = await shown();
  await offline(seat);
  await seat.page.reload();
  await seat.press("Done");
  await codes(seat).waitFor();
  await seat.page.context().clearCookies();
  await online(seat);
  await seat.see("Sign in");
  assert.deepEqual(await lists(seat), []);
});

for (const [where, go] of [
  ["in the list", (seat: Seat) => seat.press("Done")],
  ["on the screen", async () => undefined],
] as const) {
  test(`somebody else's session: the first person's code, ${where}, is gone`, async () => {
    const { seat } = await shown();
    const other = await stage.officer();
    await offline(seat);
    await seat.page.reload();
    await seat.read(UNWATCHED);
    await go(seat);
    // as where the browser keeps no mark of who is here
    await seat.page.context().clearCookies();
    await seat.page.context().addCookies(await other.page.context().cookies());
    await online(seat);
    await seat.see("Make a code");
    await seat.settle();
    assert.equal(await codes(seat).count(), 0);
    await seat.press("In person");
    assert.equal(await seat.page.getByLabel("Your name, as you will give it").inputValue(), "", "nor the name in use");
    await offline(seat);
    await seat.page.reload();
    await seat.see(NOT_CONNECTED);
    assert.deepEqual(await lists(seat), []);
  });
}
