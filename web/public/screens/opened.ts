import type { Bytes } from "../../shared/bytes.ts";
import { button, el } from "../../shared/dom.ts";
import { parseToken } from "../../shared/token.ts";
import type { App } from "../app.ts";
import { claimList, contact, panel, paragraph } from "./parts.ts";

/** A ring, not yet closed: neither good nor bad. */
const OPEN_RING = "M12 3.5a8.5 8.5 0 1 1-6 2.5 M12 12h.01 M8 12h.01 M16 12h.01";

/** A link was opened. Nothing is used, and nothing positive is said, until the person presses. */
export function openedScreen(app: App, bytes: Bytes): Node[] {
  const { t } = app;
  const token = parseToken(bytes);
  const check = button(t("opened.submit"), "main", () => app.checkTicket({ kind: "token", bytes }, true));
  const says = token === null ? [] : [paragraph(t("opened.says")), claimList(app, token)];
  return [
    panel("calm", OPEN_RING, t("opened.title"), paragraph(t("opened.step"), "means")),
    el("section", { class: "card" }, ...says, check),
    paragraph(t("opened.number")),
    paragraph(t("opened.stranger")),
    paragraph(t("opened.trace")),
    contact(app),
  ];
}
