import { button, el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { LiveToken } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { liveScreen } from "./live.ts";
import { Line, listOf, perform, twice } from "./parts.ts";

/** Codes that can still be checked. Each can be withdrawn; those made here can be shown again. */
export function tokenList(app: Console, tokens: readonly LiveToken[], again: () => void, names = false): HTMLElement {
  return listOf(tokens, t("tokens.none"), (token) => {
    const line = new Line();
    const made = app.made.get(token.id);
    return [
      el("h3", {}, names ? t("tokens.of", { callsign: token.officer, channel: t(`channel.${token.channel}`) }) : t(`channel.${token.channel}`)),
      el("p", { class: "state state-" + token.state }, stateText(token)),
      el("p", {}, timesText(token)),
      el(
        "div",
        { class: "buttons" },
        made === undefined ? null : button(t("tokens.show"), "plain", () => liveScreen(app, made.code, made.order)),
        withdrawal(app, token.id, line, again),
      ),
      line.element,
    ];
  });
}

function withdrawal(app: Console, id: string, line: Line, again: () => void): HTMLElement {
  const box = twice(t("do.withdraw"), t("do.withdraw_sure"), () => {
    const pressed = box.querySelector("button");
    if (pressed !== null) void perform(app, pressed, line, () => app.api.withdrawToken(id), again);
  });
  return box;
}

function stateText({ state, first_checked_at }: LiveToken): string {
  return state === "checked" && first_checked_at !== null ? t("live.checked_at", { time: timeText(first_checked_at) }) : t(`tokens.${state}`);
}

/** When a code counts, in a few words. */
export function timesText({ not_before, expires_at }: Pick<LiveToken, "not_before" | "expires_at">): string {
  if (not_before === null) return t("live.runs_out", { time: timeText(expires_at) });
  return t("prepared.between", { from: timeText(not_before), until: timeText(expires_at) });
}
