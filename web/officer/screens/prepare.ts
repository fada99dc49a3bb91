import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, CHANNELS, type Channel, isAhead } from "../model.ts";
import { startOf as startOfCode } from "../prepared.ts";
import { fromField, timeText, toField } from "../times.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { detailFields } from "./details.ts";
import { areRight, choice, field, form, submit, tick } from "./fields.ts";
import { prepareCode } from "./making.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { underField } from "./under.ts";

const DAY = 86400;
const QUARTER = 900;
const LENGTHS = ["600", "300"] as const;

/** Prepares a code for a time within a day, to be shown where there is no network. It never carries a number. */
export function prepareScreen(app: Console, authorisations: readonly Authorisation[]): void {
  app.show("prepare", () => {
    app.confirming.prepare();
    const line = new Line();
    const how = choice("channel", t("prepare.channel"), CHANNELS.map((one) => [one, t(`channel.${one}`)] as const));
    const channel = (): Channel => how.input.value as Channel;
    const under = underField(app, authorisations, { fits: (one) => isAhead(one, app.now()), channel });
    const bounds = { min: toField(app.now()), max: toField(app.now() + DAY) };
    const from = field("from", t("prepare.from"), t("prepare.from_hint"), { type: "datetime-local", ...bounds });
    from.input.value = toField(Math.ceil((app.now() + 60) / QUARTER) * QUARTER);
    const lasts = choice("lasts", t("prepare.lasts"), LENGTHS.map((one) => [one, t(`length.${one}`)] as const));
    // words cannot be had later without a network
    const words = tick(t("prepare.words"), false);
    const details = detailFields("in-person", app.tab.said());
    const send = submit(t("prepare.make"));
    const make = () => {
      const start = startOf(app, from.input.value);
      if (!areRight([under, under.wrong()], [from, start === null ? t("prepare.wrong_time") : null], ...details.checks()) || start === null) return null;
      const spoken = words.input.checked || channel() === "telephone";
      const window = { not_before: start, lifetime: Number(lasts.input.value) };
      return prepareCode(app, { authorisation: under.chosen(), channel: channel(), ...details.said(), ...window, spoken });
    };
    return [
      heading(t("prepare.title")),
      paragraph(t("prepare.what"), "lead"),
      form(
        () => void perform(app, send, line, make, (code) => codesScreen(app, t("prepare.kept", { time: timeText(startOfCode(code)) }))),
        under.box, how.box, from.box, lasts.box, words.label, details.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => codesScreen(app))),
      ),
    ];
  });
}

/** A moment after now and within a day, or null. */
function startOf(app: Console, value: string): number | null {
  const start = fromField(value);
  return start !== null && start > app.now() && start <= app.now() + DAY ? start : null;
}
