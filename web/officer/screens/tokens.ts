import { button, el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type LiveToken, type Quoted, isInUse, momentsOf, stateAt } from "../model.ts";
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
    app.held.drop(id);
    cards.settle(id, t("tokens.withdrawn"));
  };
  const draw = (token: LiveToken): readonly (Node | null)[] => {
    const line = new Line();
    const made = app.tab.made.get(token.id);
    const withdraw = (pressed: HTMLButtonElement): void =>
      void perform(app, pressed, line, () => app.api.withdrawToken(token.id), () => settled(token.id));
    const withdrawal = asksFirst({ ...withdrawing(), act: withdraw });
    const state = stateAt(token, app.now());
    const isOpen = isInUse(token, app.now());
    return [
      el("h3", {}, names ? t("tokens.of", { callsign: token.officer, channel: t(`channel.${token.channel}`) }) : t(`channel.${token.channel}`)),
      el("p", { class: "state state-" + state }, stateText(app, token)),
      el("p", { class: "said" }, ...saidParts(made, token)),
      el("p", {}, lifeText(app, token)),
      el(
        "div",
        { class: "buttons" },
        made === undefined || state === "expired" ? null : button(t("tokens.show"), "plain", () => liveScreen(app, made.code, made.order)),
        isOpen ? withdrawal.button : null,
      ),
      isOpen ? withdrawal.panel : null,
      line.element,
    ];
  };
  const cards = new Cards<LiveToken>(app, { idOf: ({ id }) => id, none: t("tokens.none"), gone: t("tokens.gone"), moments: momentsOf, draw });
  return cards;
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
export function stateText(app: Console, token: Pick<LiveToken, "state" | "first_checked_at" | "not_before" | "expires_at">): string {
  const { first_checked_at, not_before } = token;
  const state = stateAt(token, app.now());
  if (state === "expired") return t("tokens.expired", { time: timeText(token.expires_at) });
  if (state === "checked" && first_checked_at !== null) return t("live.checked_at", { time: timeText(first_checked_at) });
  return (state === "live" ? earlyText(not_before, app.now()) : null) ?? t(`tokens.${state}`);
}

/** When a code was made and, as long as it is to count, when it does. */
export function lifeText(app: Console, token: LiveToken | Quoted): string {
  const state = stateAt(token, app.now());
  const isOver = state === "expired" || state === "withdrawn";
  return [t("tokens.made", { time: timeText(token.issued_at) }), ...(isOver ? [] : [timesText(token) + "."])].join(" ");
}

/** When a code counts, in a few words. */
export function timesText({ not_before, expires_at }: Pick<LiveToken, "not_before" | "expires_at">): string {
  if (not_before === null) return t("live.runs_out", { time: timeText(expires_at) });
  return t("prepared.between", { from: timeText(not_before), until: timeText(expires_at, not_before) });
}
