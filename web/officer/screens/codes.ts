import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import { type Authorisation, CHANNELS, type Channel, type LiveToken, isInUse, isLive } from "../model.ts";
import { type Result, done } from "../result.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";
import { askScreen } from "./ask.ts";
import { earlier, facts } from "./authorisation.ts";
import { issueScreen } from "./issue.ts";
import { listOf, loaded, paragraph, section } from "./parts.ts";
import { prepareScreen } from "./prepare.ts";
import { preparedList } from "./prepared.ts";
import { tokenList } from "./tokens.ts";

interface Mine {
  readonly authorisations: readonly Authorisation[];
  readonly tokens: readonly LiveToken[];
}

/** Where an officer begins: make a code, see what is live, ask for an authorisation. */
export function codesScreen(app: Console, said: string | null = null): void {
  app.show("codes", () => [
    heading(t("codes.title")),
    ...(said === null ? [] : [el("p", { class: "line", role: "status" }, said)]),
    ...clockNote(app),
    loaded(app, () => load(app), (mine, again) => [
      ways(app, mine),
      ...prepared(app, again),
      ...codesInUse(app, mine, again),
      authorisations(app, mine),
    ]),
  ]);
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

function prepared(app: Console, again: () => void): Node[] {
  return app.prepared.list().length === 0 ? [] : [section(t("prepared.title"), preparedList(app, again))];
}

function codesInUse(app: Console, { tokens }: Mine, again: () => void): Node[] {
  return tokens.length === 0 ? [] : [section(t("codes.live"), tokenList(app, tokens, again))];
}

function authorisations(app: Console, { authorisations: all }: Mine): HTMLElement {
  const current = all.filter(({ state, until }) => (state === "asked" || state === "approved") && until > app.now());
  return section(
    t("codes.authorisations"),
    listOf(current, t("codes.no_authorisations"), (one) => facts(app, one)),
    button(t("ask.open"), "plain", () => askScreen(app)),
    earlier(app, all.filter((one) => !current.includes(one))),
  );
}
