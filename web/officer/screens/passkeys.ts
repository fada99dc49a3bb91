import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Key } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { tidy } from "./details.ts";
import { areRight, field, form, submit } from "./fields.ts";
import { Line, listOf, living, paragraph, perform, shownOnce } from "./parts.ts";
import { wrongText } from "./sentence.ts";

/** The longest name, in characters. */
const LONGEST = 40;

/** One's own passkeys, each with its name. */
export function passkeysScreen(app: Console, said: string | null = null): void {
  const notice = shownOnce(app, said);
  app.show("passkeys", () => {
    const own = living<readonly Key[]>(app, [], (api) => api.passkeys(), {
      draw: (keys) => [listOf(keys, "", (key) => card(app, key))],
      update: () => 0,
    });
    return [heading(t("passkeys.title")), paragraph(t("passkeys.what"), "lead"), ...notice(), own.element, paragraph(t("passkeys.lost"))];
  });
}

function card(app: Console, key: Key): Node[] {
  const { name, added_at } = key;
  const rename = button(t(name === null ? "passkeys.name" : "passkeys.rename"), "plain", () => nameScreen(app, key));
  return [
    el("h2", { dir: "auto" }, name ?? t("key.passkey")),
    paragraph(t("passkeys.added", { time: timeText(added_at ?? 0) })),
    rename,
  ];
}

function nameScreen(app: Console, { id, name }: Key): void {
  app.show("name-passkey", () => {
    const line = new Line();
    const called = field("name", t("passkeys.label"), t("passkeys.hint"), { dir: "auto" });
    called.input.value = name ?? "";
    const send = submit(t("passkeys.save"));
    const save = () => {
      const typed = called.input.value;
      return areRight([called, wrongText(typed, LONGEST, t("passkeys.none"))]) ? app.api.namePasskey(id, tidy(typed)) : null;
    };
    return [
      heading(t("passkeys.name_title")),
      form(
        () => void perform(app, send, line, save, () => passkeysScreen(app, t("passkeys.saved", { name: tidy(called.input.value) }))),
        called.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => passkeysScreen(app))),
      ),
    ];
  });
}
