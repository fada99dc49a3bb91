import { fill } from "../shared/dom.ts";
import { announce, focusHead, openVoice, present } from "../shared/screen.ts";
import { Api } from "./api.ts";
import { Confirming } from "./confirming.ts";
import { type Ending, watchEnding } from "./ending.ts";
import { HeldCodes } from "./held.ts";
import { type Idle, watchIdle } from "./idle.ts";
import { Memory, tabName } from "./memory.ts";
import { type Code, LEEWAY, type Session } from "./model.ts";
import { News } from "./news.ts";
import { PreparedCodes } from "./prepared.ts";
import { Bar } from "./screens/bar.ts";
import { headerOf } from "./screens/header.ts";
import { HOME, homeScreen } from "./screens/home.ts";
import { liveScreen } from "./screens/live.ts";
import { type Why, signInScreen } from "./screens/sign-in.ts";
import { strips } from "./screens/strips.ts";
import { DeviceShelf } from "./shelf.ts";
import { Stay } from "./stay.ts";
import { Tab } from "./tab.ts";
import { timeText } from "./times.ts";
import { Trail } from "./trail.ts";
import { View } from "./view.ts";
import { t } from "./words.ts";

/** Kept while a sign-out has not reached the service. */
const LEAVING = "leaving";
/** Screens on which something is typed. */
const FORMS = ["ask", "issue", "prepare", "review", "enrol-person", "references", "name-passkey"];
/** The titles of screens whose heading holds more than their name. */
const PLAIN_NAMES: { readonly [screen: string]: "header.codes" | "header.people" | "header.in-use" | "header.references" } = {
  live: "header.codes",
  link: "header.people",
  review: "header.in-use",
  "looked-up": "header.references",
};
/** A difference between the two clocks that is worth a word, in seconds. */
const CLOCKS_DIFFER = 120;
/** An answer was so long on its way, in seconds, which looks like a clock that is behind: what is approved now would not be live yet. */
const ON_ITS_WAY = 3;

/** What was on the screen when a session ended, for the same person to find again. */
interface Left {
  readonly callsign: string;
  readonly what: "typed" | "code";
  readonly open: () => void;
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
  readonly tab = new Tab(new Memory(tabName(() => sessionStorage)), () => this.stay.mark);
  readonly held = new HeldCodes(this.prepared, this.tab, this.quiet, () => this.now());
  readonly trail = new Trail(history);
  private readonly bar = new Bar();
  readonly news = new News(() => this.session !== null && void this.quiet.heard());
  private readonly idle: Idle;
  private readonly ending: Ending;
  /** Why nobody is signed in, when nobody is. */
  why: Why = "out";
  /** How far the service's clock is ahead of this device's, in seconds. */
  private ahead = 0;
  private name = "";
  private screen: object = {};
  /** What the present screen keeps for those who come back to it. */
  view = new View();
  left: Left | null = null;
  private begins: (() => () => void)[] = [];
  private ends: (() => void)[] = [];

  constructor(
    private readonly header: HTMLElement,
    private readonly main: HTMLElement,
  ) {
    this.prepared.watch(() => undefined);
    this.news.when(["tokens"], () => this.session !== null && void this.held.reconcile());
    openVoice();
    const { warnOfIdling, warnOfEnd } = strips(this, this.bar);
    this.idle = watchIdle({
      warn: (end) => this.session !== null && warnOfIdling(end / 1000),
      calm: () => this.bar.hide("idle"),
      end: () => this.sessionEnded("idle"),
      heard: () => this.session !== null && void this.api.heard(),
    });
    this.ending = watchEnding((end) => void this.endsSoon(end, warnOfEnd), () => this.now());
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
    const isLeaving = this.isLeaving();
    if (answer.ok && !isLeaving) {
      this.stay.joinOrBegin();
      this.enter(answer.value);
    }
    const why = answer.ok || answer.problem.kind === "no-session" ? "out" : answer.problem;
    if (isLeaving) signInScreen(this, why);
    else await this.goOn(why);
  }

  /** Somebody signed in here. Other tabs may still show another person. */
  signedIn(session: Session): void {
    this.stay.begin();
    this.enter(session);
    void this.held.reconcile();
    homeScreen(this);
    const { left } = this;
    this.left = null;
    if (left !== null && left.callsign === session.callsign) left.open();
  }

  /** Somebody signed in before their session ended: what is on the screen stays there, if it is the same person. */
  signedInAgain(session: Session): void {
    const before = this.session?.callsign ?? session.callsign;
    if (before !== session.callsign) this.forget();
    if (this.session === null) return this.signedIn(session);
    this.enter(session);
    this.confirming.renew();
    announce(t("ending.renewed", { time: timeText(session.session_ends_at) }));
  }

  private enter(session: Session): void {
    this.session = session;
    this.idle.begin();
    this.ending.begin(session.session_ends_at);
    this.bar.hide("ending");
    this.news.turn(true);
    this.shelf.removeItem(LEAVING);
    const ahead = session.server_time - Math.floor(Date.now() / 1000);
    this.ahead = ahead < 0 && ahead >= -ON_ITS_WAY ? 0 : ahead;
    this.prepared.keepOnlyOf(session.callsign);
    this.tab.keepOnlyOf(session.callsign);
  }

  /** After a reload: the code that was on the screen, or the beginning. What was prepared needs neither session nor network. */
  private async goOn(why: Why): Promise<void> {
    const shown = (await this.tab.recall(this.session?.callsign ?? null, this.now())) ?? this.tab.showing;
    // a session that is over leaves nothing but what was prepared
    if (this.session === null && why === "out") this.tab.forget();
    if (this.session !== null) void this.held.reconcile();
    const [code, order] = this.held.find(shown);
    const begin = (): void => (this.session === null ? signInScreen(this, why) : homeScreen(this));
    if (code === null) return begin();
    this.why = why;
    this.trail.resume(this.session === null ? "sign-in" : HOME[this.session.role], begin);
    liveScreen(this, code, order);
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
    const left = this.leaves(this.session.callsign);
    this.forget();
    this.left = left;
    if (why === "idle") void this.api.signOut();
    signInScreen(this, why);
  }

  /** What is on the screen and would be missed. */
  private leaves(callsign: string): Left | null {
    const { name, begins } = this;
    if (FORMS.indexOf(name) >= 0) {
      const nodes = Array.from(this.main.childNodes);
      const build = (): readonly Node[] => (begins.forEach((begin) => this.whileShown(begin)), nodes);
      return { callsign, what: "typed", open: () => this.show(name, build) };
    }
    // what was prepared is at the sign-in as well
    const made = this.tab.made.get(this.tab.showing ?? "");
    if (made === undefined) return null;
    return { callsign, what: "code", open: () => this.now() < made.code.expires_at + LEEWAY && liveScreen(this, made.code, made.order) };
  }

  private async endsSoon(end: number, warn: (end: number) => void): Promise<void> {
    // somebody may have signed in again in another tab
    const answer = await this.quiet.session();
    if (this.session === null) return;
    if (answer.ok && answer.value.session_ends_at > end) this.ending.begin(answer.value.session_ends_at);
    else warn(end);
  }

  private forget(): void {
    this.session = null;
    this.news.turn(false);
    this.ending.stop();
    this.tab.forget();
    this.left = null;
    this.trail.forget();
    this.bar.clear();
    this.confirming.forget();
  }

  /** A code is on the screen until that is left. */
  showing(code: Code): void {
    this.tab.show(code);
    this.onLeave(() => this.tab.show(null));
  }

  /** Shows a screen and moves the focus to its head. `build` may name what is to end when the screen is left. */
  show(name: string, build: () => readonly Node[], isBare = false): void {
    this.ends.splice(0).forEach((end) => end());
    this.begins = [];
    this.view.leave();
    this.screen = {};
    this.name = name;
    const isBeginning = this.session === null ? name === "sign-in" || name === "enrol" : name === HOME[this.session.role];
    const { goesBack, view } = this.trail.enter(name, () => this.show(name, build, isBare), isBeginning);
    this.view = view;
    const nodes = build();
    const header = isBare || this.session === null ? [] : headerOf(this, this.session, name);
    this.header.hidden = header.length === 0;
    fill(this.header, ...header);
    // while Chromium goes back, a screen reader hears nothing of a focus: it is moved once the browser has arrived
    present(this.main, name, nodes, goesBack ? () => undefined : focusHead);
    this.nameScreen();
  }

  private nameScreen(): void {
    document.title = `${this.nameOf(this.name)} – ${t("page.title")}`;
  }

  /** A screen's name in the title, which a browser keeps in its history: its heading, or one that names neither place nor person. */
  private nameOf(name: string): string {
    const plain = PLAIN_NAMES[name];
    return plain === undefined ? (this.main.querySelector("h1")?.textContent ?? "") : t(plain);
  }

  /** The device's own way back or forth was used. */
  moved(state: unknown): void {
    const open = this.trail.moved(state);
    if (open !== null) return open();
    // the browser has arrived, with the title that the entry had, and takes only one that is another than before
    document.title = "";
    this.nameScreen();
    if (document.activeElement !== document.body) return;
    const { scrollY } = window;
    focusHead(this.main);
    window.scrollTo(0, scrollY);
  }

  /** A link was opened in this page. */
  opened(): void {
    this.trail.entered();
  }

  /** What is to end when the screen that is being built is left. */
  onLeave(end: () => void): void {
    this.ends.push(end);
  }

  /** What begins each time that the screen which is being built is shown, also once more after a sign-in, and gives what ends it. */
  whileShown(begin: () => () => void): void {
    this.begins.push(begin);
    this.onLeave(begin());
  }

  /** Tells later whether the present screen is still the one that is shown: an answer that comes late changes no newer one. */
  stillHere(): () => boolean {
    const { screen } = this;
    return () => this.screen === screen;
  }
}
