type Attributes = { readonly [name: string]: string };
type Child = Node | string | null;

const SVG = "http://www.w3.org/2000/svg";

/** Builds an element. Texts become text nodes: nothing from outside can become markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  Object.keys(attributes).forEach((name) => element.setAttribute(name, attributes[name] || ""));
  add(element, children);
  return element;
}

/** A button that does one thing. */
export function button(text: string, kind: "main" | "plain", press: () => void): HTMLButtonElement {
  const element = el("button", { type: "button", class: "button button-" + kind }, text);
  element.addEventListener("click", press);
  return element;
}

/** An icon of 24 units drawn in strokes. Words always stand beside it, so it is hidden from readers. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.appendChild(shape);
  return svg;
}

/** The heading of a screen. */
export function heading(text: string): HTMLElement {
  return el("h1", {}, text);
}

/** A line whose changes are read out. Not `role=status`: while it is empty a screen reader would meet it as a "statusbar". */
export function live(kind: string, text = ""): HTMLElement {
  return el("p", { class: kind, "aria-live": "polite" }, text);
}

/** A sentence that is said as it appears. Firefox tells a screen reader of an alert that is put in, and not of one whose text changes. */
export function alert(text: string): HTMLElement {
  return el("span", { role: "alert" }, text);
}

/** Puts nodes in place of all that an element holds. A focus in it moves to the first of them that can take it. */
export function refill(parent: Element, ...children: readonly Child[]): void {
  const focused = parent.contains(document.activeElement);
  fill(parent, ...children);
  const next = parent.querySelector<HTMLElement>("button, [tabindex]");
  if (focused && next) next.focus();
}

/** Puts nodes in place of all that an element holds. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  while (parent.firstChild) parent.removeChild(parent.firstChild);
  add(parent, children);
}

function add(parent: Element, children: readonly Child[]): void {
  children.forEach((child) => {
    if (child !== null) parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  });
}
