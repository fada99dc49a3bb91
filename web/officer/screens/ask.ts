import { button, el, heading } from "../../shared/dom.ts";
import { plainDigits } from "../../shared/typed.ts";
import type { Console } from "../app.ts";
import { CHANNELS } from "../model.ts";
import { fromField, toField } from "../times.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { tidy } from "./details.ts";
import { areRight, channelBoxes, choice, field, form, submit } from "./fields.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { reasonField, wrongSentence, wrongText } from "./sentence.ts";

const HOUR = 3600;
const REFERENCE = 64;
const LENGTHS = [1, 4, 8, 24, 168, 744] as const;

/** Asks for an authorisation. Another person decides. */
export function askScreen(app: Console): void {
  app.show("ask", () => {
    const line = new Line();
    const reference = field("reference", t("ask.reference"), t("ask.reference_hint"), { dir: "auto" });
    const purpose = reasonField(t("ask.purpose"), t("ask.purpose_hint"));
    const channels = channelBoxes(CHANNELS.slice(0, 1));
    const from = field("from", t("ask.from"), t("ask.from_hint"), { type: "datetime-local", min: toField(app.now()) });
    const lasts = choice("lasts", t("ask.lasts"), LENGTHS.map((hours) => [String(hours), t(`length.${hours}`)] as const), "8");
    const most = field("most", t("field.most"), null, { inputmode: "numeric", maxlength: "4" });
    most.input.value = "20";
    const send = submit(t("ask.send"));
    const ask = () => {
      const [begins, count] = [fromField(from.input.value), readCount(most.input.value)];
      const isRight = areRight(
        [reference, wrongText(reference.input.value, REFERENCE, t("ask.no_reference"))],
        [purpose, wrongSentence(purpose)],
        [channels, channels.chosen().length === 0 ? t("field.no_channel") : null],
        [from, from.input.value !== "" && begins === null ? t("field.no_time") : null],
        [most, count === null ? t("field.no_count") : null],
      );
      if (!isRight || count === null) return null;
      const start = begins === null || begins <= app.now() ? null : begins;
      const until = (start ?? app.now()) + Number(lasts.input.value) * HOUR;
      const what = { reference: tidy(reference.input.value), purpose: tidy(purpose.input.value) };
      return app.api.ask({ ...what, channels: channels.chosen(), until, max_tokens: count, ...(start === null ? {} : { from: start }) });
    };
    const done = (): void => codesScreen(app, t("ask.sent"));
    return [
      heading(t("ask.title")),
      paragraph(t("ask.who"), "lead"),
      form(
        () => void perform(app, send, line, ask, done),
        reference.box, purpose.box, channels.box, from.box, lasts.box, most.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => codesScreen(app))),
      ),
    ];
  });
}

/** How many codes an authorisation allows, or null. */
export function readCount(typed: string): number | null {
  const digits = plainDigits(typed.trim());
  const count = /^\d{1,4}$/.test(digits) ? Number(digits) : 0;
  return count >= 1 && count <= 1000 ? count : null;
}
