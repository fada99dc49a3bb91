import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Link, ROLES, type Role } from "../model.ts";
import { symbolOf } from "../symbol.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { areRight, choice, field, form, submit } from "./fields.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { peopleScreen } from "./people.ts";

/** Enrols somebody. Their link is shown once. */
export function enrolPersonScreen(app: Console): void {
  app.show("enrol-person", () => {
    const line = new Line();
    const callsign = field("callsign", t("person.callsign"), t("person.callsign_hint"), { maxlength: "32", autocapitalize: "none" });
    const role = choice("role", t("person.role"), ROLES.map((one) => [one, t(`role.${one}`)] as const));
    const send = submit(t("person.send"));
    const enrol = () => {
      const name = callsign.input.value.trim();
      const isRight = areRight([callsign, /^[A-Za-z0-9][\w.-]{0,31}$/.test(name) ? null : t("person.wrong_callsign")]);
      return isRight ? app.api.enrol(name, role.input.value as Role) : null;
    };
    return [
      heading(t("person.title")),
      form(
        () => void perform(app, send, line, enrol, (made) => linkScreen(app, made.callsign, made)),
        callsign.box, role.box, line.element,
        el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => peopleScreen(app))),
      ),
    ];
  });
}

/** A one-time link, to be handed over. It is nowhere to be seen again. */
export function linkScreen(app: Console, callsign: string, { link, link_expires_at }: Link): void {
  app.show("link", () => {
    const line = new Line();
    const shown = el("input", { id: "link", type: "text", readonly: "", class: "one-time" });
    shown.value = link;
    shown.addEventListener("focus", () => shown.select());
    return [
      heading(t("link.title", { callsign })),
      paragraph(t("link.what"), "lead"),
      el("div", { class: "field" }, el("label", { for: "link" }, t("link.label")), shown),
      paragraph(t("link.until", { time: timeText(link_expires_at) })),
      paragraph(t("link.scan")),
      el("div", { class: "qr qr-link" }, el("img", { src: symbolOf(link), alt: t("link.qr"), width: "240", height: "240" })),
      el(
        "div",
        { class: "buttons" },
        button(t("link.copy"), "main", () => void copy(shown, line)),
        button(t("do.done"), "plain", () => peopleScreen(app)),
      ),
      line.element,
    ];
  });
}

async function copy(shown: HTMLInputElement, line: Line): Promise<void> {
  try {
    await navigator.clipboard.writeText(shown.value);
    line.say(t("link.copied"));
  } catch {
    // not allowed here: it is marked, so that one more press copies it
    shown.focus();
    line.say(t("link.copy_by_hand"));
  }
}
