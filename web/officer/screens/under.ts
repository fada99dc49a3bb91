import { el, fill } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, type Channel, turnsOf } from "../model.ts";
import { Clock } from "../moment.ts";
import { t } from "../words.ts";
import { type Standing, standing } from "./authorisation.ts";
import { loadOwn } from "./codes.ts";
import { type Wrong, choice } from "./fields.ts";

/** The authorisation under which a code is made, in a form. */
export interface Under extends Wrong {
  readonly box: HTMLElement;
  readonly chosen: () => string;
  /** Why no code can be made under it, or null. */
  readonly wrong: () => string | null;
}

/** What the form needs of an authorisation. */
export interface Needs {
  readonly fits: (one: Authorisation) => boolean;
  readonly channel: () => Channel;
}

/** The authorisation that was used last, where it still is one of these. What becomes of it while the form is open is said there. */
export function underField(app: Console, offered: readonly Authorisation[], { fits, channel }: Needs): Under {
  let all = offered;
  const options = offered.map(({ id, reference }) => [id, reference] as const);
  const select = choice("authorisation", t("issue.authorisation"), options, app.tab.authorisation);
  const box = el("div", { class: "under" });
  const chosen = (): Authorisation | undefined => all.find(({ id }) => id === select.input.value);
  const wrong = (): string | null => {
    const one = chosen();
    const why = one === undefined ? null : whyNot(app.now(), one, channel());
    return why === null ? null : [why, t(all.some((other) => fits(other) && whyNot(app.now(), other, channel()) === null) ? "under.another" : "under.none")].join(" ");
  };
  const draw = (): void => {
    const one = chosen();
    const open = all.filter((other) => other === one || fits(other));
    // where there is one alone, nothing is to be chosen
    if (one !== undefined && open.length === 1 && wrong() === null) return fill(box, onlyOne(one));
    fill(select.input, ...open.map(({ id, reference }) => el("option", { value: id }, reference)));
    select.input.value = one?.id ?? "";
    if (!box.contains(select.box)) fill(box, select.box);
  };
  draw();
  let known = wrong();
  const look = async (): Promise<void> => {
    const here = app.stillHere();
    const found = await loadOwn(app, app.quiet);
    if (!here()) return;
    if (found.ok) all = [...all.filter(({ id }) => found.value.every((one) => one.id !== id)), ...found.value];
    clock.follow(all.flatMap(turnsOf));
    if (wrong() === known) return;
    known = wrong();
    draw();
    select.say(known);
  };
  const clock = new Clock(() => app.now(), () => app.news.tell(["authorisations"]));
  app.whileShown(() => {
    clock.follow(all.flatMap(turnsOf));
    const deafen = app.news.when(["authorisations"], () => void look());
    // what was offered may be old: a form comes back by the browser's own way, or after a sign-in
    void look();
    return () => (clock.end(), deafen());
  });
  return { ...select, box, chosen: () => select.input.value, wrong: () => (draw(), wrong()) };
}

function onlyOne({ reference }: Authorisation): HTMLElement {
  return el("p", { class: "only" }, t("issue.authorisation"), ": ", el("bdi", {}, reference));
}

const WHY: { readonly [at in Standing]?: "under.withdrawn" | "under.over" | "under.stopped" | "under.used" } = {
  withdrawn: "under.withdrawn",
  over: "under.over",
  stopped: "under.stopped",
  used: "under.used",
};

/** Why no code can be made under an authorisation, in a sentence, or null. What begins later may be prepared for. */
export function whyNot(now: number, one: Authorisation, channel: Channel): string | null {
  const { reference, withdrawn_by: callsign } = one;
  const at = standing(now, one);
  if (at === "withdrawn" && callsign !== null) return t("under.withdrawn_by", { reference, callsign });
  const key = WHY[at] ?? (one.channels.includes(channel) ? null : "under.channel");
  return key === null ? null : t(key, { reference });
}
