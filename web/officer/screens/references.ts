import { button, el, heading } from "../../shared/dom.ts";
import { marked, sentence } from "../../shared/ear.ts";
import { digitsIn } from "../../shared/typed.ts";
import type { Console } from "../app.ts";
import { type LookedUp, type Quoted, isInUse, momentsOf, stateAt } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { Cards } from "./cards.ts";
import { areRight, field, form, submit } from "./fields.ts";
import { Line, paragraph, perform } from "./parts.ts";
import { asksFirst } from "./sure.ts";
import { lifeText, stateText, withdrawing } from "./tokens.ts";

const DIGITS = 8;

/** For those who answer the telephone: somebody quotes the digits that their own screen showed them. */
export function referencesScreen(app: Console): void {
  app.show("references", () => {
    const line = new Line();
    const quoted = field("quoted", t("reference.label"), t("reference.hint"), { inputmode: "numeric", dir: "ltr", class: "quoted" });
    const send = submit(t("reference.send"));
    const lookUp = () => {
      const typed = quoted.input.value;
      return areRight([quoted, wrongReference(typed)]) ? app.api.lookUp(digitsIn(typed) ?? "") : null;
    };
    return [
      heading(t("reference.title")),
      paragraph(t("reference.what"), "lead"),
      form(() => void perform(app, send, line, lookUp, (found) => lookedUpScreen(app, found)), quoted.box, line.element, send),
      paragraph(t("reference.proves")),
      paragraph(t("reference.most"), "hint"),
    ];
  });
}

/** What is wrong with a reference as it was typed: in any groups and any script's digits it is eight of them. */
export function wrongReference(typed: string): string | null {
  const digits = digitsIn(typed);
  if (typed.trim() === "") return t("reference.empty");
  if (digits === null) return t("reference.no_digits");
  return digits.length === DIGITS ? null : t("reference.wrong_count", { count: String(digits.length) });
}

/** What is on record. It says how codes stand, and of whom they are says nothing. */
function lookedUpScreen(app: Console, { reference, tokens }: LookedUp): void {
  app.show("looked-up", () => {
    const title = heading("");
    title.append(...sentence(t("reference.of", { reference: marked(reference) })));
    const isKnown = tokens.length > 0;
    const found = t(isKnown ? "reference.found" : "reference.unknown", { count: String(tokens.length) });
    return [
      title,
      paragraph(found, "lead"),
      ...(isKnown ? [paragraph(t("reference.found_means")), cardsOf(app, tokens).element] : [paragraph(t("reference.unknown_means"))]),
      ...whatToDo(app, tokens),
      button(t("reference.another"), "main", () => referencesScreen(app)),
    ];
  });
}

/** Of codes that are over, nothing is left to do. */
function whatToDo(app: Console, tokens: readonly Quoted[]): Node[] {
  if (tokens.length === 0) return [paragraph(t("reference.unknown_do"))];
  if (!tokens.some((token) => isInUse(token, app.now()))) return [];
  return [paragraph(t(app.session?.role === "administrator" ? "reference.found_do" : "reference.found_ask"))];
}

function cardsOf(app: Console, tokens: readonly Quoted[]): Cards<Quoted> {
  const draw = (token: Quoted): readonly Node[] => [
    el("h2", {}, t(`channel.${token.channel}`)),
    el("p", { class: "state state-" + stateAt(token, app.now()) }, standing(app, token)),
    paragraph(lifeText(app, token)),
    ...withdrawal(app, token, (text) => cards.settle(token.id, text)),
  ];
  const cards = new Cards<Quoted>(app, { idOf: ({ id }) => id, none: "", gone: "", moments: momentsOf, draw });
  return cards.show(tokens);
}

function standing(app: Console, token: Quoted): string {
  return token.withdrawn_at === null ? stateText(app, token) : t("reference.withdrawn_at", { time: timeText(token.withdrawn_at) });
}

/** An administrator may withdraw any code, an approver only those of theirs, which are under In use. */
function withdrawal(app: Console, token: Quoted, settled: (text: string) => void): Node[] {
  if (app.session?.role !== "administrator" || !isInUse(token, app.now())) return [];
  const line = new Line();
  const withdraw = (pressed: HTMLButtonElement): void =>
    void perform(app, pressed, line, () => app.api.withdrawToken(token.id), () => settled(t("tokens.withdrawn")));
  const { button: ask, panel } = asksFirst({ ...withdrawing(), act: withdraw });
  return [el("div", { class: "buttons" }, ask), panel, line.element];
}
