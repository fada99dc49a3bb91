import { button, el, heading, refill } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import { numberText } from "../number.ts";
import type { Way } from "../state.ts";
import { keepPart } from "./keep.ts";
import { contact, paragraph } from "./parts.ts";

/** Where a check begins: the address, the person's own number, and the ways to enter a code. */
export function startScreen(app: App): Node[] {
  const { t } = app;
  return [
    el("div", { class: "intro" }, heading(t("start.title")), paragraph(t("start.you_may_stop"), "lead")),
    paragraph(t("start.address", { address: location.host }), "address"),
    numberPanel(app),
    ways(app),
    contact(app),
    keepPart(app),
  ];
}

function numberPanel(app: App): HTMLElement {
  const section = el("section", { class: "number", "aria-labelledby": "number-title" });
  let timer = 0;
  const render = (): void => {
    const left = app.number.millisecondsLeft();
    refill(section, ...(left > 0 ? youngNumber(app, render) : oldNumber(app, render)));
    clearTimeout(timer);
    if (left > 0) timer = window.setTimeout(render, left);
  };
  app.onLeave(() => clearTimeout(timer));
  app.number.current();
  render();
  return section;
}

function youngNumber(app: App, render: () => void): Node[] {
  const { t } = app;
  const value = app.number.current();
  const title = el("h2", { id: "number-title" }, t("number.title"));
  const big = el("div", { class: "number-value", dir: "ltr", tabindex: "-1" }, numberText(value));
  if (app.number.isReadOut()) {
    return [title, big, el("p", { class: "number-done", role: "status", tabindex: "-1" }, t("number.is_read_out"))];
  }
  const pressed = (): void => {
    app.number.markReadOut();
    render();
    const done = document.querySelector<HTMLElement>(".number-done");
    if (done) done.focus();
  };
  return [
    title,
    big,
    paragraph(t("number.write"), "lead"),
    paragraph(t("number.why"), "hint"),
    button(t("number.read_out"), "main", pressed),
  ];
}

function oldNumber(app: App, render: () => void): Node[] {
  const renew = (): void => {
    app.number.renew();
    render();
  };
  return [
    el("h2", { id: "number-title" }, app.t("number.title")),
    paragraph(app.t("number.old")),
    button(app.t("number.new"), "main", renew),
  ];
}

function ways(app: App): HTMLElement {
  const { t } = app;
  const enter = (way: Way) => (): void => app.show({ at: "enter", way, typed: "" });
  return el(
    "section",
    { class: "ways" },
    el("h2", {}, t("start.code.title")),
    paragraph(t("start.code.intro")),
    el(
      "ul",
      {},
      way("way way-first", t("start.scan"), t("start.scan.when"), () => app.show({ at: "scan" })),
      ...app.spokenWays().map((spoken) => way("way", t(`start.${spoken}`), t(`start.${spoken}.when`), enter(spoken))),
      way("way", t("start.paste"), t("start.paste.when"), enter("paste")),
    ),
  );
}

function way(kind: string, title: string, when: string, press: () => void): HTMLElement {
  const choice = button(title, "plain", press);
  choice.className = kind;
  choice.appendChild(el("span", { class: "hint" }, when));
  return el("li", {}, choice);
}
