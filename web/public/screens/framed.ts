import { el, heading } from "../../shared/dom.ts";
import type { App } from "../app.ts";

/** Instead of everything else, where another page holds this one in a frame. */
export function framedScreen(app: App): Node[] {
  const open = el("a", { class: "button button-main", href: location.href, target: "_top", rel: "noreferrer" }, app.t("page.open"));
  return [heading(app.t("page.framed")), open];
}
