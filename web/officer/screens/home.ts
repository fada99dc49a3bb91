import { heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Role } from "../model.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { paragraph } from "./parts.ts";
import { peopleScreen } from "./people.ts";
import { requestsScreen } from "./requests.ts";

/** The screen with which each begins. */
export const HOME: { readonly [R in Role]: string } = { officer: "codes", approver: "requests", administrator: "people", overseer: "overseer" };

/** Where somebody begins, by their role. */
export function homeScreen(app: Console): void {
  switch (app.session?.role) {
    case "officer":
      return codesScreen(app);
    case "approver":
      return requestsScreen(app);
    case "administrator":
      return peopleScreen(app);
    case "overseer":
      return app.show("overseer", () => [heading(t("overseer.title")), paragraph(t("overseer.where"), "lead"), paragraph(t("overseer.here"))]);
    case undefined:
      return;
  }
}
