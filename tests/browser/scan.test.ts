import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { BrowserContextOptions, JSHandle } from "playwright-core";
import type { Spoiling } from "../../web/test/frames.ts";
import { PHONE, type Visit, fragmentOf, wordsOf } from "./browser.ts";
import { Film } from "./film.ts";
import { findProblems } from "./problems.ts";
import { answer, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Scanning with a camera: what stands before it is a film of our own.

const film = new Film();
const stage = new Stage(film.switches);
const genuine = "This code is genuine";
const allowed: BrowserContextOptions = { ...PHONE, permissions: ["camera"] };

after(() => film.remove());

const linkOf = (bytes: Buffer): string => stage.service.url + fragmentOf(bytes);

/** Opens the page and begins to scan. */
async function scan(options = allowed, before = ""): Promise<Visit> {
  const page = await stage.visit("/", options, before);
  await begin(page);
  return page;
}

async function begin(page: Visit): Promise<void> {
  await page.page.getByRole("button", { name: /^Scan a code/ }).click();
}

/** Waits for what the line under the picture says. */
async function announced(page: Visit, words: string | RegExp): Promise<void> {
  await page.page.locator("[aria-live]").filter({ hasText: words }).waitFor();
}

/** The camera of the screen, to be asked later whether it still runs. */
async function cameraOf(page: Visit): Promise<JSHandle<MediaStreamTrack>> {
  await announced(page, "Get their code inside the square");
  return page.page.evaluateHandle(() => {
    const [track] = (document.querySelector("video")?.srcObject as MediaStream).getTracks();
    if (track === undefined) throw new Error("no camera");
    return track;
  });
}

const stateOf = (camera: JSHandle<MediaStreamTrack>): Promise<string> => camera.evaluate((track) => track.readyState);

const pictures: { readonly [name: string]: Spoiling } = {
  "held well": {},
  blurred: { blur: 4 },
  tilted: { tilt: [0.3, -0.2], turn: 25, size: 0.7, blur: 1 },
  "low in contrast": { levels: [70, 95], blur: 1, noise: 2 },
  noisy: { noise: 60, blur: 1 },
  "lit from one side": { shade: 0.8, levels: [20, 170], noise: 4 },
  "far away": { size: 0.3 },
  "light on dark": { levels: [235, 20], turn: 4, noise: 2 },
};

for (const [name, spoiling] of Object.entries(pictures)) {
  test(`a code before the camera is checked at once: ${name}`, async () => {
    const bytes = token({ name: "Anna" });
    film.show(linkOf(bytes), spoiling);
    const page = await scan();
    await page.see(genuine);
    assert.match(await page.text(), /Anna[^]*Is this who you are dealing with\?/);
    assert.deepEqual(stage.service.asked.map((asked) => asked.token), [bytes.toString("base64url")]);
  });
}

test("the number that was read out goes with a scanned code", async () => {
  film.showNothing();
  const page = await stage.visit("/", allowed);
  const number = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await page.press("I have read it out");
  film.show(linkOf(token({ challenge: Number(number) })));
  await begin(page);
  await page.see(genuine);
  assert.match(await page.text(), /This code was made with your number/);
});

test("a token counts wherever its link points, and nothing is asked of that place", async () => {
  film.show("https://evil.example/login" + fragmentOf(token()));
  const page = await scan();
  await page.see(genuine);
  assert.equal(page.page.url(), stage.service.url + "/");
  assert.deepEqual([...page.origins], [stage.service.url]);
});

test("a code that is not ours is not opened, and scanning goes on", async () => {
  film.show("https://evil.example/pay?now");
  const page = await scan();
  await announced(page, "This is not one of our codes. We did not open it.");
  assert.equal(page.page.url(), stage.service.url + "/");
  assert.deepEqual(stage.service.asked, []);
  film.show(linkOf(token()));
  await page.see(genuine);
});

test("a damaged token, and one that the service calls mistyped, are not genuine", async () => {
  film.show(linkOf(token()).slice(0, -1));
  await (await scan()).see("This code is not genuine");
  assert.deepEqual(stage.service.asked, []);
  stage.service.reply = () => answer("mistyped");
  film.show(linkOf(token()));
  await (await scan()).see("This code is not genuine");
});

test("frames that fail do not end scanning", async () => {
  film.show(linkOf(token()));
  const failing = `
    const real = CanvasRenderingContext2D.prototype.getImageData;
    let left = 5;
    CanvasRenderingContext2D.prototype.getImageData = function (...area) {
      if (left-- > 0) throw new DOMException("The picture cannot be read", "InvalidStateError");
      return real.apply(this, area);
    };`;
  await (await scan(allowed, failing)).see(genuine);
});

test("a camera with a light offers it", async () => {
  const withLight = `
    const asked = (window.lights = []);
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
    MediaStreamTrack.prototype.applyConstraints = (wanted) => Promise.resolve(asked.push(wanted.advanced[0].torch));`;
  film.showNothing();
  const page = await scan(allowed, withLight);
  await page.press("Turn on the light");
  await page.press("Turn off the light");
  await page.page.getByRole("button", { name: "Turn on the light" }).waitFor();
  assert.deepEqual(await page.page.evaluate(() => (window as unknown as { lights: boolean[] }).lights), [true, false]);
  const dark = await scan();
  await cameraOf(dark);
  assert.equal(await dark.page.getByRole("button", { name: /light/ }).count(), 0);
});

test("a code that cannot be read yet is said to be seen", async () => {
  film.show(linkOf(token()), { torn: true });
  const page = await scan();
  await announced(page, "We see a code. Hold still.");
  film.show(linkOf(token()));
  await page.see(genuine);
});

test("with several cameras another may be used, and nothing of them is kept", async () => {
  const several = `
    const asked = (window.asked = []);
    const real = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = function (wanted) {
      asked.push(wanted.video.deviceId ? wanted.video.deviceId.exact : wanted.video.facingMode);
      return real.call(this, { video: true });
    };
    const camera = (deviceId) => ({ kind: "videoinput", deviceId });
    MediaStreamTrack.prototype.getSettings = () => ({ deviceId: "wide" });
    MediaDevices.prototype.enumerateDevices = () => Promise.resolve([camera("front"), camera("wide"), { kind: "audioinput", deviceId: "x" }, camera("far")]);`;
  film.showNothing();
  const page = await scan(allowed, several);
  for (let n = 0; n < 3; n++) {
    const camera = await cameraOf(page);
    await page.press("Use another camera");
    await page.page.waitForFunction((track) => track.readyState === "ended", camera);
    await page.page.waitForFunction((times) => (window as unknown as { asked: string[] }).asked.length === times, n + 2);
    await page.page.waitForFunction(() => ((document.querySelector("video")?.srcObject ?? null) as MediaStream | null)?.active);
  }
  assert.deepEqual(await page.page.evaluate(() => (window as unknown as { asked: string[] }).asked), ["environment", "far", "front", "wide"]);
  assert.deepEqual(await page.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
  film.show(linkOf(token()));
  await page.see(genuine);
  film.showNothing();
  const one = await scan();
  await cameraOf(one);
  assert.equal(await one.page.getByRole("button", { name: "Use another camera" }).count(), 0);
});

const ways: { readonly [name: string]: (page: Visit) => Promise<void> } = {
  "going back": (page) => page.press("Go back"),
  "typing the words": (page) => page.press("Type the words instead"),
  "an opened link": (page) => page.page.evaluate((fragment) => location.assign(fragment), fragmentOf(token()).slice(1)),
  "a code that was read": async (page) => {
    film.show(linkOf(token()));
    await page.see(genuine);
  },
};

for (const [name, leave] of Object.entries(ways)) {
  test(`the camera is turned off by ${name}`, async () => {
    film.showNothing();
    const page = await scan();
    const camera = await cameraOf(page);
    assert.equal(await stateOf(camera), "live");
    await leave(page);
    await page.page.waitForFunction((track) => track.readyState === "ended", camera);
  });
}

test("the exit turns the camera off at once, however slow the next page is", async () => {
  film.showNothing();
  const page = await scan();
  const camera = await cameraOf(page);
  const state = camera.evaluate((track) => {
    document.querySelector<HTMLElement>(".exit")?.click();
    return track.readyState;
  });
  assert.equal(await state, "ended");
});

test("the camera is turned off while the page is not seen, and starts again only by a press", async () => {
  film.showNothing();
  const page = await scan();
  const camera = await cameraOf(page);
  const see = (hidden: boolean) =>
    page.page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await see(true);
  assert.equal(await stateOf(camera), "ended");
  await see(false);
  await announced(page, "The camera is off.");
  film.show(linkOf(token()));
  await page.press("Try the camera again");
  await page.see(genuine);
});

test("a camera that is taken away, or whose page is put aside, is said to be off", async () => {
  film.showNothing();
  for (const name of ["ended", "pagehide"]) {
    const page = await scan();
    const camera = await cameraOf(page);
    await camera.evaluate((track, type) => (type === "ended" ? track : window).dispatchEvent(new Event(type)), name);
    await announced(page, "The camera is off.");
    assert.equal(await stateOf(camera), "ended");
    assert.equal(await page.page.locator("video").isVisible(), false);
  }
});

test("a camera that is allowed only after the screen was left is turned off at once", async () => {
  const slow = `
    const real = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (wanted) {
      const stream = await real.call(this, wanted);
      await new Promise((resolve) => document.addEventListener("allow", resolve));
      [document.track] = stream.getTracks();
      return stream;
    };`;
  film.showNothing();
  const page = await scan(allowed, slow);
  await page.page.waitForFunction(() => "countersignScan" in window);
  await page.press("Go back");
  const state = () => {
    document.dispatchEvent(new Event("allow"));
    return (document as unknown as { track?: MediaStreamTrack }).track?.readyState === "ended";
  };
  await page.page.waitForFunction(state);
});

test("a camera that is refused or in use leaves every other way", async () => {
  film.showNothing();
  const refused = await scan(PHONE);
  await announced(refused, "The camera is not allowed here.");
  assert.equal(await refused.page.locator("video").isVisible(), false);
  const inUse = `MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException("In use", "NotReadableError"))`;
  const busy = await scan(allowed, inUse);
  await announced(busy, "The camera did not start. Another app may be using it.");
  for (const page of [refused, busy]) {
    assert.equal(await page.page.getByRole("button", { name: "Use a photo instead" }).isVisible(), true);
    await page.press("Type the words instead");
    await page.see("Type the words");
  }
});

test("with the built-ins of 2015 alone a code is scanned, or typed", async () => {
  const younger = `
    const remove = (holder, names) => names.split(" ").forEach((name) => delete holder[name]);
    remove(Array.prototype, "includes flat flatMap at findLast findLastIndex toSorted toReversed toSpliced with");
    remove(Object, "entries values fromEntries getOwnPropertyDescriptors hasOwn groupBy");
    remove(String.prototype, "padStart padEnd trimStart trimEnd matchAll replaceAll at isWellFormed");
    remove(Promise, "allSettled any withResolvers try");
    remove(Promise.prototype, "finally");
    remove(Object.getPrototypeOf(Uint8Array.prototype), "includes at findLast findLastIndex toSorted toReversed with");
    remove(window, "structuredClone queueMicrotask Atomics SharedArrayBuffer WeakRef");
    remove(NodeList.prototype, "forEach entries keys values");
    remove(Element.prototype, "append prepend replaceChildren");`;
  const known = token();
  stage.knows(known);
  film.show(linkOf(known));
  const page = await scan(allowed, younger);
  await page.see(genuine);
  await page.press("Check another code");
  await page.enter("words", await wordsOf(known));
  await page.see(genuine);
});

test("the live picture and a refused camera have no accessibility problem and fit", async () => {
  film.showNothing();
  for (const [options, line] of [[allowed, "Get their code inside the square."], [PHONE, "The camera is not allowed here."]] as const) {
    const page = await scan(options);
    await announced(page, line);
    assert.equal(await page.page.evaluate(() => document.activeElement?.textContent), "Scan a code");
    // the camera starts again in each language
    const looks = () => page.page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    assert.deepEqual(await findProblems(page.page.mainFrame(), options === allowed ? looks : undefined), []);
  }
});
