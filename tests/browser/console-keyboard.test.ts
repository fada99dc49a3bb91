import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seat } from "./console/seat.ts";
import { ConsoleStage } from "./console/stage.ts";

// The console by keyboard alone, and its keys by thumb.

const stage = new ConsoleStage();

const focused = (seat: Seat) => seat.page.evaluate(() => {
  const { activeElement: at } = document;
  const heading = at?.matches(".head") ? at.querySelector("h1") : null;
  if (heading) return heading.textContent ?? "";
  return at instanceof HTMLInputElement ? (at.labels?.[0]?.textContent ?? "") : (at?.textContent ?? "").trim();
});

/** What assistive technology has of errors: the alerts with something in them, and of the field with the focus name, description and whether it is invalid. */
async function heardOf(seat: Seat): Promise<{ readonly alerts: readonly string[]; readonly focused: readonly unknown[] }> {
  const cdp = await seat.page.context().newCDPSession(seat.page);
  const { nodes } = await cdp.send("Accessibility.getFullAXTree");
  await cdp.detach();
  const textOf = (id: string): string => {
    const node = nodes.find(({ nodeId }) => nodeId === id);
    if (node?.role?.value === "StaticText") return String(node.name?.value ?? "");
    return (node?.childIds ?? []).map(textOf).join("");
  };
  const alerts = nodes.filter(({ role, ignored }) => role?.value === "alert" && !ignored).map(({ nodeId }) => textOf(nodeId)).filter((text) => text !== "");
  const focused = nodes.find(({ properties, role }) => role?.value === "textbox" && properties?.some(({ name, value }) => name === "focused" && value.value === true));
  const property = (wanted: string) => focused?.properties?.find(({ name }) => name === wanted)?.value;
  return { alerts, focused: [focused?.name?.value, focused?.description?.value, property("invalid")?.value] };
}

/** Goes on by Tab to the control with this text. */
async function reach(seat: Seat, text: string, key = "Tab"): Promise<void> {
  for (let i = 0; i < 40; i++) {
    if ((await focused(seat)) === text) return;
    await seat.page.keyboard.press(key);
  }
  assert.fail(`no ${key} leads to ${text}, but to ${await focused(seat)}`);
}

async function choose(seat: Seat, text: string, key = "Tab"): Promise<void> {
  await reach(seat, text, key);
  await seat.page.keyboard.press("Enter");
}

test("from the link to a withdrawn code", async () => {
  const link = stage.service.enrol("siskin", "officer");
  stage.service.authorise("siskin", "R-keys");
  const seat = await stage.browse(link);
  await seat.see("Set up this device");
  assert.equal(await focused(seat), "Set up this device");
  await choose(seat, "Make a passkey");
  await seat.see("This device is ready");
  await choose(seat, "Sign in");
  await seat.see("Make a code");
  assert.equal(await focused(seat), "Make a code");
  await seat.read("R-keys");
  await choose(seat, "In person");
  await seat.see("Code in person");
  await reach(seat, "Their number");
  await seat.page.keyboard.type("٤١٧ 092");
  assert.equal(await seat.page.getByLabel("Their number").inputValue(), "417 092");
  await reach(seat, "Your name, as you will give it");
  await seat.page.keyboard.type("Anna");
  await seat.page.keyboard.press("Enter");
  await seat.read("Not checked yet");
  assert.match(await focused(seat), /^Type .*, then scan\.$/);
  await choose(seat, "Hide");
  await seat.page.keyboard.press("Enter");
  assert.match(await focused(seat), /^Type .*, then scan\.$/);
  await seat.stand();
  await reach(seat, "Hold to withdraw");
  await seat.page.keyboard.down("Enter");
  await seat.see("This code is withdrawn");
  await seat.page.keyboard.up("Enter");
  assert.equal(await focused(seat), "This code is withdrawn");
  await choose(seat, "Done");
  await seat.see("Make a code");
  await choose(seat, "Sign out", "Shift+Tab");
  await seat.see("Sign in");
  assert.equal(await focused(seat), "Sign in");
});

test("a request and its answer", async () => {
  const seat = await stage.person("officer");
  await seat.read("You have no current authorisation. Ask for one first.");
  await choose(seat, "Ask for an authorisation");
  await seat.see("Ask for an authorisation");
  await reach(seat, "Reference");
  const hint = "Your own reference, such as a case number. Never a person’s name.";
  for (let times = 0; times < 2; times++) {
    await seat.page.keyboard.press("Enter");
    assert.deepEqual(await heardOf(seat), { alerts: ["Please write a reference."], focused: ["Reference", hint, "true"] });
  }
  await seat.page.keyboard.press("Tab");
  await seat.page.keyboard.press("Shift+Tab");
  assert.equal((await heardOf(seat)).focused[1], hint + " Please write a reference.", "who comes back hears it again");
  await seat.page.keyboard.type("Case 9");
  assert.deepEqual((await heardOf(seat)).alerts, []);
  await reach(seat, "What it is for");
  assert.match(String((await heardOf(seat)).focused[1]), / Please write a sentence\.$/, "the next is heard as the focus comes to it");
  await seat.page.keyboard.type("Return a lost bag");
  await seat.page.keyboard.press("Enter");
  await seat.read("Waiting for an approver");
  const approver = await stage.person("approver");
  await approver.read("Case 9");
  await reach(approver, "Refuse");
  // held down, a key asks, and does not answer
  for (let times = 0; times < 3; times++) await approver.page.keyboard.down("Enter");
  await approver.page.keyboard.up("Enter");
  await approver.read("Refuse Case 9?");
  await approver.page.keyboard.press("Tab");
  assert.equal(await focused(approver), "Reason");
  await approver.page.keyboard.type("Not this week");
  await approver.page.keyboard.press("Tab");
  await approver.page.keyboard.down("Enter");
  await approver.page.keyboard.up("Enter");
  await approver.stand();
  assert.match(await approver.text(), /Refuse Case 9\?/, "too soon to have been read");
  await reach(approver, "No, leave it", "Shift+Tab");
  await approver.page.keyboard.press("Enter");
  await approver.stand();
  await choose(approver, "Approve", "Shift+Tab");
  await approver.read("You approved Case 9.");
  assert.equal(await focused(approver), "Case 9"); // whose card says so
});

test("what has the focus is never under the foot of the screen", async () => {
  const seat = await stage.officer();
  await seat.press("In person");
  const hidden = () => seat.page.evaluate(() => {
    const at = document.activeElement as HTMLElement;
    const foot = document.querySelector(".foot") as HTMLElement;
    // behind the last control the browser's own are next
    return at !== document.body && !foot.contains(at) && at.getBoundingClientRect().bottom > foot.getBoundingClientRect().top;
  });
  for (let i = 0; i < 20; i++) {
    await seat.page.keyboard.press("Tab");
    assert.equal(await hidden(), false, await focused(seat));
  }
});

test("every control can be hit: 64 pixels on the screens for the street, 44 elsewhere", async () => {
  const seat = await stage.officer();
  const small = (least: number) =>
    seat.page.evaluate((wanted) => {
      const controls = Array.from(document.querySelectorAll<HTMLElement>("button, input, select, summary"));
      const shown = controls.filter((one) => one.offsetParent !== null && !one.matches("[type=checkbox]"));
      return shown.filter((one) => one.getBoundingClientRect().height < wanted).map((one) => one.textContent);
    }, least);
  await seat.read("Your authorisations");
  assert.deepEqual(await small(44), []);
  await seat.press("In person");
  const keys = await seat.page.locator(".key").evaluateAll((found) =>
    found.map((key) => [key.getBoundingClientRect().width, key.getBoundingClientRect().height]),
  );
  assert.equal(keys.length, 12);
  for (const [width = 0, height = 0] of keys) assert.ok(width >= 64 && height >= 64, `${width} by ${height}`);
  await seat.press("Make code");
  await seat.read("Not checked yet");
  assert.deepEqual(await small(64), []);
  await seat.press("Show words");
  await seat.page.locator(".word").first().waitFor();
  assert.deepEqual(await small(64), []);
  const controls = await seat.page.locator(".controls").boundingBox();
  assert.ok(controls !== null && controls.y >= (740 * 2) / 3, "in the bottom third");
});
