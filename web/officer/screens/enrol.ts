import { button, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Role } from "../model.ts";
import { createPasskey } from "../passkeys.ts";
import type { Result } from "../result.ts";
import { t } from "../words.ts";
import { tidy } from "./details.ts";
import { field } from "./fields.ts";
import { Line, asking, paragraph } from "./parts.ts";
import { signIn } from "./sign-in.ts";

interface Enrolled {
  readonly callsign: string;
  readonly role: Role;
}

/** A one-time link was opened. Nothing is used up until the person presses. */
export function enrolScreen(app: Console, link: string): void {
  app.show("enrol", () => {
    const line = new Line();
    const name = field("name", t("enrol.name"), t("enrol.name_hint"), { dir: "auto", maxlength: "40" });
    const add = asking(app, t("enrol.add"), "main", line, () => register(app, link, tidy(name.input.value)), (enrolled) => enrolledScreen(app, enrolled));
    return [heading(t("enrol.title")), paragraph(t("enrol.what"), "lead"), paragraph(t("enrol.lock")), name.box, add, line.element];
  }, true);
}

async function register(app: Console, link: string, name: string): Promise<Result<Enrolled>> {
  const begun = await app.api.enrolment(link);
  if (!begun.ok) {
    if (begun.problem.kind === "link-over") linkOverScreen(app);
    return begun;
  }
  const { ceremony, options } = begun.value;
  const made = await createPasskey(options.publicKey);
  if (!made.ok) return made;
  const added = await app.api.addPasskey(link, name, { ceremony, credential: made.value });
  if (!added.ok && added.problem.kind === "link-over") linkOverScreen(app);
  return added;
}

function linkOverScreen(app: Console): void {
  app.show("enrol", () => [
    heading(t("enrol.over.title")),
    paragraph(t("enrol.over.why"), "lead"),
    paragraph(t("enrol.over.do")),
    button(t("sign_in.open"), "plain", () => void app.start()),
  ], true);
}

function enrolledScreen(app: Console, { callsign, role }: Enrolled): void {
  app.show("enrol", () => {
    const line = new Line();
    return [
      heading(t("enrol.done.title")),
      paragraph(t("enrol.done.who", { callsign, role: t(`role.${role}`) }), "lead"),
      signIn(app, line),
      line.element,
    ];
  }, true);
}
