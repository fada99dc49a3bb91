import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsoleStage } from "./console/stage.ts";

// How people come into the console, and how they leave it.

const stage = new ConsoleStage();

test("the link of an enrolment is wiped from the address bar before anything else", async () => {
  const link = stage.service.enrol("wren", "officer");
  const seat = await stage.browse(link);
  await seat.see("Set up this device");
  assert.equal(seat.page.url(), stage.service.consoleUrl + "/");
  assert.equal(await seat.page.evaluate(() => JSON.stringify([history.state, history.length])), "[null,2]");
  assert.deepEqual(seat.paths.filter((path) => path.startsWith("/v1/")), [], "nothing is asked before a press");
  assert.ok(!(await seat.kept()).includes(new URL(link).hash));
});

test("a link works once, and says so calmly afterwards", async () => {
  const link = stage.service.enrol("robin", "officer");
  const first = await stage.browse(link);
  await first.press("Make a passkey");
  await first.see("This device is ready");
  await first.read("You are robin, officer.");
  const second = await stage.browse(link);
  await second.press("Make a passkey");
  await second.see("This link no longer works");
  await second.read("Ask an administrator for a new link.");
  assert.equal(await second.passkeys(), 0);
  await second.press("Sign in");
  await second.see("Sign in");
});

test("another link adds another device, and both sign in", async () => {
  const first = await stage.person("officer");
  await first.see("Make a code");
  const second = await stage.browse(stage.service.link(first.callsign));
  await second.press("Make a passkey");
  await second.press("Sign in");
  await second.see("Make a code");
  await second.read(first.callsign);
});

test("a link that is opened in a tab that is already here", async () => {
  const seat = await stage.browse();
  await seat.see("Sign in");
  await seat.page.evaluate((fragment) => (location.hash = fragment), new URL(stage.service.enrol("martin", "officer")).hash);
  await seat.see("Set up this device");
  assert.equal(seat.page.url(), stage.service.consoleUrl + "/");
});

test("no finger and no PIN: no passkey is made, and no one is blamed", async () => {
  const seat = await stage.browse(stage.service.enrol("swift", "officer"));
  await seat.verifies(false);
  await seat.press("Make a passkey");
  await seat.read("No passkey was used. Try again when you are ready.");
  assert.equal(await seat.passkeys(), 0);
  await seat.verifies(true);
  await seat.press("Make a passkey");
  await seat.press("Sign in");
  await seat.see("Make a code");
  await seat.press("Sign out");
  await seat.see("Sign in");
  await seat.verifies(false);
  await seat.press("Sign in");
  await seat.read("No passkey was used. Try again when you are ready.");
});

test("a device without any passkey does not get in", async () => {
  const seat = await stage.browse();
  await seat.press("Sign in");
  await seat.read("No passkey was used. Try again when you are ready.");
});

test("no script can read the session", async () => {
  const seat = await stage.officer();
  const cookies = await seat.page.context().cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, secure, sameSite }) => ({ name, httpOnly, secure, sameSite })), [
    { name: "__Host-session", httpOnly: true, secure: true, sameSite: "Strict" },
  ]);
  const value = cookies[0]?.value ?? "";
  assert.ok(value.length > 20);
  await seat.untilKept();
  assert.equal((await seat.kept()).includes(value), false);
  assert.equal(await seat.page.evaluate(() => document.cookie), "");
});

test("a reload keeps the session; a sign-out ends it for the service too", async () => {
  const seat = await stage.officer();
  await seat.page.reload();
  await seat.see("Make a code");
  const [cookie] = await seat.page.context().cookies();
  await seat.press("Sign out");
  await seat.read("You are signed out. No codes are left on this device. Your passkey stays.");
  assert.deepEqual(await seat.page.context().cookies(), []);
  const headers = { Cookie: `__Host-session=${cookie?.value}` };
  assert.equal((await fetch(stage.service.consoleUrl + "/v1/session", { headers })).status, 401);
});

test("suspended in mid-session: the next act leads out, with a calm sentence", async () => {
  const seat = await stage.officer();
  // news of it would lead there before any act
  await seat.page.route("**/v1/changes", () => undefined);
  await seat.page.reload();
  await seat.press("Ask for an authorisation");
  await seat.page.getByLabel("Reference").fill("R-1");
  await seat.page.getByLabel("What it is for").fill("Return a lost bag");
  stage.service.suspend(seat.callsign);
  await seat.press("Send request");
  await seat.see("Sign in");
  await seat.read("Your session has ended. Please sign in again.");
  await seat.press("Sign in");
  await seat.read("That did not work. Try again, or ask an administrator for a new link.");
});

test("nobody presses anything: said before and after, and what was typed is there again for the same person", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  await seat.press("Ask for an authorisation");
  await seat.page.getByLabel("Reference").fill("Case 77");
  await seat.page.getByLabel("What it is for").fill("Return a lost bag");
  await seat.page.clock.fastForward(13 * 60_000 + 5_000);
  await seat.read(/^You will be signed out at \d\d:\d\d\.$/);
  await seat.press("Stay signed in");
  assert.equal(await seat.page.getByText("You will be signed out").count(), 0);
  await seat.page.clock.fastForward(14 * 60_000);
  await seat.read(/^You will be signed out/);
  await seat.page.clock.fastForward(2 * 60_000);
  await seat.read("You were signed out, because nothing was pressed for 15 minutes.");
  await seat.read("What you typed is still here. Sign in to send it.");
  assert.doesNotMatch(await seat.page.locator("body").innerText(), /Case 77|You will be/);
  await seat.press("Sign in");
  await seat.see("Ask for an authorisation");
  assert.equal(await seat.page.getByLabel("Reference").inputValue(), "Case 77");
  await seat.press("Send request");
  await seat.read("Your request is sent.");
});

test("twelve hours are nearly over: said in time, over no code, and who signs in again loses nothing", async () => {
  const seat = await stage.officer({ viewport: { width: 360, height: 612 } });
  await seat.page.clock.install();
  await seat.endsIn(640);
  await seat.see("Make a code");
  await seat.settle();
  await seat.makeCode("In person");
  const link = await seat.scan();
  const strip = seat.page.getByText(/^You will be signed out at \d\d:\d\d\. Sign in again, and nothing is lost\.$/);
  assert.equal(await strip.count(), 0);
  await seat.page.clock.fastForward(45_000);
  await strip.waitFor();
  assert.equal(await seat.scan(), link);
  const [over, symbol, foot] = await Promise.all([".bar", ".qr", ".foot"].map((part) => seat.page.locator(part).boundingBox()));
  assert.ok(over && symbol && foot && over.y + over.height <= symbol.y && symbol.y + symbol.height <= foot.y, "nothing lies over the code");
  const later = seat.page.getByRole("button", { name: "Later" });
  const isMoving = await later.evaluate((button) => ((button as HTMLElement).click(), document.documentElement.classList.contains("is-moving")));
  assert.ok(isMoving, "a second tap decides nothing of what the strip covered");
  assert.equal(await strip.count(), 0);
  await seat.press("Done");
  await seat.press("By telephone");
  await seat.page.getByLabel("Your name, as you will give it").fill("Anna");
  const place = async () => (await seat.page.getByLabel("Your name, as you will give it").boundingBox())?.y;
  const before = await place();
  await seat.page.clock.fastForward(480_000);
  await strip.waitFor();
  await seat.page.locator("html[style*=bar]").waitFor();
  assert.equal(await place(), before, "nothing moves under a finger");
  await seat.verifies(false);
  await seat.press("Sign in again");
  await seat.read("No passkey was used. Try again when you are ready.");
  await seat.verifies(true);
  await seat.press("Sign in again");
  await strip.waitFor({ state: "detached" });
  await seat.read(/^You are signed in until /);
  assert.equal(await seat.page.getByLabel("Your name, as you will give it").inputValue(), "Anna");
  await seat.press("Make code");
  await seat.read("Not checked yet");

  const words = await seat.words();
  // how the code before it stands, which the console asks by and by, would tell first that the session is over
  await seat.page.route("**/v1/tokens/*", (route) => route.abort());
  await seat.page.context().clearCookies();
  await seat.press("New code");
  await seat.read("Your session has ended. Please sign in again.");
  await seat.read("Your code is still here. Sign in to show it.");
  assert.equal(await seat.page.locator(".word").count(), 0);
  await seat.press("Sign in");
  await seat.read("Not checked yet");
  assert.equal(await seat.words(), words);
});

test("one's own passkeys have names, of any script, and each name is sent once", async () => {
  const seat = await stage.officer();
  const sent = () => seat.paths.filter((path) => path.endsWith("/name")).length;
  await seat.press(`${seat.callsign} officer Your passkeys`);
  await seat.see("Your passkeys");
  await seat.read(/^Added \d/);
  await seat.press("Give it a name");
  for (const [typed, wrong] of [[" ", "Please write a name."], ["é".repeat(41), "This is too long. Please use at most 40 characters."]] as const) {
    await seat.page.getByLabel("Name", { exact: true }).fill(typed);
    await seat.press("Save name");
    await seat.read(wrong);
  }
  assert.equal(sent(), 0, "said before anything is sent");
  await seat.page.getByLabel("Name", { exact: true }).fill("ffôn گھر");
  await seat.page.getByRole("button", { name: "Save name" }).dblclick();
  await seat.read("The passkey is called ffôn گھر now.");
  assert.equal(sent(), 1);
  await seat.press("Change name");
  assert.equal(await seat.page.getByLabel("Name", { exact: true }).inputValue(), "ffôn گھر");
  await seat.page.getByLabel("Name", { exact: true }).fill("work phone");
  // done, and its answer lost on the way
  await seat.page.route("**/name", async (route) => (await route.fetch(), route.abort()), { times: 1 });
  await seat.press("Save name");
  await seat.read("The passkey is called work phone now.");
  await seat.page.goBack();
  await seat.see("Make a code");
});

test("a browser that knows no passkeys says so", async () => {
  const seat = await stage.browse();
  await seat.page.evaluate(() => Reflect.deleteProperty(window, "PublicKeyCredential"));
  await seat.press("Sign in");
  await seat.read("This browser cannot use passkeys. Please open this page in another browser.");
});

test("the service is out: a calm sentence, and the way on", async () => {
  const seat = await stage.officer();
  const body = JSON.stringify({ type: "urn:countersign:problem:unavailable", detail: "x" });
  await seat.page.route("**/v1/**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body }));
  await seat.page.reload();
  await seat.see("Not connected");
  await seat.read("The service cannot do this right now. Please try again in a moment.");
  await seat.page.unroute("**/v1/**");
  await seat.press("Try again");
  await seat.see("Make a code");
});

test("a device whose clock is wrong says so", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install({ time: Date.now() + 300_000 });
  await seat.page.reload();
  await seat.read(/^This device’s clock says \d\d:\d\d\. Ours says \d\d:\d\d\. Please set the clock of this device\.$/);
});

test("nothing on the device says whose it is: a neutral name, and dark whatever the device prefers", async () => {
  const seat = await stage.officer();
  await seat.page.emulateMedia({ colorScheme: "light" });
  assert.match(await seat.page.title(), /^[^–]+ – Workspace$/);
  assert.equal(await seat.page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(17, 22, 26)");
  const manifest = (await (await fetch(stage.service.consoleUrl + "/manifest.webmanifest")).json()) as {
    readonly name: string;
    readonly display: string;
    readonly icons: readonly { readonly src: string; readonly sizes: string; readonly purpose: string }[];
  };
  assert.equal(manifest.name, "Workspace");
  assert.equal(manifest.display, "standalone");
  const icons = manifest.icons.map(({ src, sizes, purpose }) => [src, sizes, purpose].join(" "));
  assert.deepEqual(icons, ["/icon.svg any any", "/icon.svg any maskable"]);
  for (const path of ["/", "/manifest.webmanifest", "/icon.svg", "/console.js"]) {
    const text = await (await fetch(stage.service.consoleUrl + path)).text();
    assert.doesNotMatch(text, /Riverside|verify\.example/, path);
  }
});

test("an overseer reads where the ledger is read", async () => {
  const seat = await stage.person("overseer");
  await seat.see("The ledger");
  await seat.press("Sign out");
  await seat.see("Sign in");
});

test("the device can install it", async () => {
  const seat = await stage.officer();
  await seat.untilKept();
  const cdp = await seat.page.context().newCDPSession(seat.page);
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  // a test's window is a private one, which is the only thing in the way
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId), ["in-incognito"]);
});
