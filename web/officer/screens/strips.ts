import { button } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import type { Bar } from "./bar.ts";
import { Line, asking } from "./parts.ts";
import { enterByPasskey } from "./sign-in.ts";

/** What the strip over the screen says before somebody is signed out. The end is given in seconds since 1970. */
export function strips(app: Console, bar: Bar): { readonly warnOfIdling: (end: number) => void; readonly warnOfEnd: (end: number) => void } {
  return {
    warnOfIdling: (end) => bar.show("idle", t("idle.soon", { time: timeText(end) }), button(t("idle.stay"), "main", () => bar.hide("idle"))),
    warnOfEnd: (end) => {
      const line = new Line();
      const again = asking(app, t("ending.again"), "main", line, () => signInAgain(app), () => undefined);
      bar.show("ending", t("ending.soon", { time: timeText(end) }), again, button(t("ending.later"), "plain", () => bar.hide("ending")), line.element);
    },
  };
}

/** Whatever is on the screen by then: the session is another one from this moment. */
async function signInAgain(app: Console): ReturnType<typeof enterByPasskey> {
  const opened = await enterByPasskey(app);
  if (opened.ok) app.signedInAgain(opened.value);
  return opened;
}
