import { button, el, fill, heading } from "../../shared/dom.ts";
import type { Api } from "../api.ts";
import type { Console } from "../app.ts";
import { type Authorisation, CHANNELS, type Channel, type LiveToken, isAhead, isInUse, isLive, turnsOf } from "../model.ts";
import { Clock } from "../moment.ts";
import { type Result, done } from "../result.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { askScreen } from "./ask.ts";
import { earlier, facts } from "./authorisation.ts";
import { browse } from "./browse.ts";
import { Cards } from "./cards.ts";
import { issueScreen } from "./issue.ts";
import { living, paragraph, shownOnce, section } from "./parts.ts";
import { prepareScreen } from "./prepare.ts";
import { madeSection, preparedSection } from "./prepared.ts";
import { tokenCards } from "./tokens.ts";

/** So many authorisations, those that end last before all others, are enough to choose from. */
const MOST = 50;
/** A service that has not answered by then may not answer at all. */
const SLOW_MS = 1000;

/** Where an officer begins: make a code, see what is live, ask for an authorisation. */
export function codesScreen(app: Console, said: string | null = null): void {
  const notice = shownOnce(app, said);
  app.show("codes", () => {
    const texts = { none: t("codes.no_authorisations"), gone: t("standing.over") };
    const cards = new Cards<Authorisation>(app, { idOf: ({ id }) => id, ...texts, moments: turnsOf, draw: (one) => facts(app, one) });
    let shown = "";
    const make = el("div", {});
    const clock = new Clock(() => app.now(), () => app.news.tell(["authorisations"]));
    app.onLeave(() => clock.end());
    const mine = living<readonly Authorisation[]>(app, ["authorisations"], (api) => loadOwn(app, api), {
      draw: (all) => {
        shown = waysIn(app, all);
        clock.follow(all.flatMap(turnsOf));
        fill(make, ways(app, all));
        return [authorisations(app, all, cards)];
      },
      // what was refused or withdrawn says so, and why, where it stands
      update: (all) => cards.update(all.filter((one) => isCurrent(app, one) || cards.has(one))) + (shown === waysIn(app, all) ? 0 : 1),
    });
    return [heading(t("codes.title")), ...notice(), ...clockNote(app), make, ...preparedSection(app), codesInUse(app), mine.element];
  });
}

/** The person's own, those that end last first. */
export async function loadOwn(app: Console, api: Api): Promise<Result<readonly Authorisation[]>> {
  const wanted = new URLSearchParams({ ...ownSearch(app), sort: "until", limit: String(MOST) });
  const found = await api.authorisations(`authorisations?${wanted.toString()}`);
  return found.ok ? done(found.value.items.filter(({ asked_by }) => asked_by === app.session?.callsign)) : found;
}

/** An approver's lists have also what is others'. */
function ownSearch(app: Console): { readonly search?: string } {
  return app.session?.role === "approver" ? { search: app.session.callsign } : {};
}

/** Which ways to make a code there are, to notice that they are others. */
function waysIn(app: Console, all: readonly Authorisation[]): string {
  return JSON.stringify(all.filter((one) => isAhead(one, app.now())).map((one) => [one.id, isLive(one, app.now()) ? one.channels : []]));
}

/** The officer's own codes; what is prepared has a list of its own. Those that were made here are there without an answer. */
function codesInUse(app: Console): HTMLElement {
  const without = el("div", {});
  const instead = (): void => fill(without, ...(list.hidden ? madeSection(app) : []));
  const isOwn = (one: LiveToken): boolean => isInUse(one, app.now()) && one.officer === app.session?.callsign && !app.prepared.has(one.id);
  const list = browse(app, {
    kind: "tokens",
    title: t("codes.live"),
    cards: tokenCards(app),
    load: async (api, from) => {
      const slow = setTimeout(instead, SLOW_MS);
      const found = await api.tokens(from);
      clearTimeout(slow);
      if (found.ok) fill(without);
      else instead();
      return found.ok ? done({ items: found.value.items.filter(isOwn), next: found.value.next }) : found;
    },
    sorts: ["until", "made", "name"],
    always: ownSearch(app).search ?? "",
    isHidden: true,
  });
  return el("div", {}, without, list);
}

/** A device whose clock is wrong shows wrong times. */
export function clockNote(app: Console): Node[] {
  if (!app.clocksDiffer()) return [];
  const here = timeText(Math.floor(Date.now() / 1000));
  return [paragraph(t("clock.differs", { here, there: timeText(app.now()) }), "note")];
}

/** The channels for which there is an authorisation now: the first of two taps. */
function ways(app: Console, authorisations: readonly Authorisation[]): HTMLElement {
  const live = authorisations.filter((one) => isLive(one, app.now()));
  const covering = (channel: Channel): readonly Authorisation[] => live.filter(({ channels }) => channels.includes(channel));
  const open = CHANNELS.filter((channel) => covering(channel).length > 0);
  const soon = authorisations.filter((one) => isAhead(one, app.now()));
  return el(
    "div",
    { class: "ways" },
    ...open.map((channel) => button(t(`channel.${channel}`), "main", () => issueScreen(app, channel, covering(channel)))),
    open.length === 0 ? paragraph(t("codes.none"), "lead") : null,
    soon.length === 0 ? null : button(t("codes.prepare"), "plain", () => prepareScreen(app, soon)),
  );
}

function isCurrent(app: Console, { state, until }: Authorisation): boolean {
  return (state === "asked" || state === "approved") && until > app.now();
}

function authorisations(app: Console, all: readonly Authorisation[], cards: Cards<Authorisation>): HTMLElement {
  return section(
    t("codes.authorisations"),
    cards.show(all.filter((one) => isCurrent(app, one))).element,
    button(t("ask.open"), "plain", () => askScreen(app)),
    earlier(app, all.filter((one) => !isCurrent(app, one))),
  );
}

/** What may be used now by this channel. */
export async function loadCovering(app: Console, channel: Channel): Promise<Result<readonly Authorisation[]>> {
  const found = await loadOwn(app, app.api);
  return found.ok ? done(found.value.filter((one) => one.channels.includes(channel) && isLive(one, app.now()))) : found;
}
