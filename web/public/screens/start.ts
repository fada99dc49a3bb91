import { button, el, fill, heading } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import type { Start, Way } from "../state.ts";
import { keepPart } from "./keep.ts";
import { contact } from "./help.ts";
import { numberPanel } from "./number.ts";
import { paragraph } from "./parts.ts";

/** Where a check begins: the address, the person's own number, and the ways to enter a code. */
export function startScreen(app: App, { isNew = false }: Start): Node[] {
  const { t } = app;
  return [
    el("div", { class: "intro" }, heading(t("start.title")), paragraph(t("start.you_may_stop"), "lead")),
    paragraph(t("start.address", { address: location.host }), "address"),
    numberPanel(app, isNew),
    ways(app),
    paragraph(t("start.helping")),
    contact(app),
    keepPart(app),
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
      way("way way-stop", t("start.no_code"), t("start.no_code.when"), () => app.show({ at: "stop", why: [], instead: null })),
    ),
  );
}

function way(kind: string, title: string, when: string, press: () => void): HTMLElement {
  const choice = button(title, "plain", press);
  choice.className = kind;
  fill(choice, title, " ", el("span", { class: "hint" }, when));
  return el("li", {}, choice);
}
