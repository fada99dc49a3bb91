import assert from "node:assert/strict";
import { type Spoiling, drawFrame } from "../../../web/test/frames.ts";
import { fragmentOf } from "../browser.ts";
import { photoOf } from "../film.ts";
import { type FakeService, token } from "../service.ts";
import type { EnginePage } from "./engine.ts";
import type { Flow } from "./flows.ts";

// Scanning in each engine: finding the symbol in the frames of a video, more than one camera, a photo. Only Chromium can have a film in
// the place of its camera, so here a stand-in takes the place of `navigator.mediaDevices` in all of them: canvases, painted with a real
// symbol, are the cameras (`captureStream`). What a browser does before it gives a stream, asking the person for one, is not tested by it.

const genuine = "This code is genuine";
const aim = "Get their code inside the square. We check it at once.";

/** Two cameras, of which only one may be open at a time, as on several phones. They show nothing until they are painted. */
const CAMERAS = `
  window.asked = [];
  const canvases = {};
  for (const name of ["wide", "far"]) {
    const canvas = canvases[name] = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    canvas.picture = canvas;
    // a canvas gives a frame only when something is drawn
    setInterval(() => context.drawImage(canvas.picture, 0, 0), 40);
  }
  window.paint = async (name, png) => {
    const bytes = Uint8Array.from(atob(png), (sign) => sign.charCodeAt(0));
    canvases[name].picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  };
  let open = null;
  Object.defineProperty(navigator, "mediaDevices", { value: {
    async getUserMedia({ video }) {
      const name = video.deviceId ? video.deviceId.exact : "wide";
      asked.push(video.deviceId ? name : video.facingMode);
      if (open !== null && open.readyState === "live") throw new DOMException("In use", "NotReadableError");
      const stream = canvases[name].captureStream(25);
      [open] = stream.getVideoTracks();
      open.getSettings = () => ({ deviceId: name });
      return stream;
    },
    enumerateDevices: async () => ["wide", "far"].map((deviceId) => ({ kind: "videoinput", deviceId })),
  } });`;

declare const asked: string[];
declare const paint: (name: string, png: string) => Promise<void>;

type CameraName = "wide" | "far";

/** Puts the symbol of a text before a camera. */
async function show(page: EnginePage, name: CameraName, text: string, spoiling: Spoiling = {}): Promise<void> {
  const png = photoOf(drawFrame(text, { width: 640, height: 480, ...spoiling })).toString("base64");
  await page.evaluate((given) => paint(given.name, given.png), { name, png });
}

const linkOf = (service: FakeService, bytes: Buffer): string => service.url + fragmentOf(bytes);
const camerasAsked = (page: EnginePage): Promise<string[]> => page.evaluate(() => asked, null);
/** Whether the picture of the camera runs: a page that holds the camera for nothing would show it. */
const isOpen = (page: EnginePage): Promise<boolean> =>
  page.evaluate(() => ((document.querySelector("video")?.srcObject ?? null) as MediaStream | null)?.active === true, null);

/** Chooses a file as the person does, but for the browser's own window. */
async function choose(page: EnginePage, file: Buffer): Promise<void> {
  await page.evaluate((content) => {
    const chosen = new DataTransfer();
    chosen.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], "IMG_2041", {}));
    const input = document.querySelector<HTMLInputElement>("input[type=file]");
    if (input === null) throw new Error("nothing to choose with");
    input.files = chosen.files;
    input.dispatchEvent(new Event("change"));
  }, file.toString("base64"));
}

/** By name. */
export const scanning: Readonly<Record<string, Flow>> = {
  "a symbol before the camera is read, dark on light and light on dark": async (open, service) => {
    const page = await open();
    await page.run(CAMERAS);
    for (const spoiling of [{ turn: 8, noise: 4 }, { levels: [235, 20], blur: 1 }] as const) {
      const bytes = token({ name: "Anna" });
      await show(page, "wide", linkOf(service, bytes), spoiling);
      await page.press("Scan a code");
      await page.see(genuine);
      assert.equal(service.asked.slice(-1)[0]?.token, bytes.toString("base64url"));
      assert.equal(await isOpen(page), false);
      await page.press("Check another code");
    }
  },

  "another of several cameras is used, and what cannot be read yet is said to be seen": async (open, service) => {
    const page = await open();
    await page.run(CAMERAS);
    await show(page, "far", linkOf(service, token()), { torn: true });
    await page.press("Scan a code");
    await page.announced(aim);
    assert.equal(await isOpen(page), true);
    await page.press("Use another camera");
    await page.announced("We see a code. Hold still.");
    assert.deepEqual(await camerasAsked(page), ["environment", "far"]);
    await show(page, "far", "https://evil.example/pay");
    await page.announced("This is not one of our codes. We did not open it.");
    await show(page, "far", linkOf(service, token()));
    await page.see(genuine);
  },

  "a photo that cannot be opened is said to be one, and another is read": async (open, service) => {
    const page = await open();
    await page.run(CAMERAS);
    await page.press("Scan a code");
    await page.announced(aim);
    for (const [file, said] of [
      [Buffer.concat([Buffer.from("00000024", "hex"), Buffer.from("ftypheic0000mif1heic")]), "This browser cannot open this kind of photo. Take a screenshot of it, and choose that."],
      [Buffer.from("BEGIN:VCARD"), "This file is no photo. Choose a photo of the code."],
    ] as const) {
      await choose(page, file);
      await page.announced(said);
    }
    await choose(page, photoOf(drawFrame(linkOf(service, token()), { width: 900, height: 1200, size: 0.4, turn: 90, levels: [230, 15] })));
    await page.see(genuine);
  },
};
