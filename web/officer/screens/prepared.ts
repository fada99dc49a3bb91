import { button, el, fill } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Code } from "../model.ts";
import { Clock } from "../moment.ts";
import { t } from "../words.ts";
import { liveScreen } from "./live.ts";
import { listOf, section } from "./parts.ts";
import { timesText } from "./tokens.ts";

/** The codes that are kept on this device, to be shown with or without a network. Each goes from the list when its time is over. */
export function preparedSection(app: Console): Node[] {
  const codes = (): readonly Code[] => app.prepared.list();
  const { element, draw } = codesSection(app, t("prepared.title"), codes);
  app.prepared.watch(draw);
  app.onLeave(() => app.prepared.watch(() => undefined));
  return codes().length === 0 ? [] : [element];
}

/** The codes that were made in this tab, for as long as the service does not say how they stand. No prepared one is among them. */
export function madeSection(app: Console): Node[] {
  const codes = (): readonly Code[] => app.tab.live(app.now());
  const { element, draw } = codesSection(app, t("codes.live"), codes);
  const clock = new Clock(() => app.now(), draw);
  clock.follow(codes().map(({ expires_at }) => expires_at));
  app.onLeave(() => clock.end());
  return codes().length === 0 ? [] : [element];
}

/** A list of codes that can be shown, which goes with the last of them. */
function codesSection(app: Console, title: string, current: () => readonly Code[]): { readonly element: HTMLElement; readonly draw: () => void } {
  const cards = el("div", {});
  const element = section(title, cards);
  const draw = (): void => {
    const codes = current();
    if (codes.length === 0) element.remove();
    fill(cards, listOf(codes, "", (code) => card(app, code)));
  };
  draw();
  return { element, draw };
}

function card(app: Console, code: Code): Node[] {
  const { channel, name, place, id } = code;
  return [
    el("h3", {}, timesText(code)),
    el("p", {}, [t(`channel.${channel}`), name, place].filter((part) => part !== null).join(", ")),
    button(t("prepared.show"), "plain", () => liveScreen(app, code, app.tab.made.get(id)?.order ?? null)),
  ];
}
