import { button, el } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Code } from "../model.ts";
import { t } from "../words.ts";
import { liveScreen } from "./live.ts";
import { listOf } from "./parts.ts";
import { timesText } from "./tokens.ts";

/** The codes that are kept on this device, to be shown with or without a network. Each goes from the list when its time is over. */
export function preparedList(app: Console, again: () => void): HTMLElement {
  app.prepared.watch(again);
  app.onLeave(() => app.prepared.watch(() => undefined));
  return listOf(app.prepared.list(), t("prepared.none"), (code) => [
    el("h3", {}, timesText(code)),
    el("p", {}, describe(code)),
    button(t("prepared.show"), "plain", () => liveScreen(app, code, null)),
  ]);
}

function describe({ channel, name, place }: Code): string {
  return [t(`channel.${channel}`), name, place].filter((part) => part !== null).join(", ");
}
