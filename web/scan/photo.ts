import { readPart } from "./view.ts";

/** Pixels along the longer side, in the order in which they are tried: most photos are read by the first. */
const SIDES = [1600, 800, 2400];

/** Reads a photo until `wanted` says yes to a text; says whether there was any code at all. */
export async function readPhoto(file: Blob, wanted: (text: string) => boolean): Promise<boolean> {
  const image = await load(file);
  if (image === null) return false;
  const part = { left: 0, top: 0, width: image.naturalWidth, height: image.naturalHeight };
  const longer = Math.max(part.width, part.height);
  let any = false;
  for (const side of SIDES) {
    // the page answers in between
    await new Promise((resolve) => setTimeout(resolve, 0));
    const texts = readPart(image, part, side / longer);
    any = any || texts.length > 0;
    if (texts.some(wanted)) break;
  }
  return any;
}

function load(file: Blob): Promise<HTMLImageElement | null> {
  const address = URL.createObjectURL(file);
  const image = new Image();
  return new Promise<HTMLImageElement | null>((resolve) => {
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = address;
  }).then((loaded) => {
    URL.revokeObjectURL(address);
    return loaded;
  });
}
