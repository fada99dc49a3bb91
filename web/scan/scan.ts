import { type Camera, type Watcher, openCamera } from "./camera.ts";
import { readPhoto } from "./photo.ts";

/** What scan.js gives the page: it is loaded only when scanning starts. */
export interface Scanner {
  camera(video: HTMLVideoElement, watcher: Watcher): Camera;
  /** Reads a photo until `wanted` says yes to a text; says whether there was any code at all. */
  photo(file: Blob, wanted: (text: string) => boolean): Promise<boolean>;
}

declare global {
  interface Window {
    countersignScan?: Scanner;
  }
}

window.countersignScan = { camera: openCamera, photo: readPhoto };
