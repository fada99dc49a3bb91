import { Byte, Encoder, Numeric } from "@nuintun/qrcode";
import type { Picture } from "../scan/picture.ts";

// Frames as a poor camera would take them of an officer's screen, drawn from a link and the same each time.

/** What is done to a symbol on its way to a frame; nothing, where nothing is said. */
export interface Spoiling {
  readonly width?: number;
  readonly height?: number;
  /** Side of the symbol with its quiet zone, as a share of the frame's height. */
  readonly size?: number;
  /** In degrees. */
  readonly turn?: number;
  /** How much nearer one edge is than the other, sideways and upwards: 0.5 is a lot. */
  readonly tilt?: readonly [number, number];
  /** Standard deviation, in pixels. */
  readonly blur?: number;
  /** Levels of black and white. */
  readonly levels?: readonly [number, number];
  /** Standard deviation, in levels. */
  readonly noise?: number;
  /** How much of the light is lost towards one corner: 1 is all. */
  readonly shade?: number;
  /** Whether the middle is torn out, so that it cannot be read. */
  readonly torn?: boolean;
  readonly seed?: number;
}

type Symbol = (across: number, down: number) => number;

const QUIET = 4;
/** What is around the symbol: a dark room. */
const SURROUNDINGS = 0.25;
/** Where in a pixel the symbol is sampled, across and down. */
const SAMPLES = [1 / 4, 3 / 4];

/** Draws the symbol of a text: as the service does, the digits behind the last `#` go into a segment of their own. */
export function drawFrame(text: string, spoiling: Spoiling = {}): Picture {
  const { width = 480, height = 480, blur = 0 } = spoiling;
  const light = blurred(project(symbolOf(text), width, height, spoiling), width, height, blur);
  return { width, height, luma: expose(light, width, height, spoiling) };
}

/** Numbers from 0 to 1 that look random and are the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The light of each module, 0 to 1, over the square from 0 to 1. */
function symbolOf(text: string): Symbol {
  const [, prefix = "", digits = ""] = /^([^]*?)([0-9]*)$/.exec(text) ?? [];
  const segments = [...(prefix === "" ? [] : [new Byte(prefix)]), ...(digits === "" ? [] : [new Numeric(digits)])];
  const encoded = new Encoder({ level: "M" }).encode(...segments);
  const side = encoded.size + 2 * QUIET;
  return (across, down) => {
    if (across < 0 || across >= 1 || down < 0 || down >= 1) return SURROUNDINGS;
    const x = Math.floor(across * side) - QUIET;
    const y = Math.floor(down * side) - QUIET;
    const inside = x >= 0 && y >= 0 && x < encoded.size && y < encoded.size;
    return inside && encoded.get(x, y) === 1 ? 0 : 1;
  };
}

function project(symbol: Symbol, width: number, height: number, { size = 0.8, turn = 0, tilt = [0, 0], torn = false }: Spoiling): Float32Array {
  const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  const [across, down] = tilt;
  const light = new Float32Array(width * height);
  const at = (x: number, y: number): number => {
    if (torn && Math.hypot(x - width / 2, y - height / 2) < 0.2 * size * height) return 1;
    const X = (x - width / 2) / (size * height);
    const Y = (y - height / 2) / (size * height);
    const depth = 1 - across * X - down * Y;
    return symbol((X * cos + Y * sin) / depth + 0.5, (Y * cos - X * sin) / depth + 0.5);
  };
  for (let i = 0; i < light.length; i++) {
    let sum = 0;
    for (const dx of SAMPLES) for (const dy of SAMPLES) sum += at((i % width) + dx, Math.floor(i / width) + dy);
    light[i] = sum / (SAMPLES.length * SAMPLES.length);
  }
  return light;
}

function blurred(light: Float32Array, width: number, height: number, deviation: number): Float32Array {
  if (deviation === 0) return light;
  const reach = Math.ceil(2.5 * deviation);
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight);
  const pass = (from: Float32Array, length: number, step: number): Float32Array =>
    from.map((_, i) => {
      const place = Math.floor(i / step) % length;
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        // what lies outside is as its nearest pixel
        const near = Math.max(-place, Math.min(length - 1 - place, k));
        sum += (weights[k + reach] ?? 0) * (from[i + near * step] ?? 0);
      }
      return sum / total;
    });
  return pass(pass(light, width, 1), height, width);
}

function expose(light: Float32Array, width: number, height: number, spoiling: Spoiling): Uint8Array {
  const { levels = [0, 255], noise = 0, shade = 0, seed = 1 } = spoiling;
  const random = randomOf(seed);
  const [black, white] = levels;
  // a sum of uniform numbers is near enough to a normal one
  const normal = (): number => random() + random() + random() + random() - 2;
  const luma = new Uint8ClampedArray(light.length);
  light.forEach((value, i) => {
    const corner = (i % width) / width / 2 + Math.floor(i / width) / height / 2;
    const grain = noise === 0 ? 0 : noise * Math.sqrt(3) * normal();
    luma[i] = (black + (white - black) * value) * (1 - shade * corner) + grain;
  });
  return new Uint8Array(luma.buffer);
}

/** A picture of one level. */
export function blank(width: number, height: number, level: number): Picture {
  return { width, height, luma: new Uint8Array(width * height).fill(level) };
}

/** Two pictures of one size, the second to the right of the first. */
export function beside(left: Picture, right: Picture): Picture {
  const { width, height } = left;
  const luma = new Uint8Array(2 * width * height);
  for (let y = 0; y < height; y++) {
    luma.set(left.luma.subarray(y * width, (y + 1) * width), 2 * y * width);
    luma.set(right.luma.subarray(y * width, (y + 1) * width), (2 * y + 1) * width);
  }
  return { width: 2 * width, height, luma };
}
