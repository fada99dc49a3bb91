import { el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type Channel, isAhead, isLive } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";

/** An authorisation as a card's content. `asker` names who asked, for those who decide. */
export function facts(app: Console, one: Authorisation, asker = false): (HTMLElement | null)[] {
  return [el("h3", { dir: "auto" }, one.reference), ...particulars(app, one, asker)];
}

/** What it allows and where it stands. */
export function particulars(app: Console, one: Authorisation, asker: boolean): (HTMLElement | null)[] {
  const { from, until, tokens_issued, max_tokens } = one;
  const [at, end] = [standing(app.now(), one), timeText(until)];
  const time = from > app.now() ? t("authorisation.between", { from: timeText(from), until: end }) : t("authorisation.until", { until: end });
  const used = t("authorisation.used", { used: String(tokens_issued), count: String(max_tokens) });
  return [
    one.purpose === null ? null : el("p", { class: "purpose", dir: "auto" }, one.purpose),
    el("p", { class: "state state-" + at }, standingText(at, one)),
    one.reason === null ? null : el("p", { class: "reason", dir: "auto" }, t("authorisation.reason", { reason: one.reason })),
    ...(asker ? [el("p", {}, t("authorisation.asked_by", { callsign: one.asked_by, time: timeText(one.asked_at) }))] : []),
    el("p", {}, [channelsText(one.channels), time, one.state === "asked" || one.state === "refused" ? t("authorisation.most", { count: String(max_tokens) }) : used].join(". ") + "."),
  ];
}

function standingText(at: Standing, { asked_by, withdrawn_by }: Authorisation): string {
  if (at === "withdrawn" && withdrawn_by !== null) return t("standing.withdrawn_by", { callsign: withdrawn_by });
  return t(`standing.${at}`, { callsign: asked_by });
}

export type Standing = "asked" | "vain" | "live" | "later" | "stopped" | "barred" | "used" | "over" | "refused" | "withdrawn";

/** Where it stands at this moment. */
export function standing(now: number, one: Authorisation): Standing {
  if (one.state === "refused" || one.state === "withdrawn") return one.state;
  if (one.until <= now) return "over";
  if (one.state === "asked") return one.asker_suspended ? "vain" : "asked";
  if (one.asker_suspended) return "barred";
  if (one.approver_suspended) return "stopped";
  if (isLive(one, now)) return "live";
  return isAhead(one, now) ? "later" : "used";
}

/** What is over or was refused, folded away: the last ten. */
export function earlier(app: Console, all: readonly Authorisation[]): HTMLElement | null {
  if (all.length === 0) return null;
  const items = all.slice(0, 10).map((one) => el("li", { class: "card" }, ...facts(app, one)));
  return el("details", {}, el("summary", {}, t("authorisation.earlier")), el("ul", { class: "list" }, ...items));
}

export function channelsText(channels: readonly Channel[]): string {
  return channels.map((channel) => t(`channel.${channel}`)).join(", ");
}
