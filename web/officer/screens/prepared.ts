import { button, el, fill } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Code } from "../model.ts";
import { t } from "../words.ts";
import { liveScreen } from "./live.ts";
import { listOf, section } from "./parts.ts";
import { timesText } from "./tokens.ts";

/** The codes that are kept on this device, to be shown with or without a network. Each goes from the list when its time is over. */
export function preparedSection(app: Console): Node[] {
  const cards = el("div", {});
  const shown = section(t("prepared.title"), cards);
  const draw = (): void => {
    const codes = app.prepared.list();
    if (codes.length === 0) shown.remove();
    fill(cards, listOf(codes, "", (code) => card(app, code)));
  };
  draw();
  app.prepared.watch(draw);
  app.onLeave(() => app.prepared.watch(() => undefined));
  return app.prepared.list().length === 0 ? [] : [shown];
}

function card(app: Console, code: Code): Node[] {
  const { channel, name, place } = code;
  return [
    el("h3", {}, timesText(code)),
    el("p", {}, [t(`channel.${channel}`), name, place].filter((part) => part !== null).join(", ")),
    button(t("prepared.show"), "plain", () => liveScreen(app, code, null)),
  ];
}
