import { button, el, fill, heading } from "../../shared/dom.ts";
import { focusHead } from "../../shared/screen.ts";
import type { Order } from "../api.ts";
import type { Console } from "../app.ts";
import { keepAwake } from "../awake.ts";
import { fitLive } from "../fit.ts";
import { onHold } from "../hold.ts";
import { watchCode } from "../live.ts";
import { type Code, LEEWAY, type Status } from "../model.ts";
import { atMoment } from "../moment.ts";
import { needsMeaning } from "../press.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { CodePart } from "./code.ts";
import { issueAgain } from "./issue.ts";
import { makeCode } from "./making.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { signInScreen, whenAnswered } from "./sign-in.ts";
import { StateLine } from "./state-line.ts";
import { Sure } from "./sure.ts";
import { withdrawing } from "./tokens.ts";

/** The code that somebody is to check now. `order` says how to make another like it. */
export function liveScreen(app: Console, code: Code, order: Order | null): void {
  if (order !== null) {
    app.tab.made.set(code.id, { code, order });
    if (app.session !== null) app.confirming.prepare();
  }
  app.show("live", () => {
    app.showing(code);
    return new LiveView(app, code, order).nodes();
  }, true);
}

/** How a code came to its end. */
type End = "withdrawn" | "expired";

class LiveView {
  private readonly shown = el("div", { class: "live" });
  private readonly veil = el("div", { class: "veil", hidden: "" }, el("h1", { class: "unseen" }, t("page.title")));
  private readonly state: StateLine;
  private readonly line = new Line();
  private readonly said: CodePart;
  private readonly foot = el("div", { class: "foot" });
  private letSleep = keepAwake();
  private readonly timers: (() => void)[] = [];
  private end: End | null = null;

  constructor(
    private readonly app: Console,
    private readonly code: Code,
    private readonly order: Order | null,
  ) {
    this.state = new StateLine(() => app.now(), code.not_before);
    this.said = new CodePart(app, code, this.shown, this.line);
    const unwatch = app.session === null ? () => this.state.end() : this.watch();
    app.onLeave(() => {
      this.letSleep();
      document.documentElement.classList.remove("is-veiled");
      unwatch();
      this.state.end();
      this.timers.forEach((end) => end());
    });
    this.at(code.expires_at, () => this.over("expired"));
    if (app.session !== null) return;
    this.state.unwatched();
    // the session may still stand: once the service says so, checks show here again
    if (typeof app.why === "object") whenAnswered(app, true);
  }

  nodes(): Node[] {
    this.fillFoot();
    fill(this.shown, ...this.said.nodes(), this.foot);
    const back = el("button", { type: "button" }, t("live.show_again"));
    back.addEventListener("click", () => this.unveil());
    this.veil.appendChild(back);
    this.app.onLeave(fitLive(this.shown));
    return [this.shown, this.veil];
  }

  private watch(): () => void {
    const unwatch = watchCode(this.code.id, {
      seen: (status) => this.seen(status),
      lost: () => this.state.lost(),
      // the answer tells whether the session is over, which leads to the sign-in
      refused: () => void this.app.api.status(this.code.id),
    });
    // from then on nothing changes any more, and the service says nothing
    this.at(this.code.expires_at + LEEWAY - 2, unwatch);
    return unwatch;
  }

  private seen(status: Status): void {
    this.state.seen(status);
    if (status.spoken_words === 6) this.said.lengthen();
    if (status.state === "withdrawn") this.over("withdrawn");
  }

  private at(moment: number, act: () => void): void {
    this.timers.push(atMoment(moment, () => this.app.now(), act));
  }

  /** What stands at the bottom, under the thumb. */
  private fillFoot(): void {
    const own = this.app.session !== null;
    const withdrawal = own ? this.withdrawal() : null;
    const hide = control(t("live.hide"), () => this.hide());
    const another = own && this.order !== null ? this.another(this.order) : null;
    const controls = el("div", { class: "controls" }, another, hide, withdrawal && withdrawal.button, this.done());
    const end = t("live.runs_out", { time: timeText(this.code.expires_at, this.code.not_before) });
    const standing = el("div", { class: "standing" }, this.state.element, paragraph(end, "runs-out"));
    const status = el("div", { class: "status" }, standing, this.said.turning);
    fill(this.foot, status, withdrawal && withdrawal.panel, this.line.element, controls);
  }

  /** Another code of the same details. A number that was read out is for one code only: for the next it is asked again. */
  private another(order: Order): HTMLButtonElement {
    const made = needsMeaning(control(t("live.new"), () => {
      if (order.challenge !== undefined) void perform(this.app, made, this.line, () => issueAgain(this.app, order), (open) => open());
      else void perform(this.app, made, this.line, () => makeCode(this.app, order), (code) => liveScreen(this.app, code, order));
    }));
    return made;
  }

  /** At once when it is held; a brief press asks. */
  private withdrawal(): Sure {
    const withdraw = (pressed: HTMLButtonElement): void =>
      void perform(this.app, pressed, this.line, () => this.app.api.withdrawToken(this.code.id), () => this.over("withdrawn"));
    const made = el("button", { type: "button", class: "button button-plain button-grave button-hold" }, t("live.hold"));
    const sure = new Sure({ ...withdrawing(), ask: t("live.hold"), act: withdraw }, made);
    onHold(made, () => (sure.isOpen ? sure.turn() : withdraw(made)), () => sure.turn());
    return sure;
  }

  private done(): HTMLButtonElement {
    return control(t("do.done"), () => (this.app.session === null ? signInScreen(this.app, this.app.why) : codesScreen(this.app)));
  }

  private over(end: End): void {
    // a withdrawal comes twice where it was asked for here, and nothing follows it
    if (this.end === end || this.end === "withdrawn") return;
    this.end = end;
    if (end === "withdrawn") this.app.held.drop(this.code.id);
    else this.app.tab.drop(this.code.id);
    this.letSleep();
    this.line.hush();
    // who takes a code back need not hear of its check
    this.state.element.hidden = end === "withdrawn";
    const another = this.app.session !== null && this.order !== null ? [this.another(this.order)] : [];
    const title = heading(t(`live.${end}.title`));
    const controls = el("div", { class: "controls" }, ...another, this.done());
    const over = el("div", { class: "over" }, title, paragraph(t(`live.${end}.means`), "lead"));
    fill(this.foot, this.state.element, this.line.element, controls);
    fill(this.shown, over, this.foot);
    if (!this.veil.hidden) return;
    focusHead(this.shown);
  }

  private hide(): void {
    this.letSleep();
    this.shown.hidden = true;
    this.veil.hidden = false;
    document.documentElement.classList.add("is-veiled");
    this.veil.querySelector("button")?.focus();
  }

  private unveil(): void {
    this.letSleep = keepAwake();
    document.documentElement.classList.remove("is-veiled");
    this.veil.hidden = true;
    this.shown.hidden = false;
    focusHead(this.shown);
  }
}

function control(text: string, press: () => void): HTMLButtonElement {
  return button(text, "plain", press);
}
