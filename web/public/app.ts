import type { Translate } from "../shared/i18n.ts";
import type en from "../shared/i18n/en.json";
import { readToken } from "../shared/link.ts";
import type { Verdict } from "../shared/verdict.ts";
import { openVoice, present } from "../shared/screen.ts";
import { ReadingAloud } from "./aloud.ts";
import { Checker, type Judged, type Question, type Ticket, type Unconfirmed } from "./check.ts";
import type { Entry } from "../enter/enter.ts";
import { secondsNow } from "./clock.ts";
import type { Deployment, Language } from "./deployment.ts";
import { KeySets } from "./keysets.ts";
import { dress, loadLanguage, ownLanguage, sayOfMenu, speak, wantedLanguage } from "./languages.ts";
import { type Parts, partsOf } from "./loader.ts";
import { OwnNumber } from "./number.ts";
import { Past } from "./past.ts";
import { checkingScreen } from "./screens/checking.ts";
import { heldScreen } from "./screens/held.ts";
import { matchScreen } from "./screens/match.ts";
import { openedScreen } from "./screens/opened.ts";
import { safety } from "./screens/parts.ts";
import { scanScreen } from "./screens/scan.ts";
import { startScreen } from "./screens/start.ts";
import { stopScreen } from "./screens/stop.ts";
import { unconfirmedScreen } from "./screens/unconfirmed.ts";
import { verdictScreen } from "./screens/verdict.ts";
import { notLoadedScreen, waitingScreen } from "./screens/waiting.ts";
import type { Screen } from "./state.ts";
import { clockOf } from "./times.ts";

export type Key = keyof typeof en;
export type Text = Translate<Key>;

/** Verdicts that leave the number unused: the same question may be asked again with it. */
const KEEPS_NUMBER: readonly Verdict[] = ["challenge_needed", "cannot_check", "mistyped", "unknown_code", "not_yet_valid"];

const ANSWERS: readonly Screen["at"][] = ["verdict", "unconfirmed"];
/** Screens whose heading may stand in the title, which a browser keeps in its history. What others say is for the person alone. */
const NAMED: readonly Screen["at"][] = ["scan", "enter", "suggest", "opened", "checking", "held"];

function isAmong(screen: Screen, names: readonly Screen["at"][]): boolean {
  return names.indexOf(screen.at) >= 0;
}

/** Tries without a genuine code before the page says Stop. One may be a slip; who is genuine soon has a code that fits. */
const TRIES = 2;

/** The page: one screen at a time, and what may lead from one to the next. */
export class App {
  /** Says things in the language of the moment. */
  t: Text;
  language: Language;
  readonly parts: Parts;
  readonly past = new Past();
  readonly number = new OwnNumber(!this.past.isReturn);
  readonly keySets: KeySets;
  /** Whether Shift three times leaves the page. The choice is kept nowhere. */
  shiftLeaves = true;
  private readonly checker: Checker;
  private wanted: Language;
  private readonly aloud: ReadingAloud;
  // in memory alone, and gone with the page
  private failures = 0;
  private whenLeft: (() => void) | null = null;

  constructor(
    readonly deployment: Deployment,
    private readonly main: HTMLElement,
  ) {
    this.parts = partsOf(deployment);
    this.language = this.wanted = ownLanguage(deployment);
    this.t = speak(deployment, this.language, deployment.texts);
    this.keySets = new KeySets(deployment);
    this.checker = new Checker(deployment, this.keySets);
    this.aloud = new ReadingAloud(main);
    openVoice();
    this.dress();
    window.addEventListener("popstate", () => {
      // what the browser itself does with a link that was handed to this tab
      if (location.hash === "" && this.past.arrive()) this.draw();
    });
  }

  /** Says everything in the language that the browser asks for, where the page came in another. */
  meet(): void {
    const wanted = wantedLanguage(this.deployment, this.language);
    if (wanted !== this.language) this.speak(wanted);
  }

  private choose(language: Language): void {
    sayOfMenu(this.t("page.moment"));
    this.speak(language);
  }

  /** Says everything in another language, on the same screen, once its texts are here. */
  private speak(language: Language): void {
    this.wanted = language;
    void loadLanguage(this.deployment, language).then((t) => {
      // another was chosen since, or the person has left
      if (this.wanted !== language || document.body.hidden) return;
      if (t === null) return sayOfMenu(this.t("page.language_failed"));
      this.language = language;
      this.t = t;
      this.dress();
      this.draw();
    });
  }

  /** What was spoken can be typed in two ways. The words are English, so elsewhere the digits come first. */
  spokenWays(): readonly ("words" | "digits")[] {
    return this.language.tag === "en" ? ["words", "digits"] : ["digits", "words"];
  }

  /** Puts what surrounds the screens into the language, and says whether Shift leaves. */
  dress(): void {
    dress(this.deployment, this.language, this.t, this.shiftLeaves, (language) => this.choose(language));
    this.aloud.dress(this.t, this.language.tag);
  }

  /** Shows a screen. Back leads to the one before it. */
  show(screen: Screen): void {
    const before = this.past.screen;
    // no place to come back to: a camera that would find the same code again, and an answer that is asked for once more
    if (before.at === "scan" || (screen.at === "checking" && isAmong(before, ANSWERS))) this.past.put(screen);
    else this.past.add(screen);
    this.draw();
  }

  /** Shows a screen in the place of the present one. */
  replace(screen: Screen): void {
    this.past.put(screen);
    this.draw();
  }

  /** Shows a screen in the place of the present one; where it is the one before, goes back to it. */
  resume(screen: Screen): void {
    if (this.past.isBefore(screen)) this.back();
    else this.replace(screen);
  }

  /** One screen back. */
  back(): void {
    // the browser goes back a moment later: what a camera or a photo shows until then is for nobody
    this.leave();
    if (!this.past.back()) this.replace({ at: "start" });
  }

  /** Keeps what was typed on the present screen, so that it can be drawn again with it. */
  note(screen: Screen): void {
    this.past.put(screen);
  }

  private draw(): void {
    this.leave();
    const { screen } = this.past;
    present(this.main, screen.at, [...this.render(screen), safety(this)]);
    document.title = (screen.at === "start" ? "" : this.nameOf(screen) + " – ") + this.t("page.title");
  }

  private nameOf(screen: Screen): string {
    const title = isAmong(screen, NAMED) ? this.main.querySelector("h1") : null;
    return title ? title.textContent || "" : this.t(isAmong(screen, ANSWERS) ? "title.answer" : "next.do");
  }

  /** What is to end when the screen that is being built is left. */
  onLeave(end: () => void): void {
    this.whenLeft = end;
  }

  /** Ends what the screen has running: a camera must not outlive it. */
  leave(): void {
    this.aloud.stop();
    const end = this.whenLeft;
    this.whenLeft = null;
    if (end !== null) end();
  }

  /** Shows what a fragment of the page's address holds, without using it. */
  open(fragment: string): void {
    const reading = readToken("#" + fragment);
    if (reading.kind === "bytes") this.replace({ at: "opened", bytes: reading.bytes });
    else if (reading.kind === "not_genuine") this.showDamaged(true);
    // nothing of ours: some messengers add a fragment of their own
    else this.replace({ at: "start" });
  }

  /** Begins as a page does that was just opened: nothing of an earlier visit is left in it. */
  startAnew(): void {
    this.number.forget();
    this.number.isFirst = false;
    this.checker.forget();
    this.failures = 0;
    this.past.forget();
    // the way out hid it
    document.body.hidden = false;
    this.replace({ at: "start" });
  }

  /** Checks a ticket with the person's number, if it was read out. */
  checkTicket(ticket: Ticket, exact: boolean): void {
    this.ask({ ticket, exact, given: this.number.given() });
  }

  /** Asks a question and shows its outcome. */
  ask(question: Question): void {
    const checking: Screen = { at: "checking" };
    this.show(checking);
    void this.checker.check(question).then((outcome) => {
      if (outcome.verdict !== null && KEEPS_NUMBER.indexOf(outcome.verdict) < 0) this.number.used(question.given);
      // an answer that comes late does not replace a newer screen, and counts only where the person can come back to it
      if (this.past.holds(checking) && this.past.exchange(checking, this.judged(outcome))) this.draw();
    });
    // made once the question is on its way, so that neither waits for it
    setTimeout(() => clockOf(this.deployment.time_zone), 0);
  }

  /** A token that is damaged needs no service to be refused. */
  showDamaged(inPlace = false): void {
    const question: Question = { ticket: { kind: "token", bytes: new Uint8Array(0) }, given: null, exact: true };
    const outcome: Judged = {
      verdict: "not_genuine",
      question,
      token: null,
      answer: null,
      phoneTime: secondsNow(),
      serviceAlone: false,
      busy: false,
      reference: null,
    };
    const answer = this.judged(outcome);
    if (inPlace) this.replace(answer);
    else this.show(answer);
  }

  /** What an outcome shows. */
  private judged(outcome: Judged | Unconfirmed): Screen {
    if (outcome.verdict === null) return this.counted("offline.title", { at: "unconfirmed", outcome });
    const answer: Screen = { at: "verdict", outcome, typed: "" };
    // what is said of typing is advice, and no reason to stop
    if (outcome.verdict === "mistyped") return this.counted(null, answer);
    if (outcome.verdict !== "genuine") return this.counted(`verdict.${outcome.verdict}.title`, answer);
    this.failures = 0;
    return answer;
  }

  /** Counts a try without a genuine code, of whatever kind: what it shows, or Stop in its stead from the second on. */
  private counted(why: Key | null, instead: Screen): Screen {
    this.failures++;
    return this.failures < TRIES ? instead : { at: "stop", why: why === null ? ["stop.twice"] : ["stop.twice", why], instead };
  }

  /** Counts a try that did not come to a question. */
  failed(instead: Screen, show: () => void): void {
    const screen = this.counted(null, instead);
    if (screen === instead) show();
    else this.show(screen);
  }

  /** A screen for those who type; another one until enter.js is here. */
  private entered(screen: Screen, build: (entry: Entry) => Node[]): Node[] {
    const entry = this.parts.enter.given();
    if (entry) return build(entry);
    const put = (next: Screen): void => {
      if (this.past.exchange(screen, next)) this.draw();
    };
    this.parts.enter.load().then(() => put(screen), () => put({ at: "not_loaded", wanted: screen }));
    return waitingScreen(this);
  }

  private render(screen: Screen): Node[] {
    switch (screen.at) {
      case "start":
        return startScreen(this, screen);
      case "scan":
        return scanScreen(this);
      case "enter":
        return this.entered(screen, ({ enter }) => enter(this, screen.way, screen.typed));
      case "suggest":
        return this.entered(screen, ({ suggest }) => suggest(this, screen));
      case "not_loaded":
        return notLoadedScreen(this, screen.wanted);
      case "opened":
        return openedScreen(this, screen.bytes);
      case "checking":
        return checkingScreen(this);
      case "held":
        return heldScreen(this);
      case "verdict":
        return verdictScreen(this, screen.outcome, screen.typed);
      case "unconfirmed":
        return unconfirmedScreen(this, screen.outcome);
      case "match":
        return matchScreen(this, screen.outcome);
      case "stop":
        return stopScreen(this, screen);
    }
  }
}
