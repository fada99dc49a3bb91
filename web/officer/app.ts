import { fill } from "../shared/dom.ts";
import { Api, type Order } from "./api.ts";
import { Confirming } from "./confirming.ts";
import type { Code, Session } from "./model.ts";
import { PreparedCodes } from "./prepared.ts";
import { headerOf } from "./screens/header.ts";
import { homeScreen } from "./screens/home.ts";
import { signInScreen } from "./screens/sign-in.ts";
import { Stay } from "./stay.ts";

/** Kept while a sign-out has not reached the service. */
const LEAVING = "leaving";
/** Screens from which the device's own way back leads out. */
const BEGINNINGS = ["codes", "requests", "people", "overseer", "sign-in", "enrol"];
const INSIDE = "inside";
/** A difference between the two clocks that is worth a word, in seconds. */
const CLOCKS_DIFFER = 120;

/** A code that was made here, and what it was made of. */
export interface Made {
  readonly code: Code;
  readonly order: Order;
}

/** The console: one screen at a time, and what outlives a screen. */
export class Console {
  session: Session | null = null;
  readonly api = new Api(() => this.sessionEnded());
  readonly confirming = new Confirming(this.api);
  readonly prepared: PreparedCodes;
  private readonly stay = new Stay(localStorage, () => crypto.randomUUID());
  /** The codes that were made since the console was opened, so that they can be shown again. */
  readonly made = new Map<string, Made>();
  /** The authorisation that was used last. */
  lastAuthorisation: string | null = null;
  /** How far the service's clock is ahead of this device's, in seconds. */
  private ahead = 0;
  private screen: object = {};
  private ends: (() => void)[] = [];

  constructor(
    private readonly header: HTMLElement,
    private readonly main: HTMLElement,
  ) {
    this.prepared = new PreparedCodes(localStorage, () => this.now());
    this.prepared.watch(() => undefined);
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
      return this.enter(answer.value);
    }
    const isOut = answer.ok || answer.problem.kind === "no-session";
    signInScreen(this, isOut ? "out" : answer.problem);
  }

  /** Somebody signed in here. Other tabs may still show another person. */
  signedIn(session: Session): void {
    this.stay.begin();
    this.enter(session);
  }

  private enter(session: Session): void {
    this.session = session;
    localStorage.removeItem(LEAVING);
    this.ahead = session.server_time - Math.floor(Date.now() / 1000);
    this.prepared.keepOnlyOf(session.callsign);
    void this.reconcile();
    homeScreen(this);
  }

  /** Wipes what was kept here and withdrawn meanwhile. */
  async reconcile(): Promise<void> {
    for (const { id } of this.prepared.list()) {
      const answer = await this.api.status(id);
      const isOver = answer.ok ? answer.value.state === "withdrawn" || answer.value.state === "expired" : answer.problem.kind === "unknown";
      if (isOver) this.prepared.remove(id);
    }
  }

  /** Wipes everything here at once, whether or not the service can be told. */
  async signOut(): Promise<void> {
    this.forget();
    this.prepared.wipe();
    localStorage.setItem(LEAVING, "");
    this.stay.end();
    await this.finishLeaving();
    signInScreen(this, this.isLeaving() ? "signed-out-here" : "signed-out");
  }

  /** Tells the service of a sign-out that it does not know of yet. */
  async finishLeaving(): Promise<void> {
    if (!this.isLeaving()) return;
    const answer = await this.api.signOut();
    if (answer.ok || answer.problem.kind === "no-session") localStorage.removeItem(LEAVING);
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
    return localStorage.getItem(LEAVING) !== null;
  }

  private sessionEnded(): void {
    if (this.session === null) return;
    this.forget();
    signInScreen(this, "ended");
  }

  private forget(): void {
    this.session = null;
    this.made.clear();
    this.lastAuthorisation = null;
    this.confirming.forget();
  }

  /** Shows a screen and moves the focus to its heading. `build` may name what is to end when the screen is left. */
  show(name: string, build: () => readonly Node[], isBare = false): void {
    this.ends.splice(0).forEach((end) => end());
    this.screen = {};
    const nodes = build();
    const header = isBare || this.session === null ? [] : headerOf(this, this.session, name);
    this.header.hidden = header.length === 0;
    fill(this.header, ...header);
    this.main.className = "screen-" + name;
    fill(this.main, ...nodes);
    window.scrollTo(0, 0);
    this.main.querySelector("h1")?.focus();
    // one step that the device's own way back can take; no address of its own, so that a history says nothing
    if (BEGINNINGS.indexOf(name) < 0 && history.state !== INSIDE) history.pushState(INSIDE, "");
  }

  /** Where the device's own way back leads: the beginning, and not out of the console with a code on the screen. */
  back(): void {
    if (this.session === null) void this.start();
    else homeScreen(this);
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
