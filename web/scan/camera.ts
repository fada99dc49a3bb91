import { readPart } from "./view.ts";

/** Why a camera ended, or never began, without being asked to. */
export type Ending = "refused" | "absent" | "busy" | "off";

/** What the camera reports to. */
export interface Watcher {
  /** The picture is there. */
  started(hasLight: boolean): void;
  /** A code was read. */
  read(text: string): void;
  /** The camera ended without being asked to; nothing follows. */
  ended(why: Ending): void;
}

/** A camera that looks for codes until it is stopped. */
export interface Camera {
  light(on: boolean): void;
  /** Turns the camera off, also one that is still starting; nothing follows. */
  stop(): void;
}

const WANTED = { audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } };
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
  private frames = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly watcher: Watcher,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", this.hidden);
    window.addEventListener("pagehide", this.off);
    askForCamera().then(
      (stream) => this.show(stream),
      (fault: unknown) => this.end(endingOf(fault)),
    );
  }

  light(on: boolean): void {
    const track = trackOf(this.stream);
    if (track) track.applyConstraints({ advanced: [{ torch: on } as Torch] }).catch(() => undefined);
  }

  stop(): void {
    this.over = true;
    document.removeEventListener("visibilitychange", this.hidden);
    window.removeEventListener("pagehide", this.off);
    if (this.stream !== null) this.stream.getTracks().forEach((track) => track.stop());
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
    this.stream = stream;
    if (this.over) return this.stop();
    stream.getTracks().forEach((track) => track.addEventListener("ended", this.off));
    this.video.muted = true;
    this.video.srcObject = stream;
    // older browsers return nothing
    const playing = this.video.play() as Promise<void> | undefined;
    if (playing) playing.catch(() => undefined);
    this.look();
  }

  private look(): void {
    if (this.over) return;
    const began = Date.now();
    if (this.video.videoWidth > 0) {
      if (this.frames === 0) this.watcher.started(hasLight(this.stream));
      this.frames += 1;
      // the first text that counts may stop the camera
      readFrame(this.video, this.frames).forEach((text) => this.over || this.watcher.read(text));
    }
    // the page rests as long as it worked, so that its buttons answer on a slow phone too
    setTimeout(() => this.look(), Math.max(REST_MS, Date.now() - began));
  }
}

function askForCamera(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices || !devices.getUserMedia) return Promise.reject({ name: "NotFoundError" });
  return devices.getUserMedia(WANTED);
}

function endingOf(fault: unknown): Ending {
  const { name } = fault as { readonly name?: string };
  if (name === "NotAllowedError" || name === "SecurityError" || name === "PermissionDeniedError") return "refused";
  return name === "NotFoundError" || name === "DevicesNotFoundError" ? "absent" : "busy";
}

/** The square in the middle, which is what the person sees; alternately large and small, because each reads what the other cannot. */
function readFrame(video: HTMLVideoElement, count: number): string[] {
  const { videoWidth, videoHeight } = video;
  const side = Math.min(videoWidth, videoHeight);
  const part = { left: (videoWidth - side) / 2, top: (videoHeight - side) / 2, width: side, height: side };
  return readPart(video, part, Math.min(1, SIDE / side) / (count % 2 === 1 ? 2 : 1));
}

function trackOf(stream: MediaStream | null): MediaStreamTrack | undefined {
  return stream === null ? undefined : stream.getVideoTracks()[0];
}

function hasLight(stream: MediaStream | null): boolean {
  const track = trackOf(stream);
  return !!track && !!track.getCapabilities && !!(track.getCapabilities() as Torch).torch;
}
