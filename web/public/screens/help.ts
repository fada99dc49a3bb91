import { el } from "../../shared/dom.ts";
import type { App, Key, Text } from "../app.ts";
import type { Organisation } from "../deployment.ts";
import { paragraph } from "./parts.ts";

// How people reach the organisation, the same on every screen.

/** Stands in a text for what is more than text. */
const GAP = "\u0001";

/** A text with a node in its gap, if it has that gap. */
export function around(t: Text, key: Key, gap: string, node: Node, values = {}): (Node | string)[] {
  const [before = "", after] = t(key, Object.assign({ [gap]: GAP }, values)).split(GAP);
  if (after === undefined) return [before];
  if (node.nodeName !== "A") return [before, node, after];
  // a link is not broken where it fits on a line, so a full stop after it would break off; bdi sets it apart already
  const [whole, mark = ""] = /^\u2069?([.,،۔।]?)/.exec(after) || [""];
  return [before.replace(/\u2068$/, ""), el("span", { class: "whole" }, node, mark), after.slice(whole.length)];
}

/** A text whose telephone number can be pressed. */
export function ringing(app: App, key: Key, kind?: string | undefined, values = {}): HTMLElement {
  const link = telephoneLink(app.t, app.deployment.organisation);
  return el("p", kind === undefined ? {} : { class: kind }, ...around(app.t, key, "telephone", link, values));
}

/** The organisation's number, to be pressed. */
export function telephoneLink(t: Text, { telephone }: Organisation): Node {
  return telephone === "" ? document.createTextNode(t("contact.published")) : reach(telephone);
}

/** What to do where somebody may be false: end it, free the line, ring; danger; where reports go. */
export function help(app: App): Node[] {
  const { t } = app;
  const { emergency, report } = app.deployment.organisation;
  const steps = [[t("stop.leave")], [t("stop.wait")], around(t, "stop.ring", "telephone", telephoneLink(app.t, app.deployment.organisation))];
  return [
    el("ol", { class: "steps" }, ...steps.map((step) => el("li", {}, ...step))),
    ...(emergency === "" ? [] : [el("p", { class: "danger" }, ...around(t, "stop.danger", "emergency", reach(emergency)))]),
    ...(report === "" ? [] : [el("p", {}, ...around(t, "stop.report", "report", reach(report)))]),
  ];
}

/** Name and address, under a heading, with the number. */
export function contact(app: App): HTMLElement {
  const { name, address } = app.deployment.organisation;
  return el(
    "section",
    { class: "contact" },
    el("h2", {}, app.t("contact.title")),
    el("div", { class: "telephone" }, telephoneLink(app.t, app.deployment.organisation)),
    paragraph(address === "" ? name : name + ", " + address),
  );
}

/** A telephone number or an address that begins with https://, to be pressed. Both are read from left to right in every language. */
function reach(to: string): HTMLElement {
  const isAddress = to.indexOf("https://") === 0;
  const shown = el("bdi", { dir: "ltr" }, isAddress ? to.slice(8) : to);
  return el("a", isAddress ? { href: to, rel: "noreferrer" } : { href: "tel:" + to.replace(/[^0-9+]/g, "") }, shown);
}
