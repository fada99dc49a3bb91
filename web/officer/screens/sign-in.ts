import { button, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Session } from "../model.ts";
import { usePasskey } from "../passkeys.ts";
import type { Problem, Result } from "../result.ts";
import { problemText, t } from "../words.ts";
import { Line, asking, paragraph } from "./parts.ts";
import { madeSection, preparedSection } from "./prepared.ts";

const RETRY_MS = 5000;

/** What led here: nothing, a sign-out, the end of a session, or a service that does not answer. */
export type Why = "out" | "signed-out" | "signed-out-here" | "ended" | "idle" | Problem;

/** Nobody is signed in: the way in, the codes that this tab still has, and what was prepared for a moment like this. */
export function signInScreen(app: Console, why: Why): void {
  app.why = why;
  app.show("sign-in", () => {
    const line = new Line();
    const isDown = typeof why === "object";
    const begin = isDown ? button(t("do.retry"), "main", () => void app.start()) : signIn(app, line);
    if (isDown || why === "signed-out-here") whenAnswered(app);
    return [
      heading(t(isDown ? "sign_in.down" : "sign_in.title")),
      ...said(why).map((text) => paragraph(text, "lead")),
      ...(app.left === null ? [] : [paragraph(t(`sign_in.kept.${app.left.what}`))]),
      begin,
      line.element,
      ...madeSection(app),
      ...preparedSection(app),
    ];
  }, true);
}

function said(why: Why): string[] {
  if (typeof why === "object") return [problemText(why)];
  return why === "out" ? [] : [t(`sign_in.${why}`)];
}

/** Continues on its own as soon as the service answers again, or, with `isIn`, says that somebody is signed in. */
export function whenAnswered(app: Console, isIn = false): void {
  const here = app.stillHere();
  const look = async (): Promise<void> => {
    const answer = await app.quiet.session();
    if ((answer.ok || (!isIn && answer.problem.kind === "no-session")) && here()) void app.start();
  };
  const again = (): void => void look();
  const timer = setInterval(again, RETRY_MS);
  window.addEventListener("online", again);
  app.onLeave(() => {
    clearInterval(timer);
    window.removeEventListener("online", again);
  });
}

/** The button that signs in with whichever passkey the person chooses. */
export function signIn(app: Console, line: Line): HTMLButtonElement {
  return asking(app, t("sign_in.open"), "main", line, () => enterByPasskey(app), (session) => app.signedIn(session));
}

/** Opens a session with whichever passkey the person chooses. */
export async function enterByPasskey(app: Console): Promise<Result<Session>> {
  await app.finishLeaving();
  const begun = await app.api.signInOptions();
  if (!begun.ok) return begun;
  const { ceremony, options } = begun.value;
  const used = await usePasskey(options.publicKey);
  return used.ok ? app.api.signIn({ ceremony, credential: used.value }) : used;
}
