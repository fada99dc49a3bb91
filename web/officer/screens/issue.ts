import { button, el, heading } from "../../shared/dom.ts";
import type { Order } from "../api.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type Channel, isLive } from "../model.ts";
import { type Result, done } from "../result.ts";
import { t } from "../words.ts";
import { codesScreen, loadCovering } from "./codes.ts";
import { type Said, detailFields } from "./details.ts";
import { areRight, form, submit } from "./fields.ts";
import { keypad, wrongNumber } from "./keypad.ts";
import { liveScreen } from "./live.ts";
import { makeCode } from "./making.ts";
import { Line, perform } from "./parts.ts";
import { underField } from "./under.ts";

/** The second tap: what the code says, then the passkey. All but the authorisation may stay empty. */
export function issueScreen(app: Console, channel: Channel, authorisations: readonly Authorisation[], before: Said = {}): void {
  app.show("issue", () => {
    app.confirming.prepare();
    const line = new Line();
    const fits = (one: Authorisation): boolean => isLive(one, app.now()) && one.channels.includes(channel);
    const under = underField(app, authorisations, { fits, channel: () => channel });
    const number = keypad();
    const details = detailFields(channel, { ...app.tab.said(), ...before });
    const send = submit(t("issue.make"));
    let order: Order | null = null;
    const make = () => {
      const challenge = number.value();
      if (!areRight([under, under.wrong()], [number, wrongNumber(challenge)], ...details.checks())) return null;
      order = { authorisation: under.chosen(), channel, ...details.said(), ...(challenge === "" ? {} : { challenge }) };
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
