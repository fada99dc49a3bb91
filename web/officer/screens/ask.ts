import { button, el, heading } from "../../shared/dom.ts";
import type { Wish } from "../api.ts";
import type { Console } from "../app.ts";
import { CHANNELS } from "../model.ts";
import { fromField, toField } from "../times.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { channelBoxes, choice, field, form, submit } from "./fields.ts";
import { Line, paragraph, perform } from "./parts.ts";

const HOUR = 3600;
const LENGTHS = [1, 4, 8, 24, 168, 744] as const;

/** Asks for an authorisation. Another person decides. */
export function askScreen(app: Console): void {
  app.show("ask", () => {
    const line = new Line();
    const reference = field("reference", t("ask.reference"), t("ask.reference_hint"), { maxlength: "64" });
    const channels = channelBoxes(CHANNELS.slice(0, 1));
    const from = field("from", t("ask.from"), t("ask.from_hint"), { type: "datetime-local", min: toField(app.now()) });
    const lasts = choice("lasts", t("ask.lasts"), LENGTHS.map((hours) => [String(hours), t(`length.${hours}`)] as const), "8");
    const most = field("most", t("field.most"), null, { inputmode: "numeric", maxlength: "4" });
    most.input.value = "20";
    const send = submit(t("ask.send"));
    const ask = () => {
      const wish = wishOf(app, reference.input.value, channels.chosen(), from.input.value, Number(lasts.input.value), most.input.value);
      if (typeof wish !== "string") return app.api.ask(wish);
      line.say(wish, "problem");
      return null;
    };
    const done = (): void => codesScreen(app, t("ask.sent"));
    return [
      heading(t("ask.title")),
      paragraph(t("ask.who"), "lead"),
      form(
        () => void perform(app, send, line, ask, done),
        reference.box, channels.box, from.box, lasts.box, most.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => codesScreen(app))),
      ),
    ];
  });
}

/** What was filled in, or what is missing in it. */
function wishOf(app: Console, reference: string, channels: Wish["channels"], from: string, hours: number, most: string): Wish | string {
  const begins = from === "" ? null : fromField(from);
  if (reference.trim() === "") return t("ask.no_reference");
  if (channels.length === 0) return t("field.no_channel");
  if (from !== "" && begins === null) return t("field.no_time");
  const count = readCount(most);
  if (count === null) return t("field.no_count");
  const start = begins === null || begins <= app.now() ? null : begins;
  const until = (start ?? app.now()) + hours * HOUR;
  return { reference: reference.trim(), channels, until, max_tokens: count, ...(start === null ? {} : { from: start }) };
}

/** How many codes an authorisation allows, or null. */
export function readCount(typed: string): number | null {
  const count = /^\d{1,4}$/.test(typed.trim()) ? Number(typed) : 0;
  return count >= 1 && count <= 1000 ? count : null;
}
