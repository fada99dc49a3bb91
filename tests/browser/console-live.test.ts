import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";
import { decode, greyOf } from "../../web/scan/decode.ts";
import { stretch } from "../../web/scan/stretch.ts";
import { PNG } from "./tools.ts";

// The screen that an officer holds out: its state is never better than what is known, and nobody else sees it.

const stage = new ConsoleStage();
const LOST = "Connection lost. Ask what their screen says.";

async function check(link: string): Promise<void> {
  const person = await stage.visit(link);
  await person.press("Check this code");
  await person.see("This code is genuine");
}

/** The colours on the screen. */
async function colours(seat: Seat): Promise<Set<string>> {
  const { data } = PNG.sync.read(await seat.page.screenshot());
  const found = new Set<string>();
  for (let i = 0; i < data.length; i += 4) found.add(data.subarray(i, i + 3).toString("hex"));
  return found;
}

test("not checked, checked just now, and a minute later the time of it", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  await seat.makeCode("In person");
  await seat.read(/^Runs out at \d\d:\d\d$/);
  await check(await seat.scan());
  await seat.read("Checked just now");
  await seat.page.clock.fastForward(61_000);
  await seat.read(/^Checked at \d\d:\d\d$/);
});

test("a lost connection shows at once, and never as a check; it comes back on its own", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const link = await seat.scan();
  await seat.page.context().setOffline(true);
  await seat.read(LOST);
  await check(link);
  await seat.read(LOST);
  await seat.page.context().setOffline(false);
  await seat.page.getByText(/^Checked (just now|at)/).waitFor();
});

test("a service that falls silent is a lost connection after twelve seconds", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  // a stream that is open and says nothing, as behind a broken proxy
  await seat.page.route("**/events", () => undefined);
  await seat.makeCode("In person");
  // this machine's own time passes too, however busy it is
  await seat.page.clock.fastForward(6_000);
  assert.equal(await seat.page.getByText(LOST).count(), 0);
  await seat.page.clock.fastForward(6_100);
  await seat.read(LOST);
});

test("a code that runs out leaves the screen, and what is known of its check stays", async () => {
  const seat = await stage.officer();
  await seat.page.clock.install();
  await seat.makeCode("In person");
  await check(await seat.scan());
  await seat.read("Checked just now");
  await seat.page.clock.fastForward(301_000);
  await seat.see("This code has run out");
  assert.equal(await seat.page.locator(".qr").count(), 0);
  await seat.page.getByText(/^Checked at/).waitFor();
});

test("hidden: a dark screen that says only how to come back, and a tap brings the code back", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  await seat.press("Hide");
  await seat.page.locator(".veil button").evaluate((button) => button.blur());
  assert.equal(await seat.page.locator("body").innerText(), "Workspace\nTap to show the code");
  assert.ok(!(await colours(seat)).has("ffffff"));
  await seat.page.mouse.click(180, 300);
  assert.ok((await colours(seat)).has("ffffff"));
  await seat.scan();
});

test("while the page is hidden by the device nothing is painted, and then all is as it was", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const away = (hidden: boolean) =>
    seat.page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await away(true);
  assert.equal((await colours(seat)).size, 1);
  await away(false);
  await seat.scan();
});

test("the screen stays on while a code is shown, and only then", async () => {
  const seat = await stage.officer();
  await seat.page.evaluate(() => {
    const held = { count: 0 };
    Object.assign(window, { held });
    const value = {
      async request(): Promise<object> {
        held.count++;
        return {
          async release(): Promise<void> {
            held.count--;
          },
        };
      },
    };
    Object.defineProperty(navigator, "wakeLock", { value, configurable: true });
  });
  type Counting = { readonly held: { readonly count: number } };
  const held = (count: number) => seat.page.waitForFunction((wanted) => (window as unknown as Counting).held.count === wanted, count);
  await held(0);
  await seat.makeCode("In person");
  await held(1);
  await seat.press("Hide");
  await held(0);
  await seat.press("Tap to show the code");
  await held(1);
  await seat.press("Done");
  await held(0);
});

test("a slip withdraws nothing: a short press, a press that slides off, two presses at once", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const hold = seat.page.locator(".button-hold");
  const box = await hold.boundingBox();
  await hold.dblclick();
  await seat.read("Withdraw this code?");
  const yes = await seat.page.getByRole("button", { name: "Yes, withdraw it" }).boundingBox();
  assert.ok(box !== null && yes !== null && yes.y + yes.height <= box.y, "what does it is not where the finger is");
  await seat.press("No, leave it");
  await seat.stand();
  await hold.hover();
  await seat.page.mouse.down();
  await seat.page.mouse.move(10, 10);
  await seat.page.mouse.up();
  await check(await seat.scan());
  await seat.read("Checked just now");
});

test("withdrawn by an answer, for those who cannot hold", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const press = (text: string) => seat.page.getByRole("button", { name: text }).evaluate((button) => (button as HTMLButtonElement).click());
  await press("Hold to withdraw");
  await seat.stand();
  await press("Yes, withdraw it");
  await seat.see("This code is withdrawn");
});

test("withdrawn by a key that is held", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  await seat.stand();
  await seat.page.locator(".button-hold").focus();
  await seat.page.keyboard.down("Space");
  await seat.see("This code is withdrawn");
  await seat.page.keyboard.up("Space");
});

test("withdrawn by somebody else: the screen says so on its own", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const administrator = await stage.person("administrator");
  await administrator.press("In use");
  const card = administrator.page.locator("li", { hasText: seat.callsign + ": In person" });
  await card.getByRole("button", { name: "Withdraw" }).click();
  await administrator.mean(card.getByRole("button", { name: "Yes, withdraw it" }));
  await seat.see("This code is withdrawn");
});

test("a code that was put aside is found again, and can be withdrawn from the list", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  const link = await seat.scan();
  await seat.press("Done");
  await seat.press("Show code");
  assert.equal(await seat.scan(), link);
  await seat.press("Done");
  await seat.press("Withdraw");
  await seat.press("No, leave it");
  await seat.press("Withdraw");
  await seat.press("Yes, withdraw it");
  await seat.page.locator("li.card", { hasText: "In person" }).getByText("Withdrawn", { exact: true }).waitFor();
  assert.equal(await seat.page.getByRole("button", { name: "Show code" }).count(), 0);
});

test("suspended while a code is on the screen: it goes, and so does the session", async () => {
  const seat = await stage.officer();
  await seat.makeCode("In person");
  stage.service.suspend(seat.callsign);
  await seat.page.getByText(/This code is withdrawn|Your session has ended/).waitFor();
  assert.equal(await seat.page.locator(".qr").count(), 0);
});

test("a reload keeps the code on the screen, in no storage, and the phone's own way back leads one screen back", async () => {
  const seat = await stage.officer();
  await seat.untilKept();
  await seat.makeCode("In person", () => seat.page.getByLabel("Your name, as you will give it").fill("Anna"));
  const link = await seat.scan();
  for (let times = 0; times < 2; times++) {
    await seat.page.reload();
    await seat.read("Not checked yet");
    assert.equal(await seat.scan(), link);
  }
  await seat.page.context().setOffline(true);
  await seat.page.reload();
  await seat.read("Checks do not show here now. Ask what their screen says.");
  assert.equal(await seat.scan(), link);
  await seat.page.context().setOffline(false);
  await seat.read("Not checked yet");
  const kept = await seat.kept();
  const drawn = (await seat.page.locator(".qr img").getAttribute("src")) ?? "";
  assert.ok(drawn.length > 1000);
  for (const part of [link, "Anna", decodeURIComponent(drawn).slice(200, 400)]) assert.ok(!kept.includes(part), part);
  await check(link);
  await seat.read("Checked just now");
  await seat.page.goBack();
  await seat.see("Make a code");
  await seat.press("Show code");
  assert.equal(await seat.scan(), link);
  await seat.press("Done");
  await seat.see("Make a code");
  await seat.press("By telephone");
  assert.equal(await seat.page.getByLabel("Your name, as you will give it").inputValue(), "Anna", "for the session");
  await seat.page.goBack();
  await seat.see("Make a code");
  await seat.page.goForward();
  await seat.see("Make a code");
  assert.equal(new URL(seat.page.url()).pathname, "/");
  await seat.press("Sign out");
  await seat.press("Sign in");
  await seat.see("Make a code");
  await seat.settle();
  assert.equal(await seat.page.getByRole("button", { name: "Show code" }).count(), 0, "a sign-out leaves nothing in mind");
});

const SIZES = [[390, 664], [375, 553], [360, 612], [320, 568], [412, 915], [844, 390], [1280, 800], [640, 400]] as const;

test("a photo of the whole screen holds the code, at every size, on light and dark devices, and by their own camera", async () => {
  const seat = await stage.officer({ deviceScaleFactor: 1 });
  await seat.makeCode("In person");
  const link = await seat.scan();
  for (const colorScheme of ["light", "dark"] as const) {
    await seat.page.emulateMedia({ colorScheme });
    for (const [width, height] of SIZES) {
      await seat.page.setViewportSize({ width, height });
      await seat.page.waitForFunction(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true)))));
      const png = await seat.page.screenshot();
      const pixels = PNG.sync.read(png) as unknown as ImageData;
      assert.deepEqual(decode(stretch(greyOf(pixels))).texts, [link], `${width}x${height}, ${colorScheme}`);
      const [foot, panel] = [await seat.page.locator(".foot").boundingBox(), await seat.page.locator(".qr").boundingBox()];
      assert.ok(foot !== null && panel !== null && (foot.y >= panel.y + panel.height || foot.x >= panel.x + panel.width), `${width}x${height}: nothing over it`);
    }
  }
});
