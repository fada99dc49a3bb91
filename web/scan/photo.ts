import { readPart } from "./view.ts";

/** Pixels along the longer side, in the order in which they are tried: most photos are read by the first. */
const SIDES = [1600, 800, 2400];

/** What came of a photo: some code was read, there was none, this browser cannot open it, or it is no picture at all. */
export type PhotoOutcome = "read" | "no_code" | "no_kind" | "no_photo";

/** Reads a photo until `wanted` says yes to a text. */
export async function readPhoto(file: Blob, wanted: (text: string) => boolean): Promise<PhotoOutcome> {
  const image = await load(file);
  if (image === null) return (await isPicture(file)) ? "no_kind" : "no_photo";
  const part = { left: 0, top: 0, width: image.naturalWidth, height: image.naturalHeight };
  const longer = Math.max(part.width, part.height);
  let any = false;
  // dark on light first, as nearly all are
  for (const inverted of [false, true]) {
    for (const side of SIDES) {
      // the page answers in between
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { texts } = readPart(image, part, side / longer, inverted);
      any = any || texts.length > 0;
      if (texts.some(wanted)) return "read";
    }
    if (any) return "read";
  }
  return "no_code";
}

/** How files of the kinds begin that some browsers cannot open: HEIC and AVIF, TIFF and raw photos, JPEG XL. */
const PICTURES = /^(....ftyp|II\*|MM\0\*|\xff\n|\0\0\0\x0cJXL)/;

/** Whether a file is a picture, of whatever kind. Names and types are as a person's phone made them up. */
async function isPicture(file: Blob): Promise<boolean> {
  if (/^image\//.test(file.type) && file.size > 0 && !/png|jpeg|gif|webp/.test(file.type)) return true;
  const begin = await new Promise<string>((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(typeof reader.result === "string" ? reader.result : "");
    reader.readAsBinaryString(file.slice(0, 16));
  });
  return PICTURES.test(begin);
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
