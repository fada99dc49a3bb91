import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, turnsOf } from "../model.ts";
import { fromField, toField } from "../times.ts";
import { t } from "../words.ts";
import { readCount } from "./ask.ts";
import { particulars } from "./authorisation.ts";
import { Cards } from "./cards.ts";
import { areRight, channelBoxes, field, form, submit } from "./fields.ts";
import { inUseScreen } from "./in-use.ts";
import { Line, paragraph, perform } from "./parts.ts";

/** An approver makes an authorisation longer or shorter, wider or narrower. */
export function reviewScreen(app: Console, one: Authorisation): void {
  app.show("review", () => {
    const line = new Line();
    const cards = new Cards<Authorisation>(app, { idOf: ({ id }) => id, none: "", gone: "", moments: turnsOf, draw: (now) => particulars(app, now, true) }).show([one]);
    const look = async (): Promise<void> => {
      const here = app.stillHere();
      const found = await app.quiet.oneAuthorisation(one.id);
      if (here() && found.ok) cards.update([found.value]);
    };
    app.whileShown(() => {
      void look();
      return app.news.when(["authorisations"], () => void look());
    });
    const until = field("until", t("review.until"), null, { type: "datetime-local", min: toField(app.now()) });
    until.input.value = toField(one.until);
    const most = field("most", t("field.most"), t("review.used", { count: String(one.tokens_issued) }), { inputmode: "numeric", maxlength: "4" });
    most.input.value = String(one.max_tokens);
    const channels = channelBoxes(one.channels);
    const send = submit(t("review.send"));
    const review = () => {
      // a field knows no seconds: what was not touched stays as it was
      const end = until.input.value === toField(one.until) ? one.until : fromField(until.input.value);
      const count = readCount(most.input.value);
      const isRight = areRight(
        [until, end === null ? t("field.no_time") : null],
        [most, count === null ? t("field.no_count") : null],
        [channels, channels.chosen().length === 0 ? t("field.no_channel") : null],
      );
      return isRight && end !== null && count !== null ? app.api.review(one.id, { channels: channels.chosen(), until: end, max_tokens: count }) : null;
    };
    const done = (): void => inUseScreen(app, t("review.done", { reference: one.reference }));
    return [
      heading(t("review.title", { reference: one.reference })),
      cards.element,
      paragraph(t("review.what", { callsign: one.asked_by }), "lead"),
      form(
        () => void perform(app, send, line, review, done),
        until.box, most.box, channels.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => inUseScreen(app))),
      ),
    ];
  });
}
