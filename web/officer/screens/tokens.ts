import { button, el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { LiveToken } from "../model.ts";
import type { Made } from "../tab.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { Cards } from "./cards.ts";
import { liveScreen } from "./live.ts";
import { Line, apart, perform } from "./parts.ts";
import { earlyText } from "./state-line.ts";
import { type Question, asksFirst } from "./sure.ts";

/** Codes that can still be checked. Each can be withdrawn; those made here can be shown again. */
export function tokenCards(app: Console, names = false): Cards<LiveToken> {
  const settled = (id: string): void => {
    app.drop(id);
    cards.settle(id, t("tokens.withdrawn"));
  };
  const cards: Cards<LiveToken> = new Cards(({ id }) => id, t("tokens.none"), t("tokens.gone"), (token) => {
    const line = new Line();
    const made = app.tab.made.get(token.id);
    const withdraw = (pressed: HTMLButtonElement): void =>
      void perform(app, pressed, line, () => app.api.withdrawToken(token.id), () => settled(token.id));
    const withdrawal = asksFirst({ ...withdrawing(), act: withdraw });
    const isOpen = token.state === "live" || token.state === "checked";
    return [
      el("h3", {}, names ? t("tokens.of", { callsign: token.officer, channel: t(`channel.${token.channel}`) }) : t(`channel.${token.channel}`)),
      el("p", { class: "state state-" + token.state }, stateText(app, token)),
      el("p", { class: "said" }, ...saidParts(made, token)),
      el("p", {}, t("tokens.made", { time: timeText(token.issued_at) }) + " " + timesText(token) + "."),
      el(
        "div",
        { class: "buttons" },
        made === undefined ? null : button(t("tokens.show"), "plain", () => liveScreen(app, made.code, made.order)),
        isOpen ? withdrawal.button : null,
      ),
      isOpen ? withdrawal.panel : null,
      line.element,
    ];
  });
  return cards;
}

/** When a code begins that was prepared for later. */
export function beginning({ not_before }: LiveToken): readonly number[] {
  return not_before === null ? [] : [not_before];
}

/** What is asked before a code is withdrawn. */
export function withdrawing(): Omit<Question, "act"> {
  return { ask: t("do.withdraw"), title: t("tokens.withdraw.title"), means: [t("tokens.withdraw.means")], yes: t("do.withdraw_sure") };
}

/** What a code says, which the service does not keep and this tab alone remembers, and its authorisation. */
function saidParts(made: Made | undefined, { reference }: LiveToken): Node[] {
  return apart([made?.code.name ?? null, made?.code.place ?? null, reference].filter((part) => part !== null));
}

/** Where a code stands, in a few words. */
export function stateText(app: Console, { state, first_checked_at, not_before }: Pick<LiveToken, "state" | "first_checked_at" | "not_before">): string {
  if (state === "checked" && first_checked_at !== null) return t("live.checked_at", { time: timeText(first_checked_at) });
  return (state === "live" ? earlyText(not_before, app.now()) : null) ?? t(`tokens.${state}`);
}

/** When a code counts, in a few words. */
export function timesText({ not_before, expires_at }: Pick<LiveToken, "not_before" | "expires_at">): string {
  if (not_before === null) return t("live.runs_out", { time: timeText(expires_at) });
  return t("prepared.between", { from: timeText(not_before), until: timeText(expires_at, not_before) });
}
