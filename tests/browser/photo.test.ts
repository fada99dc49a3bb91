import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { type Spoiling, beside, blank, drawFrame } from "../../web/test/frames.ts";
import { PHONE, type Visit, fragmentOf } from "./browser.ts";
import { choosePhoto, photoOf } from "./film.ts";
import { token } from "./service.ts";
import { Stage } from "./stage.ts";

// Scanning where there is no camera: a photo, or the words. And how the scanner itself is loaded.

const stage = new Stage();
const genuine = "This code is genuine";
const allowed: BrowserContextOptions = { ...PHONE, permissions: ["camera"] };
const linkOf = (bytes: Buffer): string => stage.service.url + fragmentOf(bytes);

async function scan(before = ""): Promise<Visit> {
  const page = await stage.visit("/", allowed, before);
  await page.page.getByRole("button", { name: /^Scan a code/ }).click();
  return page;
}

async function announced(page: Visit, words: string): Promise<void> {
  await page.page.locator("[aria-live]").filter({ hasText: words }).waitFor();
}

async function offersWords(page: Visit): Promise<void> {
  await page.press("Type the digits instead");
  await page.see("Type the digits");
}

const photos: { readonly [name: string]: Spoiling } = {
  "of a phone, turned": { width: 900, height: 1200, size: 0.4, turn: 90, blur: 1 },
  "from across the room": { width: 2400, height: 1800, size: 0.13 },
  "that is grainy and dim": { width: 1600, height: 1200, size: 0.5, levels: [20, 90], noise: 12, blur: 1 },
  "that is only a small picture": { width: 200, height: 200, size: 0.9 },
  "of a dark screen": { width: 1200, height: 900, size: 0.5, levels: [230, 15], turn: 5 },
};

for (const [name, spoiling] of Object.entries(photos)) {
  test(`a code is read from a photo ${name}`, async () => {
    const page = await scan();
    await announced(page, "We found no camera here.");
    await choosePhoto(page, photoOf(drawFrame(linkOf(token()), spoiling)));
    await page.see(genuine);
  });
}

test("a photo without a code, or that is none, says so calmly, and another may follow", async () => {
  const page = await scan();
  await announced(page, "We found no camera here.");
  const heic = Buffer.concat([Buffer.from("00000024", "hex"), Buffer.from("ftypheic0000mif1heic")]);
  for (const [bad, said] of [
    [photoOf(blank(800, 600, 90)), "We found no code in this photo."],
    [heic, "This browser cannot open this kind of photo. Take a screenshot of it, and choose that."],
    [Buffer.from("no picture at all"), "This file is no photo. Choose a photo of the code."],
    [Buffer.alloc(0), "This file is no photo. Choose a photo of the code."],
  ] as const) {
    await choosePhoto(page, bad);
    await announced(page, said);
  }
  await choosePhoto(page, photoOf(drawFrame("https://evil.example/")));
  await announced(page, "This is not one of our codes. We did not open it.");
  await choosePhoto(page, photoOf(drawFrame("https://evil.example" + fragmentOf(token()))));
  await page.see(genuine);
});

test("a camera that answers late does not take the place of what was said of a photo", async () => {
  const late = `
    MediaDevices.prototype.getUserMedia = () =>
      new Promise((_, refuse) => document.addEventListener("refuse", () => refuse(new DOMException("no", document.refusal))));`;
  for (const name of ["NotAllowedError", "NotReadableError"]) {
    const page = await scan(late);
    await page.page.waitForFunction(() => "countersignScan" in window);
    await choosePhoto(page, photoOf(blank(400, 300, 90)));
    await announced(page, "We found no code in this photo.");
    await page.page.evaluate((refusal) => {
      Object.assign(document, { refusal });
      document.dispatchEvent(new Event("refuse"));
    }, name);
    await page.page.getByRole("button", { name: "Try the camera again" }).waitFor();
    await announced(page, "We found no code in this photo.");
    assert.equal(await page.page.locator("video").isVisible(), false);
  }
});

test("of two photos the line is about the one that was chosen last", async () => {
  // the first is read only once the second was
  const held = `
    const real = FileReader.prototype.readAsBinaryString;
    FileReader.prototype.readAsBinaryString = function (...file) {
      document.held = () => new Promise((read) => {
        this.addEventListener("loadend", () => setTimeout(read, 0));
        real.apply(this, file);
      });
    };`;
  const page = await scan(held);
  await announced(page, "We found no camera here.");
  await choosePhoto(page, Buffer.from("no picture at all"));
  await page.page.waitForFunction(() => "held" in document);
  await choosePhoto(page, photoOf(blank(400, 300, 90)));
  await announced(page, "We found no code in this photo.");
  await page.page.evaluate(() => (document as unknown as { held(): Promise<void> }).held());
  await announced(page, "We found no code in this photo.");
});

test("symbols of an encoder that is not ours are read, dark on light and light on dark", async () => {
  for (const colours of [[], ["--foreground=FFFFFF", "--background=101418"]]) {
    const page = await scan();
    await announced(page, "We found no camera here.");
    await choosePhoto(page, execFileSync("qrencode", ["-o", "-", "-s", "6", "-l", "Q", ...colours, linkOf(token())]));
    await page.see(genuine);
  }
});

test("a foreign code beside ours does not hide it", async () => {
  const page = await scan();
  await choosePhoto(page, photoOf(beside(drawFrame("https://evil.example/"), drawFrame(linkOf(token())))));
  await page.see(genuine);
});

test("a photo that is read after the screen was left changes nothing", async () => {
  const slow = `
    const real = CanvasRenderingContext2D.prototype.getImageData;
    CanvasRenderingContext2D.prototype.getImageData = function (...area) {
      document.querySelector("main .others:not(:empty)").lastChild.click();
      return real.apply(this, area);
    };`;
  const page = await scan(slow);
  await choosePhoto(page, photoOf(drawFrame(linkOf(token()))));
  await page.see("Check who is contacting you");
  assert.deepEqual(stage.service.asked, []);
});

test("a browser that knows no camera is offered the other ways", async () => {
  const page = await scan(`Object.defineProperty(Navigator.prototype, "mediaDevices", { value: undefined })`);
  await announced(page, "We found no camera here. You can use a photo, or type the code.");
  await offersWords(page);
});

test("the scanner is loaded only when scanning starts, and once", async () => {
  const page = await stage.visit("/", allowed);
  await page.page.waitForLoadState("networkidle");
  assert.equal(page.paths.indexOf("/scan.js"), -1);
  for (let i = 0; i < 2; i++) {
    await page.page.getByRole("button", { name: /^Scan a code/ }).click();
    await announced(page, "We found no camera here.");
    await page.press("Go back");
  }
  assert.equal(page.paths.filter((path) => path === "/scan.js").length, 1);
});

test("a scanner that is missing or changed does not run, and the words stand; once it is back, it is tried again", async () => {
  const scanner = stage.service.put("scan.js", null);
  for (const broken of [null, Buffer.from(String(scanner) + ";")]) {
    stage.service.put("scan.js", broken);
    const page = await scan();
    await announced(page, "Scanning did not load. You can type the code.");
    assert.equal(await page.page.evaluate(() => "countersignScan" in window), false);
    // the browser itself says that it refused the changed one
    assert.equal(page.refused.splice(0).length, broken === null ? 0 : 1);
    stage.service.put("scan.js", scanner);
    await page.press("Try the camera again");
    await announced(page, "We found no camera here.");
    await offersWords(page);
  }
});

test("no other script can be loaded, and nobody else may say which", async () => {
  const page = await stage.visit();
  const refused = await page.page.evaluate(() => {
    const { trustedTypes } = window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): object } };
    const acts = [
      () => (document.createElement("script").src = "scan.js"),
      () => trustedTypes.createPolicy("countersign", {}),
      () => trustedTypes.createPolicy("other", {}),
    ];
    return acts.map((act) => {
      try {
        act();
        return "done";
      } catch (fault) {
        return (fault as Error).name;
      }
    });
  });
  assert.deepEqual(refused, ["TypeError", "TypeError", "TypeError"]);
  assert.equal(page.errors.splice(0).filter((error) => /trusted/i.test(error)).length > 0, true);
});
