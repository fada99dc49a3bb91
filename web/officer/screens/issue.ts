import { button, el, heading } from "../../shared/dom.ts";
import type { Order } from "../api.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type Channel } from "../model.ts";
import { type Result, done } from "../result.ts";
import { t } from "../words.ts";
import { codesScreen, loadCovering } from "./codes.ts";
import { type Said, detailFields } from "./details.ts";
import { areRight, choice, form, submit } from "./fields.ts";
import { keypad, wrongNumber } from "./keypad.ts";
import { liveScreen } from "./live.ts";
import { makeCode } from "./making.ts";
import { Line, perform } from "./parts.ts";

/** The second tap: what the code says, then the passkey. All but the authorisation may stay empty. */
export function issueScreen(app: Console, channel: Channel, authorisations: readonly Authorisation[], before: Said = {}): void {
  app.show("issue", () => {
    app.confirming.prepare();
    const line = new Line();
    const under = authorisationChoice(app, authorisations);
    const number = keypad();
    const details = detailFields(channel, { ...app.tab.said(), ...before });
    const send = submit(t("issue.make"));
    let order: Order | null = null;
    const make = () => {
      const challenge = number.value();
      if (!areRight([number, wrongNumber(challenge)], ...details.checks())) return null;
      order = { authorisation: under.input.value, channel, ...details.said(), ...(challenge === "" ? {} : { challenge }) };
      return makeCode(app, order);
    };
    return [
      heading(t(`issue.title.${channel}`)),
      form(
        () => void perform(app, send, line, make, (code) => liveScreen(app, code, order)),
        under.box, number.box, details.box,
        el("div", { class: "foot" }, line.element, el("div", { class: "buttons" }, send, button(t("do.back"), "plain", () => codesScreen(app)))),
      ),
    ];
  });
}

/** Looks up what may be used now, and gives what opens the screen with the details of an order, all but its number. */
export async function issueAgain(app: Console, { channel, ...said }: Order): Promise<Result<() => void>> {
  const found = await loadCovering(app, channel);
  if (!found.ok) return found;
  return done(() => (found.value.length === 0 ? codesScreen(app) : issueScreen(app, channel, found.value, said)));
}

/** The authorisation that was used last, where it still is one of these. Where there is one alone, nothing is to be chosen. */
export function authorisationChoice(app: Console, authorisations: readonly Authorisation[]): ReturnType<typeof choice> {
  const options = authorisations.map(({ id, reference }) => [id, reference] as const);
  const made = choice("authorisation", t("issue.authorisation"), options, app.tab.authorisation);
  const [only] = authorisations;
  if (authorisations.length !== 1 || only === undefined) return made;
  return { ...made, box: el("p", { class: "only" }, t("issue.authorisation"), ": ", el("bdi", {}, only.reference)) };
}
