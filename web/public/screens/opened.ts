import type { Bytes } from "../../shared/bytes.ts";
import { button } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import { panel, paragraph } from "./parts.ts";

/** A ring, not yet closed: neither good nor bad. */
const OPEN_RING = "M12 3.5a8.5 8.5 0 1 1-6 2.5 M12 12h.01 M8 12h.01 M16 12h.01";

/** A link was opened. Until the person presses nothing is used, and nothing is shown of it: anybody can write a name into a link. */
export function openedScreen(app: App, bytes: Bytes): Node[] {
  const { t } = app;
  const check = button(t("opened.submit"), "main", () => app.checkTicket({ kind: "token", bytes }, true));
  return [
    panel("calm", OPEN_RING, t("opened.title"), paragraph(t("opened.step"), "means")),
    check,
    paragraph(t("opened.number")),
    paragraph(t("opened.stranger")),
    paragraph(t("opened.trace")),
  ];
}
