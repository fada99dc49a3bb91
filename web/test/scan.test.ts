import assert from "node:assert/strict";
import { test } from "node:test";
import { BitMatrix } from "@nuintun/qrcode";
import { decode } from "../scan/decode.ts";
import type { Picture } from "../scan/picture.ts";
import { stretch } from "../scan/stretch.ts";
import { protocol } from "./files.ts";
import { type Spoiling, beside, blank, drawFrame, randomOf } from "./frames.ts";

const links = protocol.vectors.map(({ link }) => link);
const [link = ""] = links;
const scan = (picture: Picture, inverted = false): readonly string[] => decode(stretch(picture, inverted)).texts;

test("every link of the vectors is read", () => {
  for (const each of links) assert.deepEqual(scan(drawFrame(each)), [each]);
});

const frames: { readonly [name: string]: Spoiling } = {
  blurred: { blur: 2.5 },
  turned: { turn: 37, size: 0.6 },
  "upside down": { turn: 180 },
  tilted: { tilt: [0.3, -0.15], size: 0.75, turn: 12 },
  small: { size: 0.35, blur: 0.6 },
  "low in contrast": { levels: [96, 120], blur: 0.8, noise: 1 },
  noisy: { noise: 30, blur: 0.8 },
  "lit from one side": { shade: 0.85, levels: [20, 180], noise: 3 },
};

for (const [name, spoiling] of Object.entries(frames)) {
  test(`a frame is read that is ${name}`, () => assert.deepEqual(scan(drawFrame(link, spoiling)), [link]));
}

test("codes that are light on dark are read, and of bad frames of them as many", (context) => {
  for (const levels of [[255, 0], [210, 40], [130, 90]] as const) {
    const frame = drawFrame(link, { levels, blur: 0.8, noise: 1, turn: 8 });
    assert.deepEqual([scan(frame), scan(frame, true)], [[], [link]], `levels ${levels.join()}`);
  }
  const count = 30;
  let read = 0;
  for (let seed = 0; seed < count; seed++) {
    const { levels = [0, 255], ...spoiling } = badly(seed);
    read += scan(drawFrame(links[seed % links.length] ?? "", { ...spoiling, levels: [levels[1], levels[0]] }), true).length;
  }
  context.diagnostic(`of ${count} bad frames of codes that are light on dark ${read} are read`);
  assert.ok(read >= 18, String(read));
});

test("a code that is seen and cannot be read yet is no wall and no noise", () => {
  assert.deepEqual(decode(stretch(drawFrame(link, { torn: true }))), { texts: [], blurred: true });
  for (const nothing of [blank(480, 480, 128), drawFrame(link, { size: 0.01, noise: 20 })]) {
    assert.deepEqual(decode(stretch(nothing)), { texts: [], blurred: false });
  }
});

test("in a picture of low contrast only the stretch shows the code", () => {
  for (const [black, white] of [[20, 36], [60, 78], [96, 116], [140, 158], [200, 220]] as const) {
    const frame = drawFrame(link, { levels: [black, white], blur: 0.8, noise: 1 });
    assert.deepEqual([decode(frame).texts, scan(frame)], [[], [link]], `levels ${black} to ${white}`);
  }
});

test("of bad frames, far more are read with the stretch", (context) => {
  const count = 120;
  let [plain, stretched] = [0, 0];
  for (let seed = 0; seed < count; seed++) {
    const frame = drawFrame(links[seed % links.length] ?? "", badly(seed));
    plain += decode(frame).texts.length;
    stretched += scan(frame).length;
  }
  context.diagnostic(`of ${count} bad frames ${stretched} are read; without the stretch ${plain}`);
  assert.ok(stretched >= 85 && plain <= 60, `${stretched}, without the stretch ${plain}`);
});

/** A frame that is bad in several ways at once, each frame in others. */
function badly(seed: number): Spoiling {
  const random = randomOf(seed);
  const between = (least: number, most: number): number => least + (most - least) * random();
  const black = between(20, 110);
  return {
    seed,
    size: between(0.6, 0.85),
    turn: between(-25, 25),
    tilt: [between(-0.2, 0.2), between(-0.2, 0.2)],
    blur: between(0.5, 2.2),
    levels: [black, black + between(12, 70)],
    noise: between(0, 4),
    shade: between(0, 0.35),
  };
}

test("a code that is not ours is read too: it is the page that says so", () => {
  for (const text of ["https://shop.example/?id=7", "HELLO", "0123456789"]) assert.deepEqual(scan(drawFrame(text)), [text]);
});

test("of two codes in one picture both are read", () => {
  const pair = beside(drawFrame("https://shop.example/"), drawFrame(link));
  assert.deepEqual([...scan(pair)].sort(), [link, "https://shop.example/"].sort());
});

test("where there is no code, nothing is read", () => {
  const noise = drawFrame(link, { size: 0.01, noise: 80 });
  const cut = { ...drawFrame(link), height: 240, luma: drawFrame(link).luma.slice(0, 480 * 240) };
  for (const picture of [blank(480, 480, 0), blank(480, 480, 255), noise, cut]) assert.deepEqual(scan(picture), []);
});

test("pictures too small, too narrow or broken are no fault", () => {
  for (const [width, height] of [[0, 0], [1, 1], [7, 7], [39, 39], [40, 40], [1, 500], [500, 3]] as const) {
    assert.deepEqual(scan(blank(width, height, 128)), [], `${width} by ${height}`);
  }
  assert.deepEqual(scan({ ...blank(480, 480, 128), luma: new Uint8Array(100) }), []);
});

test("a picture made of nothing but corners does not hold the page for minutes", () => {
  const luma = new Uint8Array(480 * 480).map((_, i) => cornerAt(i % 480, Math.floor(i / 480)));
  const { get } = BitMatrix.prototype;
  const most = 6 * luma.length;
  let looks = 0;
  BitMatrix.prototype.get = function (x, y) {
    if (++looks > 2 * most) throw new Error("this never ends");
    return get.call(this, x, y);
  };
  assert.deepEqual(scan({ width: 480, height: 480, luma }), []);
  BitMatrix.prototype.get = get;
  assert.ok(looks > most / 2 && looks <= most, `${looks} looks at pixels`);
});

/** Finder patterns of a QR code, side by side. */
function cornerAt(x: number, y: number): number {
  const [column, row] = [Math.floor((x % 24) / 3), Math.floor((y % 24) / 3)];
  const ring = Math.max(Math.abs(column - 3), Math.abs(row - 3));
  return ring === 2 || ring > 3 ? 255 : 0;
}
