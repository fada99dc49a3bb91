import type { Picture } from "./picture.ts";

/** Shares of the pixels that may be blacker than black and whiter than white: specks and reflections. */
const DARKEST = 0.01;
const LIGHTEST = 0.99;

/**
 * Stretches the contrast so that the darkest of the central square becomes black and its lightest white. The decoder
 * takes a block whose pixels differ little for plain paper, as all do on a dim screen or behind fogged glass.
 */
export function stretch({ width, height, luma }: Picture, inverted = false): Picture {
  const counts = countLevels(width, height, luma);
  let [black, white] = [levelBelow(counts, DARKEST), levelBelow(counts, LIGHTEST)];
  if (white <= black) return { width, height, luma };
  // for codes that are light on dark
  if (inverted) [black, white] = [white, black];
  const factor = 255 / (white - black);
  // the array clamps to 0..255
  const levels = new Uint8ClampedArray(256);
  for (let level = 0; level < 256; level++) levels[level] = (level - black) * factor;
  return { width, height, luma: luma.map((level) => levels[level] || 0) };
}

/** How many pixels of the central square have each level. */
function countLevels(width: number, height: number, luma: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  const side = Math.min(width, height) >> 1;
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      const level = luma[y * width + x] || 0;
      counts[level] = (counts[level] || 0) + 1;
    }
  }
  return counts;
}

/** The level below which a share of all counted pixels lies. */
function levelBelow(counts: Uint32Array, share: number): number {
  let left = share * counts.reduce((sum, count) => sum + count, 0);
  for (let level = 0; level < 256; level++) {
    left -= counts[level] || 0;
    if (left < 0) return level;
  }
  return 255;
}
