import { button, el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Role, Session } from "../model.ts";
import { t } from "../words.ts";
import { codesScreen } from "./codes.ts";
import { inUseScreen } from "./in-use.ts";
import { passkeysScreen } from "./passkeys.ts";
import { peopleScreen } from "./people.ts";
import { referencesScreen } from "./references.ts";
import { requestsScreen } from "./requests.ts";

type Place = "codes" | "requests" | "in-use" | "people" | "references";

const PLACES: { readonly [R in Role]: readonly Place[] } = {
  officer: ["codes"],
  approver: ["requests", "codes", "in-use", "references"],
  administrator: ["people", "in-use", "references"],
  overseer: [],
};

const OPEN: { readonly [P in Place]: (app: Console) => void } = {
  codes: codesScreen,
  requests: requestsScreen,
  "in-use": inUseScreen,
  people: peopleScreen,
  references: referencesScreen,
};

/** Who is signed in, where they can go, and the way out. */
export function headerOf(app: Console, session: Session, shown: string): Node[] {
  const places = PLACES[session.role];
  const out = button(t("header.sign_out"), "plain", () => void app.signOut());
  out.classList.add("sign-out");
  const who = el("button", { type: "button", class: "who", ...current("passkeys", shown) });
  who.append(el("strong", {}, session.callsign), " ", el("span", {}, t(`role.${session.role}`)), " ", el("span", { class: "own" }, t("header.passkeys")));
  who.addEventListener("click", () => passkeysScreen(app));
  const menu = places.map((place) => {
    const go = el("button", { type: "button", ...current(place, shown) }, t(`header.${place}`));
    go.addEventListener("click", () => {
      app.trail.forget(place);
      OPEN[place](app);
    });
    return go;
  });
  return [who, out, ...(places.length > 1 ? [el("nav", { "aria-label": t("header.menu") }, ...menu)] : [])];
}

function current(place: string, shown: string): { readonly "aria-current"?: "page" } {
  return place === shown ? { "aria-current": "page" } : {};
}
