import { type Translate, translator } from "../shared/i18n.ts";
import en from "../shared/i18n/en.json";
import { readToken } from "../shared/link.ts";
import { type WordList, wordList } from "../shared/spoken.ts";
import type { Verdict } from "../shared/verdict.ts";
import wordFile from "../../src/token/words.txt";
import { Checker, type Outcome, type Question, type Ticket } from "./check.ts";
import type { Deployment } from "./deployment.ts";
import { fill } from "./dom.ts";
import { OwnNumber } from "./number.ts";
import { checkingScreen } from "./screens/checking.ts";
import { enterScreen } from "./screens/enter.ts";
import { matchScreen } from "./screens/match.ts";
import { openedScreen } from "./screens/opened.ts";
import { startScreen } from "./screens/start.ts";
import { suggestScreen } from "./screens/suggest.ts";
import { verdictScreen } from "./screens/verdict.ts";
import type { Screen } from "./state.ts";

export type Text = Translate<keyof typeof en>;

/** Verdicts that leave the number unused: the same question may be asked again with it. */
const KEEPS_NUMBER: readonly Verdict[] = ["cannot_check", "mistyped", "unknown_code", "not_yet_valid"];

/** The page: one screen at a time, and what may lead from one to the next. */
export class App {
  readonly t: Text;
  readonly words: WordList = wordList(wordFile);
  readonly number = new OwnNumber();
  private readonly checker: Checker;
  /** Counts screens, so that an answer that comes late does not replace a newer one. */
  private shown = 0;

  constructor(
    readonly deployment: Deployment,
    private readonly main: HTMLElement,
  ) {
    const { name, telephone } = deployment.organisation;
    // a telephone number must not break over two lines
    this.t = translator(en, { organisation: name, telephone: telephone.replace(/ /g, "\u00a0") });
    this.checker = new Checker(deployment, this.words);
  }

  /** Shows a screen and moves the focus to its heading. */
  show(screen: Screen): void {
    this.shown += 1;
    this.main.className = "screen-" + screen.at;
    fill(this.main, ...this.render(screen));
    window.scrollTo(0, 0);
    const heading = this.main.querySelector("h1");
    if (heading) heading.focus();
  }

  /** Shows what a fragment of the page's address holds, without using it. */
  open(fragment: string): void {
    const reading = readToken("#" + fragment);
    if (reading.kind === "bytes") this.show({ at: "opened", bytes: reading.bytes });
    else this.showDamaged(true);
  }

  /** Checks a ticket with the person's number, if it was read out. */
  checkTicket(ticket: Ticket, opened: boolean): void {
    this.ask({ ticket, opened, given: this.number.given() });
  }

  /** Asks a question and shows its outcome. */
  ask(question: Question): void {
    this.show({ at: "checking" });
    const asked = this.shown;
    void this.checker.check(question).then((outcome) => {
      if (KEEPS_NUMBER.indexOf(outcome.verdict) < 0) this.number.forget();
      if (asked === this.shown) this.show({ at: "verdict", outcome });
    });
  }

  /** A token that is damaged needs no service to be refused. */
  showDamaged(opened: boolean): void {
    const question: Question = { ticket: { kind: "token", bytes: new Uint8Array(0) }, given: null, opened };
    const outcome: Outcome = {
      verdict: "not_genuine",
      question,
      token: null,
      firstCheckedAt: null,
      phoneTime: Math.floor(Date.now() / 1000),
      serverTime: null,
      serviceAlone: false,
      busy: false,
    };
    this.show({ at: "verdict", outcome });
  }

  private render(screen: Screen): Node[] {
    switch (screen.at) {
      case "start":
        return startScreen(this);
      case "enter":
        return enterScreen(this, screen.way, screen.typed);
      case "suggest":
        return suggestScreen(this, screen);
      case "opened":
        return openedScreen(this, screen.bytes);
      case "checking":
        return checkingScreen(this);
      case "verdict":
        return verdictScreen(this, screen.outcome);
      case "match":
        return matchScreen(this, screen.outcome, screen.matches);
    }
  }
}
