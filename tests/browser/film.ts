import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Picture } from "../../web/scan/picture.ts";
import { type Spoiling, blank, drawFrame } from "../../web/test/frames.ts";
import type { Visit } from "./browser.ts";
import { PNG } from "./tools.ts";

const SIZE = { width: 1280, height: 720 };

/** No hand holds still: by how many degrees each frame of a film is turned. Their noise differs too. */
const WOBBLE = [0, 1, -1];

/** What stands before the camera of a browser: one picture at a time, which may change while the camera runs. */
export class Film {
  private readonly folder = mkdtempSync(join(tmpdir(), "countersign-film-"));
  private readonly path = join(this.folder, "film.y4m");

  /** The switches that put this film before Chromium's camera. Whether the camera may be used is asked as ever. */
  get switches(): string[] {
    return ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${this.path}`];
  }

  /** Shows the QR code of a text; one camera may see it worse than another. */
  show(text: string, spoiling: Spoiling = {}): void {
    this.expose(WOBBLE.map((by, seed) => drawFrame(text, { ...SIZE, seed, ...spoiling, turn: (spoiling.turn ?? 0) + by })));
  }

  /** Shows a bare wall. */
  showNothing(): void {
    this.expose(WOBBLE.map(() => blank(SIZE.width, SIZE.height, 120)));
  }

  private expose(frames: readonly Picture[]): void {
    const { width, height } = SIZE;
    const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420mpeg2\n`);
    // grey: both planes of colour stay in the middle
    const grey = Buffer.alloc((width * height) / 2, 128);
    const film = Buffer.concat([header, ...frames.flatMap(({ luma }) => [Buffer.from("FRAME\n"), luma, grey])]);
    // in place: a running camera must never find the file shorter than its frame
    const file = openSync(this.path, constants.O_RDWR | constants.O_CREAT);
    writeSync(file, film, 0, film.length, 0);
    closeSync(file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A picture as a file of the gallery. */
export function photoOf({ width, height, luma }: Picture): Buffer {
  const png = new PNG({ width, height });
  luma.forEach((level, i) => png.data.set([level, level, level, 255], 4 * i));
  return PNG.sync.write(png, { deflateLevel: 1 });
}

/** Chooses a picture from the gallery, on the screen that scans. */
export async function choosePhoto(visit: Visit, buffer: Buffer): Promise<void> {
  const [chooser] = await Promise.all([visit.page.waitForEvent("filechooser"), visit.press("Use a photo instead")]);
  await chooser.setFiles({ name: "photo.png", mimeType: "image/png", buffer });
}
