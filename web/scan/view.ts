import { type Found, decode, greyOf } from "./decode.ts";
import type { Picture } from "./picture.ts";
import { stretch } from "./stretch.ts";

/** A part of a picture, in the picture's own pixels. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

// one canvas for all frames: a new one for each would fill a small memory
const canvas = document.createElement("canvas");

/** Reads the codes in a part of a picture, seen at a scale: smaller smooths noise, larger keeps what is far away. */
export function readPart(source: CanvasImageSource, part: Part, scale: number, inverted: boolean): Found {
  try {
    return decode(stretch(draw(source, part, scale), inverted));
  } catch {
    // what cannot be drawn is followed by a frame that can
    return { texts: [], blurred: false };
  }
}

function draw(source: CanvasImageSource, part: Part, scale: number): Picture {
  const [width, height] = [Math.round(part.width * scale), Math.round(part.height * scale)];
  if (canvas.width < width || canvas.height < height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no canvas");
  context.drawImage(source, part.left, part.top, part.width, part.height, 0, 0, width, height);
  return greyOf(context.getImageData(0, 0, width, height));
}
