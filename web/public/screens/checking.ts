import type { App } from "../app.ts";
import { panel, paragraph } from "./parts.ts";

const DOTS = "M12 12h.01 M6 12h.01 M18 12h.01";

/** Shown while the answer is on its way. */
export function checkingScreen(app: App): Node[] {
  return [panel("calm", DOTS, app.t("checking.title"), paragraph(app.t("checking.wait"), "means"))];
}
