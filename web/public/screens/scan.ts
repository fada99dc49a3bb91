import type { Camera, Ending } from "../../scan/camera.ts";
import { button, el, heading, live, refill } from "../../shared/dom.ts";
import { readToken } from "../../shared/link.ts";
import type { App, Text } from "../app.ts";
import { paragraph } from "./parts.ts";

/** The camera's picture and one line on how it goes. Whatever fails, the other ways stand below. */
export function scanScreen(app: App): Node[] {
  const { t } = app;
  const scan = new Scan(app);
  app.onLeave(() => scan.leave());
  scan.start();
  return [heading(t("scan.title")), scan.view, scan.line, scan.control, ...otherWays(app, scan), paragraph(t("scan.private"), "hint")];
}

/** A code that is seen in one frame and not in the next is not gone. */
const SEEN_MS = 3000;

/** One stay on the screen. */
class Scan {
  private readonly t: Text;
  // the line says all that a person needs who does not see the picture
  private readonly video = el("video", { playsinline: "", "aria-hidden": "true" });
  readonly view = el("div", { class: "viewfinder" }, this.video);
  readonly line = live("means");
  readonly control = el("div", { class: "others" });
  private camera: Camera | null = null;
  private left = false;
  /** The photo that the line is about: a camera or an earlier photo that answers late does not take its place. */
  private chosen: Blob | null = null;
  private seenUntil: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly app: App) {
    this.t = app.t;
  }

  start(): void {
    this.say("scan.wait");
    this.app.parts.scan.load().then(
      (scanner) => {
        if (!this.left) this.camera = scanner.camera(this.video, this);
      },
      () => this.ended("failed"),
    );
  }

  photo(file: Blob): void {
    this.chosen = file;
    this.say("scan.photo_wait");
    this.app.parts.scan.load().then(
      (scanner) => {
        const read = scanner.photo(file, (text) => this.read(text));
        void read.then((outcome) => outcome === "read" || this.chosen !== file || this.say(`scan.${outcome}`));
      },
      () => this.ended("failed"),
    );
  }

  leave(): void {
    this.left = true;
    if (this.camera !== null) this.camera.stop();
  }

  started(hasLight: boolean, isOneOfSeveral: boolean): void {
    if (this.chosen === null) this.say("scan.aim");
    const other = button(this.t("scan.other_camera"), "plain", () => this.next());
    refill(this.control, isOneOfSeveral ? other : null, hasLight ? this.lightButton() : null);
  }

  seen(): void {
    this.say("scan.hold_still");
    clearTimeout(this.seenUntil);
    this.seenUntil = setTimeout(() => this.line.textContent === this.t("scan.hold_still") && this.say("scan.aim"), SEEN_MS);
  }

  /** A token counts wherever its link points, and no link is ever opened. Says whether the screen was left. */
  read(text: string): boolean {
    const reading = readToken(text);
    if (this.left) return true;
    if (reading.kind === "bytes") this.app.checkTicket({ kind: "token", bytes: reading.bytes }, true);
    else if (reading.kind === "not_genuine") this.app.showDamaged();
    else this.foreign();
    return this.left;
  }

  /** One that stays in the picture is read again and again, and is one try. */
  private foreign(): void {
    if (this.line.textContent === this.t("scan.foreign")) return;
    this.app.failed(this.app.past.screen, () => this.say("scan.foreign"));
  }

  ended(why: Ending | "failed"): void {
    this.view.hidden = true;
    // what did not load reads no photo either
    if (this.chosen === null || why === "failed") this.say(`scan.${why}`);
    const again = button(this.t("scan.again"), "main", () => this.app.show({ at: "scan" }));
    refill(this.control, why === "absent" ? null : again);
  }

  private say(key: Parameters<Text>[0]): void {
    // the same words set again would be read out again, frame after frame
    if (this.line.textContent !== this.t(key)) this.line.textContent = this.t(key);
  }

  private next(): void {
    this.chosen = null;
    if (this.camera !== null) this.camera.next();
  }

  private lightButton(): HTMLElement {
    let on = false;
    const press = button(this.t("scan.light_on"), "plain", () => {
      on = !on;
      if (this.camera !== null) this.camera.light(on);
      press.textContent = this.t(on ? "scan.light_off" : "scan.light_on");
    });
    return press;
  }
}

function otherWays(app: App, scan: Scan): Node[] {
  const { t } = app;
  const input = el("input", { type: "file", accept: "image/*", hidden: "" });
  input.addEventListener("change", () => {
    const file = input.files && input.files[0];
    if (file) scan.photo(file);
    // so that the same photo may be chosen again
    input.value = "";
  });
  const typing = app.spokenWays().map((way) => button(t(`scan.${way}`), "plain", () => app.show({ at: "enter", way, typed: "" })));
  return [
    input,
    el(
      "div",
      { class: "others" },
      button(t("scan.photo"), "plain", () => input.click()),
      ...typing,
      button(t("enter.back"), "plain", () => app.back()),
    ),
  ];
}
