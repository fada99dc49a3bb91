import type { Translate } from "../shared/i18n.ts";
import type en from "../shared/i18n/en.json";
import { readToken } from "../shared/link.ts";
import { unpack } from "../shared/packed.ts";
import { type WordList, wordList } from "../shared/spoken.ts";
import type { Verdict } from "../shared/verdict.ts";
import { fill } from "../shared/dom.ts";
import { ReadingAloud } from "./aloud.ts";
import { Checker, type Judged, type Question, type Ticket } from "./check.ts";
import { secondsNow } from "./clock.ts";
import type { Deployment, Language } from "./deployment.ts";
import { KeySets } from "./keysets.ts";
import { dress, loadLanguage, ownLanguage, sayOfMenu, speak, wantedLanguage } from "./languages.ts";
import { OwnNumber } from "./number.ts";
import { checkingScreen } from "./screens/checking.ts";
import { enterScreen } from "./screens/enter.ts";
import { heldScreen } from "./screens/held.ts";
import { matchScreen } from "./screens/match.ts";
import { openedScreen } from "./screens/opened.ts";
import { safety } from "./screens/parts.ts";
import { scanScreen } from "./screens/scan.ts";
import { startScreen } from "./screens/start.ts";
import { suggestScreen } from "./screens/suggest.ts";
import { unconfirmedScreen } from "./screens/unconfirmed.ts";
import { verdictScreen } from "./screens/verdict.ts";
import type { Screen } from "./state.ts";

export type Text = Translate<keyof typeof en>;

/** Verdicts that leave the number unused: the same question may be asked again with it. */
const KEEPS_NUMBER: readonly Verdict[] = ["challenge_needed", "cannot_check", "mistyped", "unknown_code", "not_yet_valid"];

/** The page: one screen at a time, and what may lead from one to the next. */
export class App {
  /** Says things in the language of the moment. */
  t: Text;
  language: Language;
  readonly words: WordList;
  readonly number = new OwnNumber();
  readonly keySets: KeySets;
  private readonly checker: Checker;
  private current: Screen = { at: "start" };
  private wanted: Language;
  private readonly aloud: ReadingAloud;
  private whenLeft: (() => void) | null = null;

  constructor(
    readonly deployment: Deployment,
    private readonly main: HTMLElement,
  ) {
    this.words = wordList(unpack(deployment.words));
    this.language = this.wanted = ownLanguage(deployment);
    this.t = speak(deployment, this.language, deployment.texts);
    this.keySets = new KeySets(deployment);
    this.checker = new Checker(deployment, this.words, this.keySets);
    this.aloud = new ReadingAloud(main);
    this.dress();
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
      this.show(this.current);
    });
  }

  /** What was spoken can be typed in two ways. The words are English, so elsewhere the digits come first. */
  spokenWays(): readonly ("words" | "digits")[] {
    return this.language.tag === "en" ? ["words", "digits"] : ["digits", "words"];
  }

  private dress(): void {
    dress(this.deployment, this.language, this.t, (language) => this.choose(language));
    this.aloud.dress(this.t, this.language.tag);
  }

  /** Shows a screen and moves the focus to its heading. */
  show(screen: Screen): void {
    this.leave();
    this.note(screen);
    this.draw();
  }

  /** Keeps what was typed on the present screen, so that it can be drawn again with it. */
  note(screen: Screen): void {
    this.current = screen;
  }

  private draw(): void {
    this.main.className = "screen-" + this.current.at;
    fill(this.main, ...this.render(this.current), safety(this));
    window.scrollTo(0, 0);
    const heading = this.main.querySelector("h1");
    if (heading) heading.focus();
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
    if (reading.kind === "bytes") this.show({ at: "opened", bytes: reading.bytes });
    else if (reading.kind === "not_genuine") this.showDamaged();
    // nothing of ours: some messengers add a fragment of their own
    else this.show({ at: "start" });
  }

  /** Begins as a page does that was just opened: nothing of an earlier visit is left in it. */
  startAnew(): void {
    this.number.forget();
    this.checker.forget();
    // the way out hid it
    document.body.hidden = false;
    this.show({ at: "start" });
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
      // an answer that comes late does not replace a newer screen
      if (this.current !== checking) return;
      this.show(outcome.verdict === null ? { at: "unconfirmed", outcome } : { at: "verdict", outcome, typed: "" });
    });
  }

  /** A token that is damaged needs no service to be refused. */
  showDamaged(): void {
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
    this.show({ at: "verdict", outcome, typed: "" });
  }

  private render(screen: Screen): Node[] {
    switch (screen.at) {
      case "start":
        return startScreen(this);
      case "scan":
        return scanScreen(this);
      case "enter":
        return enterScreen(this, screen.way, screen.typed);
      case "suggest":
        return suggestScreen(this, screen);
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
        return matchScreen(this, screen.outcome, screen.matches);
    }
  }
}
