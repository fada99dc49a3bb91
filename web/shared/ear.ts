import { el } from "./dom.ts";

// Parts of a sentence that need more than its words: English words in another language, and digits, of which a voice makes amounts.
// A sentence holds them between two marks of no meaning, since only its translation knows where they stand.
const [OPEN, CLOSE] = ["\ue000", "\ue001"];

/** Marks a part of a sentence: digits, or a word of the list. */
export function marked(part: string): string {
  return OPEN + part + CLOSE;
}

/** The nodes of a sentence with marked parts. */
export function sentence(text: string): Node[] {
  const nodes: Node[] = [];
  text.split(/[\ue000\ue001]/).forEach((part, i) => {
    if (part === "") return;
    if (i % 2 === 0) nodes.push(document.createTextNode(part));
    else nodes.push(...(/[0-9]/.test(part) ? digits(part) : [english(part)]));
  });
  return nodes;
}

/** A word of the list. It is English wherever it stands. */
export function english(word: string): HTMLElement {
  return el("span", { lang: "en", translate: "no" }, word);
}

/** Digits in groups, to be heard one by one: "417 092" as "4 1 7, 0 9 2". A line breaks between groups alone. */
export function digits(text: string, kind = "seen"): HTMLElement[] {
  return [el("span", { class: kind, dir: "ltr", "aria-hidden": "true" }, text), el("span", { class: "unseen" }, " " + singly(text))];
}

/** Digits one by one, with a pause between groups. */
export function singly(text: string): string {
  return text.split(" ").map((group) => group.split("").join(" ")).join(", ");
}
