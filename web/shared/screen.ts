import { alert, el, fill, live } from "./dom.ts";
import { sentence } from "./ear.ts";

/**
 * What is said and not shown. It is there before it speaks, and stays while screens come and go. Found in the document: each script of
 * the page has this module of its own.
 */
const voice = (): HTMLElement | null => document.querySelector("body > .unseen");

/** The language that the document came in. */
let first = "";

/** Makes the place from which `announce` speaks. */
export function openVoice(): void {
  first = document.documentElement.lang;
  document.body.appendChild(live("unseen"));
}

/** Has a screen reader say a sentence; the same again is said again. */
export function announce(text: string): void {
  const place = voice();
  if (place === null) return;
  const before = place.textContent;
  fill(place, ...sentence(text));
  // a mark that nobody hears makes it another text
  if (text !== "" && place.textContent === before) place.appendChild(document.createTextNode("\u00a0"));
}

/** Puts a screen in the place of another and moves the focus to its head, or leaves that for later. */
export function present(main: HTMLElement, name: string, nodes: readonly Node[], focus = focusHead): void {
  main.className = "screen-" + name;
  fill(main, ...nodes);
  announce("");
  window.scrollTo(0, 0);
  focus(main);
  sayLanguage(main);
}

/**
 * Firefox gives a screen reader the language that the document came in, and another for an element only where it is not that of the
 * element around it. So once the language has changed, `main` keeps the first, and what is in it has its own.
 */
function sayLanguage(main: HTMLElement): void {
  const { lang } = document.documentElement;
  if (lang === first) return;
  main.lang = first;
  Array.from(main.children).forEach((part) => part.setAttribute("lang", lang));
}

/**
 * Moves the focus to a field that is wrong, and says the problem beside it, each time. The problem describes the field from when it
 * is left: as the focus arrives Orca would say it twice.
 */
export function focusWrong(field: HTMLElement, problem: Element, text: string): void {
  field.setAttribute("aria-invalid", "true");
  describe(field, problem.id, false);
  fill(problem, alert(text));
  field.focus();
  const left = (): void => {
    describe(field, problem.id, true);
    field.removeEventListener("blur", left);
  };
  field.addEventListener("blur", left);
}

/** Takes back what was wrong with a field. */
export function clearWrong(field: HTMLElement, problem: Element): void {
  problem.textContent = "";
  field.removeAttribute("aria-invalid");
}

/** Says whether an element is one of those that describe a field. */
export function describe(field: HTMLElement, id: string, does: boolean): void {
  const ids = (field.getAttribute("aria-describedby") || "").split(" ").filter((other) => other && other !== id);
  if (does) ids.push(id);
  if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
  else field.removeAttribute("aria-describedby");
}

/**
 * Moves the focus to the head of a screen: a group, named by the heading and described by the sentences under it. Orca speaks it at
 * once in Chromium and in Firefox; of a heading that takes the focus from what was removed it says nothing in Chromium.
 */
export function focusHead(place: Element): void {
  const title = place.querySelector("h1");
  if (title) (title.closest<HTMLElement>("[role=group]") || headOf(title)).focus();
}

function headOf(title: HTMLElement): HTMLElement {
  const head = el("div", { class: "head", role: "group", tabindex: "-1", "aria-labelledby": "head" });
  title.id = "head";
  if (title.parentNode) title.parentNode.insertBefore(head, title);
  head.appendChild(title);
  const said: string[] = [];
  for (let next = head.nextElementSibling; next && next.tagName === "P" && !next.id && !next.hasAttribute("aria-live"); next = head.nextElementSibling) {
    next.id = "head-" + said.length;
    said.push(next.id);
    head.appendChild(next);
  }
  if (said.length) head.setAttribute("aria-describedby", said.join(" "));
  return head;
}
