import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, CHANNELS, type Channel, type LiveToken, isInUse, isLive } from "../model.ts";
import { type Result, done } from "../result.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { askScreen } from "./ask.ts";
import { earlier, facts } from "./authorisation.ts";
import { Cards } from "./cards.ts";
import { issueScreen } from "./issue.ts";
import { living, newsText, paragraph, saidOnce, section } from "./parts.ts";
import { prepareScreen } from "./prepare.ts";
import { preparedSection } from "./prepared.ts";
import { tokenCards } from "./tokens.ts";

interface Mine {
  readonly authorisations: readonly Authorisation[];
  readonly tokens: readonly LiveToken[];
}

/** Where an officer begins: make a code, see what is live, ask for an authorisation. */
export function codesScreen(app: Console, said: string | null = null): void {
  const told = saidOnce(said);
  app.show("codes", () => {
    const tokens = tokenCards(app);
    const cards: Cards<Authorisation> = new Cards(({ id }) => id, t("codes.no_authorisations"), t("standing.over"), (one) => facts(app, one));
    let shown = "";
    return [
      heading(t("codes.title")),
      ...told(),
      ...clockNote(app),
      living(app, () => load(app), {
        draw: (mine) => {
          shown = waysIn(app, mine);
          return [
            ways(app, mine),
            ...preparedSection(app),
            ...(mine.tokens.length === 0 ? [] : [section(t("codes.live"), tokens.show(mine.tokens).element)]),
            authorisations(app, mine, cards),
          ];
        },
        update: (mine) => tokens.update(mine.tokens) + cards.update(current(app, mine)) + (shown === waysIn(app, mine) ? 0 : 1),
        news: newsText,
      }),
    ];
  });
}

/** Which ways to make a code there are, to notice that they are others. */
function waysIn(app: Console, { authorisations: all }: Mine): string {
  return JSON.stringify(all.filter((one) => isLive(one, app.now())).map(({ id, channels }) => [id, channels]));
}

async function load(app: Console): Promise<Result<Mine>> {
  const [authorisations, tokens] = await Promise.all([app.api.authorisations(), app.api.tokens(), app.reconcile()]);
  if (!authorisations.ok) return authorisations;
  if (!tokens.ok) return tokens;
  const me = app.session?.callsign;
  return done({
    authorisations: authorisations.value.filter((one) => one.asked_by === me),
    // what is prepared has a list of its own
    tokens: tokens.value.filter((one) => isInUse(one) && one.officer === me && !app.prepared.has(one.id)),
  });
}

/** A device whose clock is wrong shows wrong times. */
export function clockNote(app: Console): Node[] {
  if (!app.clocksDiffer()) return [];
  const here = timeText(Math.floor(Date.now() / 1000));
  return [paragraph(t("clock.differs", { here, there: timeText(app.now()) }), "note")];
}

/** The channels for which there is an authorisation now: the first of two taps. */
function ways(app: Console, { authorisations }: Mine): HTMLElement {
  const live = authorisations.filter((one) => isLive(one, app.now()));
  const covering = (channel: Channel): readonly Authorisation[] => live.filter(({ channels }) => channels.includes(channel));
  const open = CHANNELS.filter((channel) => covering(channel).length > 0);
  const soon = authorisations.filter(({ state, until }) => state === "approved" && until > app.now());
  return el(
    "div",
    { class: "ways" },
    ...open.map((channel) => button(t(`channel.${channel}`), "main", () => issueScreen(app, channel, covering(channel)))),
    open.length === 0 ? paragraph(t("codes.none"), "lead") : null,
    soon.length === 0 ? null : button(t("codes.prepare"), "plain", () => prepareScreen(app, soon)),
  );
}

function current(app: Console, { authorisations: all }: Mine): readonly Authorisation[] {
  return all.filter(({ state, until }) => (state === "asked" || state === "approved") && until > app.now());
}

function authorisations(app: Console, mine: Mine, cards: Cards<Authorisation>): HTMLElement {
  const now = current(app, mine);
  return section(
    t("codes.authorisations"),
    cards.show(now).element,
    button(t("ask.open"), "plain", () => askScreen(app)),
    earlier(app, mine.authorisations.filter((one) => !now.includes(one))),
  );
}
