import { button, el } from "../../shared/dom.ts";
import type { Api, Only, Page, Sort } from "../api.ts";
import type { Console } from "../app.ts";
import type { Kind } from "../news.ts";
import type { Result } from "../result.ts";
import type { Browsing } from "../view.ts";
import { t } from "../words.ts";
import type { Cards } from "./cards.ts";
import { choice, field, tick } from "./fields.ts";
import { living, paragraph } from "./parts.ts";

/** On one page. */
export const ON_A_PAGE = 20;
/** After the last key. */
const PAUSE_MS = 300;

/** A list that may be long. */
export interface Browsed<T> {
  readonly kind: Kind;
  readonly title: string;
  readonly cards: Cards<T>;
  readonly load: (api: Api, from: string) => Promise<Result<Page<T>>>;
  /** In which orders it comes, the usual one first; none where it is not searched either. */
  readonly sorts: readonly Sort[];
  /** What is searched for besides what is typed. */
  readonly always?: string;
  /** The part of the list that is shown. */
  readonly only?: Only;
  /** On a box to tick, for all of the list in the place of that part. */
  readonly all?: string;
  /** What is listed of what comes; of what is shown already, all is. */
  readonly isListed?: (item: T) => boolean;
  /** Looks up what became of something that the list has no more. */
  readonly find?: (api: Api, id: string) => Promise<Result<T>>;
  readonly news?: (count: number) => string;
  /** Nothing at all is shown where there is nothing. */
  readonly isHidden?: boolean;
}

/** Shows such a list page by page, with a search and an order once it is longer than a page. Who comes back finds it as it was. */
export function browse<T>(app: Console, browsed: Browsed<T>): HTMLElement {
  const { kind, title, cards, load, sorts, news, find, isListed = () => true, isHidden = false } = browsed;
  const listed = ({ items }: Page<T>): readonly T[] => items.filter(isListed);
  const { lists } = app.view;
  const kept: Browsing = lists.get(kind) ?? { search: "", sort: sorts[0] ?? "", isWhole: false, isLong: false, from: "", before: [] };
  const heading = el("h2", { tabindex: "-1" }, title);
  const search = field(`${kind}-search`, t(`search.${kind}`), null, { type: "search", dir: "auto", maxlength: "60" });
  const order = choice(`${kind}-sort`, t("sort"), sorts.map((sort) => [sort, t(`sort.${sort}`)] as const), kept.sort);
  const controls = el("div", { class: "browse", hidden: "" }, search.box, sorts.length > 1 ? order.box : null);
  const whole = browsed.all === undefined ? null : tick(browsed.all, kept.isWhole);
  const { before } = kept;
  search.input.value = kept.search;
  const shown = living<Page<T>>(app, [kind], (api) => load(api, kept.from), {
    draw: (page) => {
      const isFirst = before.length === 0;
      if (sorts.length > 0 && (page.next !== null || !isFirst)) kept.isLong = true;
      controls.hidden = !kept.isLong;
      section.hidden = isHidden && isFirst && page.items.length === 0 && search.input.value === "";
      return [...found(cards, listed(page), page.next), pager(page.next)];
    },
    update: (page) => {
      // what is new comes behind the oldest, and pushes none of them onto the next page
      const count = cards.update(page.items.filter((item) => isListed(item) || cards.has(item)), page.next === null || sort() === "oldest");
      if (count > 0 && section.hidden) void shown.again();
      return count;
    },
    ...(find === undefined ? {} : { complete: (page, api) => completed(page, cards, (id) => find(api, id)) }),
    ...(news === undefined ? {} : { news }),
    focus: () => heading,
  });
  const sort = (): Sort | null => (sorts.length === 0 ? null : (order.input.value as Sort));
  const begin = (): void => {
    before.length = 0;
    Object.assign(kept, { search: search.input.value, sort: order.input.value, isWhole: whole?.input.checked === true });
    const words = [browsed.always ?? "", kept.search].join(" ").trim();
    kept.from = firstPage(kind, { search: words, sort: sort(), only: kept.isWhole ? null : browsed.only });
  };
  const go = (to: string): void => {
    kept.from = to;
    void shown.again();
  };
  const pager = (next: string | null): HTMLElement => {
    const last = before[before.length - 1];
    const back = last === undefined ? null : button(t("page.before"), "plain", () => go(before.pop() ?? last));
    const on = next === null ? null : button(t("page.next"), "plain", () => go((before.push(kept.from), next)));
    return el("div", { class: "buttons pager" }, back, on);
  };
  const restart = (): void => (begin(), void shown.again());
  const endPause = onPause(search.input, restart);
  app.onLeave(() => {
    endPause();
    if (search.input.value !== kept.search) begin();
  });
  for (const input of [order.input, whole?.input]) input?.addEventListener("change", restart);
  if (kept.from === "") begin();
  lists.set(kind, kept);
  const section = el("section", isHidden ? { hidden: "" } : {}, heading, whole?.label ?? null, controls, shown.element);
  return section;
}

/** A search ends a page where it has looked at enough, full or not. */
function found<T>(cards: Cards<T>, listed: readonly T[], next: string | null): readonly Node[] {
  const { element } = cards.show(listed);
  if (next === null || listed.length === ON_A_PAGE) return [element];
  return [...(listed.length === 0 ? [] : [element]), paragraph(t(listed.length === 0 ? "search.none_yet" : "search.further"), "hint")];
}

/** A page, and what became of that which is shown and not on it any more. */
async function completed<T>(page: Page<T>, cards: Cards<T>, find: (id: string) => Promise<Result<T>>): Promise<Page<T>> {
  const answers = await Promise.all(cards.missing(page.items).map(find));
  return { ...page, items: [...page.items, ...answers.flatMap((answer) => (answer.ok ? [answer.value] : []))] };
}

function firstPage(kind: Kind, wanted: { readonly search: string; readonly sort: Sort | null; readonly only?: Only | null | undefined }): string {
  const given = Object.entries(wanted).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `${kind}?${new URLSearchParams([...given.map(([name, value]) => [name, String(value)]), ["limit", String(ON_A_PAGE)]]).toString()}`;
}

/** Acts once nothing was typed for a moment, unless the end that it gives is called before. */
function onPause(input: HTMLInputElement, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(act, PAUSE_MS);
  });
  return () => clearTimeout(timer);
}
