import { type BitMatrix, Decoder, Detector, binarize, grayscale } from "@nuintun/qrcode";
import type { Picture } from "./picture.ts";

// The only user of the decoder library.

/** How often a search may look at a pixel, on average: codes took 1 to 2 looks, the worst noise 4. */
const LOOKS_A_PIXEL = 6;

/** The picture that pixels in colour make in grey. */
export function greyOf(pixels: ImageData): Picture {
  return { width: pixels.width, height: pixels.height, luma: grayscale(pixels) };
}

/** What was found in a picture: texts, and whether there is a code that could not be read. */
export interface Found {
  readonly texts: readonly string[];
  readonly blurred: boolean;
}

/** Finds the texts of all QR codes in a picture. Whatever goes wrong inside, there is simply nothing more to read. */
export function decode({ luma, width, height }: Picture): Found {
  const texts: string[] = [];
  let blurred = false;
  try {
    const matrix = bounded(binarize(luma, width, height));
    // strict: fewer false corners in noise, and no code less was read
    const found = new Detector({ strict: true }).detect(matrix);
    let step = found.next();
    while (!step.done) {
      const text = textOf(step.value.matrix);
      if (text !== null) texts.push(text);
      else blurred = true;
      // the answer tells the detector whether these corners are used up
      step = found.next(text !== null);
    }
  } catch {
    // a fault on one frame must not end scanning
  }
  return { texts, blurred };
}

/**
 * Ends a search that takes too long. It tries every three corners with each other: a picture made of nothing but
 * corners would hold the page, and with it the way out, for minutes.
 */
function bounded(matrix: BitMatrix): BitMatrix {
  const get = matrix.get.bind(matrix);
  let left = LOOKS_A_PIXEL * matrix.width * matrix.height;
  matrix.get = (x, y) => {
    left -= 1;
    if (left < 0) throw new Error("searched for long enough");
    return get(x, y);
  };
  return matrix;
}

function textOf(matrix: BitMatrix): string | null {
  try {
    return new Decoder({ decode: toText }).decode(matrix).content;
  } catch {
    return null;
  }
}

/** A token's link is ASCII; whatever else a byte may mean elsewhere, it is no token. */
function toText(bytes: Uint8Array): string {
  let text = "";
  bytes.forEach((byte) => {
    text += String.fromCharCode(byte);
  });
  return text;
}
