import type { Found } from "./decode.ts";
import { readPart } from "./view.ts";

/** Why a camera ended, or never began, without being asked to. */
export type Ending = "refused" | "absent" | "busy" | "off";

/** What the camera reports to. */
export interface Watcher {
  /** The picture is there. */
  started(hasLight: boolean, isOneOfSeveral: boolean): void;
  /** A code was read. */
  read(text: string): void;
  /** There is a code, and it could not be read yet. */
  seen(): void;
  /** The camera ended without being asked to; nothing follows. */
  ended(why: Ending): void;
}

/** A camera that looks for codes until it is stopped. */
export interface Camera {
  /** Turns to the next camera of several. */
  next(): void;
  light(on: boolean): void;
  /** Turns the camera off, also one that is still starting; nothing follows. */
  stop(): void;
}

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const BACK = { facingMode: "environment" };
/** Pixels along a frame's side: more only costs time. */
const SIDE = 720;
const REST_MS = 40;

// not in the types yet
type Torch = MediaTrackCapabilities & MediaTrackConstraintSet & { torch?: boolean };

/** Starts the camera and shows it in a video element. It ends when the page is no longer seen. */
export function openCamera(video: HTMLVideoElement, watcher: Watcher): Camera {
  const camera = new VideoCamera(video, watcher);
  camera.start();
  return camera;
}

class VideoCamera implements Camera {
  private stream: MediaStream | null = null;
  private over = false;
  private started: MediaStream | null = null;
  private frames = 0;
  /** How many frames running had a code that could not be read. */
  private blurred = 0;
  /** The cameras by their names in this browser, that in use first; nothing of them is kept. */
  private cameras: string[] = [];

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly watcher: Watcher,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", this.hidden);
    window.addEventListener("pagehide", this.off);
    this.ask(BACK);
  }

  next(): void {
    // several phones open no camera while another is open
    this.release();
    const [used] = this.cameras.splice(0, 1);
    if (used !== undefined) this.cameras.push(used);
    this.ask({ deviceId: { exact: this.cameras[0] || "" } });
  }

  private ask(which: MediaTrackConstraints): void {
    askForCamera(which).then(
      (stream) => this.show(stream),
      (fault: unknown) => this.end(endingOf(fault)),
    );
  }

  private release(): void {
    const { stream } = this;
    this.stream = null;
    if (stream === null) return;
    stream.getTracks().forEach((track) => {
      track.removeEventListener("ended", this.off);
      track.stop();
    });
  }

  light(on: boolean): void {
    const track = trackOf(this.stream);
    if (track) track.applyConstraints({ advanced: [{ torch: on } as Torch] }).catch(() => undefined);
  }

  stop(): void {
    this.over = true;
    document.removeEventListener("visibilitychange", this.hidden);
    window.removeEventListener("pagehide", this.off);
    this.release();
    this.video.srcObject = null;
  }

  private end(why: Ending): void {
    if (this.over) return;
    this.stop();
    this.watcher.ended(why);
  }

  private readonly off = (): void => this.end("off");

  private readonly hidden = (): void => {
    if (document.hidden) this.off();
  };

  private show(stream: MediaStream): void {
    this.release();
    this.stream = stream;
    if (this.over) return this.stop();
    stream.getTracks().forEach((track) => track.addEventListener("ended", this.off));
    this.video.muted = true;
    this.video.srcObject = stream;
    // older browsers return nothing
    const playing = this.video.play() as Promise<void> | undefined;
    if (playing) playing.catch(() => undefined);
    if (this.frames > 0) return;
    // names are given only once a camera is allowed
    void camerasBeside(stream).then((cameras) => {
      this.cameras = cameras;
      this.started = null;
    });
    this.look();
  }

  private look(): void {
    if (this.over) return;
    const began = Date.now();
    if (this.video.videoWidth > 0 && this.stream !== null) {
      if (this.stream !== this.started) this.watcher.started(hasLight(this.stream), this.cameras.length > 1);
      this.started = this.stream;
      this.frames += 1;
      const { texts, blurred } = readFrame(this.video, this.frames);
      // the first text that counts may stop the camera
      texts.forEach((text) => this.over || this.watcher.read(text));
      // noise looks like a code now and then, but not twice running
      this.blurred = blurred && texts.length === 0 ? this.blurred + 1 : 0;
      if (this.blurred > 1) this.watcher.seen();
    }
    // the page rests as long as it worked, so that its buttons answer on a slow phone too
    setTimeout(() => this.look(), Math.max(REST_MS, Date.now() - began));
  }
}

/** All cameras, this one first. */
function camerasBeside(stream: MediaStream): Promise<string[]> {
  const track = trackOf(stream);
  const used = (track && track.getSettings && track.getSettings().deviceId) || "";
  const listed = navigator.mediaDevices.enumerateDevices ? navigator.mediaDevices.enumerateDevices() : Promise.resolve([]);
  return listed.then(
    (devices) => {
      const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== "").map(({ deviceId }) => deviceId);
      const at = Math.max(0, cameras.indexOf(used));
      return cameras.slice(at).concat(cameras.slice(0, at));
    },
    () => [],
  );
}

function askForCamera(which: MediaTrackConstraints): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices || !devices.getUserMedia) return Promise.reject({ name: "NotFoundError" });
  return devices.getUserMedia({ audio: false, video: Object.assign({}, SIZE, which) });
}

function endingOf(fault: unknown): Ending {
  const { name } = fault as { readonly name?: string };
  if (name === "NotAllowedError" || name === "SecurityError" || name === "PermissionDeniedError") return "refused";
  return name === "NotFoundError" || name === "DevicesNotFoundError" ? "absent" : "busy";
}

/**
 * The square in the middle, which is what the person sees; alternately large and small, because each reads what the other cannot.
 * Every third pair is taken as light on dark.
 */
function readFrame(video: HTMLVideoElement, count: number): Found {
  const { videoWidth, videoHeight } = video;
  const side = Math.min(videoWidth, videoHeight);
  const part = { left: (videoWidth - side) / 2, top: (videoHeight - side) / 2, width: side, height: side };
  return readPart(video, part, Math.min(1, SIDE / side) / (count % 2 === 1 ? 2 : 1), count % 6 > 3);
}

function trackOf(stream: MediaStream | null): MediaStreamTrack | undefined {
  return stream === null ? undefined : stream.getVideoTracks()[0];
}

function hasLight(stream: MediaStream | null): boolean {
  const track = trackOf(stream);
  return !!track && !!track.getCapabilities && !!(track.getCapabilities() as Torch).torch;
}
