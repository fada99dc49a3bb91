import { button, el, fill, live } from "../../shared/dom.ts";
import type { App } from "../app.ts";
import { canKeep, isKept, keep, keepingNow, remove } from "../keeping.ts";
import { paragraph } from "./parts.ts";

/** Keeping the page for use without signal, folded away. Nothing is kept before the press. */
export function keepPart(app: App): HTMLElement {
  const { t } = app;
  const status = live("keep-status");
  status.tabIndex = -1;
  const place = el("div", {});
  const show = (kept: boolean, text: string): void => {
    status.textContent = text;
    fill(place, kept ? button(t("keep.remove"), "plain", pressRemove) : button(t("keep.keep"), "plain", pressKeep));
  };
  const wait = (): void => {
    status.textContent = t("page.moment");
    fill(place);
    // the button that had the focus is gone
    status.focus();
  };
  const follow = (keeping: Promise<void>): void =>
    void keeping.then(() => show(true, t("keep.kept")), () => show(false, t("keep.failed")));
  const pressKeep = (): void => {
    wait();
    follow(keep(app.keySets));
  };
  const pressRemove = (): void => {
    wait();
    void remove().then(() => show(false, t("keep.removed")), () => show(true, t("keep.not_removed")));
  };
  const cannot = (): void => {
    status.textContent = t("keep.cannot");
  };
  const underWay = keepingNow();
  if (!canKeep()) cannot();
  else if (underWay === null) void isKept().then((kept) => show(kept, kept ? t("keep.kept") : ""), cannot);
  else {
    status.textContent = t("page.moment");
    follow(underWay);
  }
  const words = [paragraph(t("keep.what")), paragraph(t("keep.trace"))];
  return el("details", { class: "keep" }, el("summary", {}, t("keep.title")), ...words, status, place);
}
