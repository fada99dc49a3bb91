import { fill } from "../shared/dom.ts";
import { openVoice, present } from "../shared/screen.ts";
import { Api, type Order } from "./api.ts";
import { Confirming } from "./confirming.ts";
import type { Code, Session } from "./model.ts";
import { type Idle, watchIdle } from "./idle.ts";
import { Memory, type Remembered, tabName } from "./memory.ts";
import { News } from "./news.ts";
import { PreparedCodes } from "./prepared.ts";
import { Bar } from "./screens/bar.ts";
import { headerOf } from "./screens/header.ts";
import { HOME, homeScreen } from "./screens/home.ts";
import { liveScreen } from "./screens/live.ts";
import { signInScreen } from "./screens/sign-in.ts";
import { DeviceShelf } from "./shelf.ts";
import { Stay } from "./stay.ts";
import { timeText } from "./times.ts";
import { Trail } from "./trail.ts";
import { t } from "./words.ts";

/** Kept while a sign-out has not reached the service. */
const LEAVING = "leaving";
/** Screens on which something is typed. */
const FORMS = ["ask", "issue", "prepare", "review", "enrol-person"];
/** The titles of screens whose heading holds more than their name. */
const PLAIN_NAMES: { readonly [screen: string]: "header.codes" | "header.people" | "header.in-use" } = {
  live: "header.codes",
  link: "header.people",
  review: "header.in-use",
};
/** A difference between the two clocks that is worth a word, in seconds. */
const CLOCKS_DIFFER = 120;

/** A code that was made here, and what it was made of. */
export interface Made {
  readonly code: Code;
  readonly order: Order;
}

/** A form that was not sent when its session ended. */
interface Unsent {
  readonly callsign: string;
  readonly name: string;
  readonly nodes: readonly Node[];
}

/** The console: one screen at a time, and what outlives a screen. */
export class Console {
  session: Session | null = null;
  readonly api = new Api(() => this.sessionEnded("ended"));
  /** For what the console asks of its own accord. */
  readonly quiet = new Api(() => this.sessionEnded("ended"), true);
  readonly confirming = new Confirming(this.api);
  private readonly shelf = new DeviceShelf(() => localStorage);
  readonly prepared = new PreparedCodes(this.shelf, () => this.now());
  private readonly stay = new Stay(this.shelf, () => crypto.randomUUID());
  private readonly memory = new Memory(tabName(() => sessionStorage));
  private readonly trail = new Trail(history);
  private readonly bar = new Bar();
  readonly news = new News(() => this.session !== null && void this.quiet.heard());
  private readonly idle: Idle;
  /** The codes that were made since the console was opened, so that they can be shown again. */
  readonly made = new Map<string, Made>();
  /** The authorisation that was used last, and the name. */
  lastAuthorisation: string | null = null;
  private lastName: string | null = null;
  /** Which code is on the screen. */
  private shown: string | null = null;
  /** How far the service's clock is ahead of this device's, in seconds. */
  private ahead = 0;
  private name = "";
  private screen: object = {};
  private unsent: Unsent | null = null;
  private ends: (() => void)[] = [];

  constructor(
    private readonly header: HTMLElement,
    private readonly main: HTMLElement,
  ) {
    this.prepared.watch(() => undefined);
    openVoice();
    this.idle = watchIdle({
      warn: (end) => this.session !== null && this.bar.warn(t("idle.soon", { time: timeText(end / 1000) }), t("idle.stay")),
      calm: () => this.bar.hide(),
      end: () => this.sessionEnded("idle"),
      heard: () => this.session !== null && void this.api.heard(),
    });
  }

  /** The present by the service's clock, as far as it is known. */
  now(): number {
    return Math.floor(Date.now() / 1000) + this.ahead;
  }

  clocksDiffer(): boolean {
    return Math.abs(this.ahead) > CLOCKS_DIFFER;
  }

  /** Asks the service who is signed in, and shows what is theirs. */
  async start(): Promise<void> {
    this.stay.join();
    await this.finishLeaving();
    const answer = await this.api.session();
    if (answer.ok && !this.isLeaving()) {
      this.stay.joinOrBegin();
      this.enter(answer.value);
      return this.goOn(await this.memory.recall(answer.value.callsign, this.now()));
    }
    const isOut = answer.ok || answer.problem.kind === "no-session";
    signInScreen(this, isOut ? "out" : answer.problem);
  }

  /** Somebody signed in here. Other tabs may still show another person. */
  signedIn(session: Session): void {
    this.stay.begin();
    this.enter(session);
    homeScreen(this);
    const { unsent } = this;
    this.unsent = null;
    if (unsent !== null && unsent.callsign === session.callsign) this.show(unsent.name, () => unsent.nodes);
  }

  private enter(session: Session): void {
    this.session = session;
    this.idle.begin();
    this.news.turn(true);
    this.shelf.removeItem(LEAVING);
    this.ahead = session.server_time - Math.floor(Date.now() / 1000);
    this.prepared.keepOnlyOf(session.callsign);
    void this.reconcile();
  }

  /** After a reload: the code that was on the screen, or the beginning. */
  private goOn(remembered: Remembered | null): void {
    if (this.session === null) return;
    remembered?.made.forEach((made) => this.made.set(made.code.id, made));
    this.lastAuthorisation = remembered?.authorisation ?? null;
    this.lastName = remembered?.name ?? null;
    const shown = remembered?.shown ?? "";
    const made = this.made.get(shown);
    const code = made?.code ?? this.prepared.list().find(({ id }) => id === shown);
    if (code === undefined) return homeScreen(this);
    this.trail.resume(HOME[this.session.role], () => homeScreen(this));
    liveScreen(this, code, made?.order ?? null);
  }

  /** Wipes what was kept here and withdrawn meanwhile. */
  async reconcile(): Promise<void> {
    for (const { id } of this.prepared.list()) {
      const answer = await this.quiet.status(id);
      const isOver = answer.ok ? answer.value.state === "withdrawn" || answer.value.state === "expired" : answer.problem.kind === "unknown";
      if (isOver) this.prepared.remove(id);
    }
  }

  /** Wipes everything here at once, whether or not the service answers. */
  async signOut(): Promise<void> {
    this.forget();
    this.prepared.wipe();
    this.shelf.setItem(LEAVING, "");
    this.stay.end();
    await this.finishLeaving();
    signInScreen(this, this.isLeaving() ? "signed-out-here" : "signed-out");
  }

  /** Tells the service of a sign-out that it does not know of yet. */
  async finishLeaving(): Promise<void> {
    if (!this.isLeaving()) return;
    const answer = await this.api.signOut();
    if (answer.ok || answer.problem.kind === "no-session") this.shelf.removeItem(LEAVING);
  }

  /** Whether the person of this tab has signed out in another, or somebody else has signed in there. */
  isLeft(): boolean {
    return this.stay.isOver();
  }

  /** Wipes what this tab still shows of such a person: at once, and only then asks who is signed in now. */
  wipeIfLeft(): void {
    if (!this.isLeft()) return;
    this.forget();
    signInScreen(this, "out");
    void this.start();
  }

  private isLeaving(): boolean {
    return this.shelf.getItem(LEAVING) !== null;
  }

  private sessionEnded(why: "ended" | "idle"): void {
    if (this.session === null) return;
    const { callsign } = this.session;
    const unsent = FORMS.indexOf(this.name) < 0 ? null : { callsign, name: this.name, nodes: Array.from(this.main.childNodes) };
    this.forget();
    this.unsent = unsent;
    if (why === "idle") void this.api.signOut();
    signInScreen(this, why, unsent !== null);
  }

  private forget(): void {
    this.session = null;
    this.news.turn(false);
    this.made.clear();
    this.lastAuthorisation = this.lastName = this.shown = null;
    this.unsent = null;
    this.memory.forget();
    this.bar.hide();
    this.confirming.forget();
  }

  /** What the next code has in common with the last one. */
  remembered(): { readonly name?: string } {
    return this.lastName === null ? {} : { name: this.lastName };
  }

  remember({ authorisation, name }: Order): void {
    this.lastAuthorisation = authorisation;
    this.lastName = name ?? null;
    this.bearInMind();
  }

  /** A code is on the screen until that is left. */
  showing(id: string): void {
    this.shown = id;
    this.bearInMind();
    this.onLeave(() => {
      this.shown = null;
      this.bearInMind();
    });
  }

  private bearInMind(): void {
    if (this.session === null) return;
    const { made, shown, lastName, lastAuthorisation } = this;
    this.memory.remember({ callsign: this.session.callsign, name: lastName, authorisation: lastAuthorisation, shown, made: Array.from(made.values()) });
  }

  /** Shows a screen and moves the focus to its head. `build` may name what is to end when the screen is left. */
  show(name: string, build: () => readonly Node[], isBare = false): void {
    this.ends.splice(0).forEach((end) => end());
    this.screen = {};
    this.name = name;
    const nodes = build();
    const header = isBare || this.session === null ? [] : headerOf(this, this.session, name);
    this.header.hidden = header.length === 0;
    fill(this.header, ...header);
    present(this.main, name, nodes);
    document.title = `${this.nameOf(name)} – ${t("page.title")}`;
    const isBeginning = this.session === null ? name === "sign-in" || name === "enrol" : name === HOME[this.session.role];
    this.trail.enter(name, () => this.show(name, build, isBare), isBeginning);
  }

  /** A screen's name in the title, which a browser keeps in its history: its heading, or one that names neither place nor person. */
  private nameOf(name: string): string {
    const plain = PLAIN_NAMES[name];
    return plain === undefined ? (this.main.querySelector("h1")?.textContent ?? "") : t(plain);
  }

  /** The device's own way back or forth was used. */
  moved(state: unknown): void {
    this.trail.moved(state)?.();
  }

  /** A link was opened in this page. */
  opened(): void {
    this.trail.entered();
  }

  /** What is to end when the screen that is being built is left. */
  onLeave(end: () => void): void {
    this.ends.push(end);
  }

  /** Tells later whether the present screen is still the one that is shown: an answer that comes late changes no newer one. */
  stillHere(): () => boolean {
    const { screen } = this;
    return () => this.screen === screen;
  }
}
