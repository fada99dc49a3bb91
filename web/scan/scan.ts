import { type Camera, type Watcher, openCamera } from "./camera.ts";
import { type PhotoOutcome, readPhoto } from "./photo.ts";

/** What scan.js gives the page: it is loaded only when scanning starts. */
export interface Scanner {
  camera(video: HTMLVideoElement, watcher: Watcher): Camera;
  /** Reads a photo until `wanted` says yes to a text. */
  photo(file: Blob, wanted: (text: string) => boolean): Promise<PhotoOutcome>;
}

declare global {
  interface Window {
    countersignScan?: Scanner;
  }
}

window.countersignScan = { camera: openCamera, photo: readPhoto };
