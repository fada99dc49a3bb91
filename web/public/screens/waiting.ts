import { button, heading } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import type { Screen } from "../state.ts";
import { paragraph } from "./parts.ts";

/** Shown while a part of the page is on its way. */
export function waitingScreen(app: App): Node[] {
  return [heading(app.t("page.moment"))];
}

/** Shown where that part did not come. */
export function notLoadedScreen(app: App, wanted: Screen): Node[] {
  const { t } = app;
  return [
    heading(t("enter.not_loaded")),
    paragraph(t("offline.means")),
    button(t("next.retry"), "main", () => app.replace(wanted)),
    button(t("enter.back"), "plain", () => app.back()),
  ];
}
