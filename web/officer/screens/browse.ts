import { button, el } from "../../shared/dom.ts";
import type { Api, Page, Sort } from "../api.ts";
import type { Console } from "../app.ts";
import type { Kind } from "../news.ts";
import type { Result } from "../result.ts";
import { t } from "../words.ts";
import type { Cards } from "./cards.ts";
import { choice, field } from "./fields.ts";
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
  readonly news?: (count: number) => string;
  /** Nothing at all is shown where there is nothing. */
  readonly isHidden?: boolean;
}

/** Shows such a list page by page, with a search and an order once it is longer than a page. */
export function browse<T>(app: Console, browsed: Browsed<T>): HTMLElement {
  const { kind, title, cards, load, sorts, news, isHidden = false } = browsed;
  const heading = el("h2", { tabindex: "-1" }, title);
  const search = field(`${kind}-search`, t(`search.${kind}`), null, { type: "search", dir: "auto", maxlength: "60" });
  const order = choice(`${kind}-sort`, t("sort"), sorts.map((sort) => [sort, t(`sort.${sort}`)] as const));
  const controls = el("div", { class: "browse", hidden: "" }, search.box, sorts.length > 1 ? order.box : null);
  const before: string[] = [];
  let from = "";
  const shown = living<Page<T>>(app, [kind], (api) => load(api, from), {
    draw: (page) => {
      const isFirst = before.length === 0;
      if (sorts.length > 0 && (page.next !== null || !isFirst)) controls.hidden = false;
      section.hidden = isHidden && isFirst && page.items.length === 0 && search.input.value === "";
      return [...found(cards, page), pager(page.next)];
    },
    update: (page) => {
      const count = cards.update(page.items, page.next === null);
      if (count > 0 && section.hidden) void shown.again();
      return count;
    },
    ...(news === undefined ? {} : { news }),
    focus: () => heading,
  });
  const begin = (): void => {
    before.length = 0;
    from = firstPage(kind, [browsed.always ?? "", search.input.value].join(" ").trim(), sorts.length === 0 ? null : (order.input.value as Sort));
  };
  const go = (to: string): void => {
    from = to;
    void shown.again();
  };
  const pager = (next: string | null): HTMLElement => {
    const last = before[before.length - 1];
    const back = last === undefined ? null : button(t("page.before"), "plain", () => go(before.pop() ?? last));
    const on = next === null ? null : button(t("page.next"), "plain", () => go((before.push(from), next)));
    return el("div", { class: "buttons pager" }, back, on);
  };
  onPause(search.input, () => (begin(), void shown.again()));
  order.input.addEventListener("change", () => (begin(), void shown.again()));
  begin();
  const section = el("section", isHidden ? { hidden: "" } : {}, heading, controls, shown.element);
  return section;
}

/** A search ends a page where it has looked at enough, full or not. */
function found<T>(cards: Cards<T>, { items, next }: Page<T>): readonly Node[] {
  const { element } = cards.show(items);
  if (next === null || items.length === ON_A_PAGE) return [element];
  return [...(items.length === 0 ? [] : [element]), paragraph(t(items.length === 0 ? "search.none_yet" : "search.further"), "hint")];
}

function firstPage(kind: Kind, search: string, sort: Sort | null): string {
  const wanted = new URLSearchParams({ ...(search === "" ? {} : { search }), ...(sort === null ? {} : { sort }), limit: String(ON_A_PAGE) });
  return `${kind}?${wanted.toString()}`;
}

/** Acts once nothing was typed for a moment. */
function onPause(input: HTMLInputElement, act: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(act, PAUSE_MS);
  });
}
