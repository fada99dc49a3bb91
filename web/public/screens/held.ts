import { el, heading } from "../../shared/dom.ts";
import type { App } from "../app.ts";

/** Instead of everything else, where another page holds this one. A new window without an opener has nobody who holds it. */
export function heldScreen(app: App): Node[] {
  const open = el("a", { class: "button button-main", href: location.href, target: "_blank", rel: "noreferrer" }, app.t("page.open"));
  return [heading(app.t("page.held")), open];
}
