import { button, el, heading } from "../../shared/dom.ts";
import type { Console } from "../app.ts";
import type { Code, Spoken } from "../model.ts";
import { done } from "../result.ts";
import { t } from "../words.ts";
import { Line, asking } from "./parts.ts";

/** A code as the other person needs it: to scan, or on the telephone to hear. */
export function codePart(app: Console, code: Code): Node[] {
  const { address, channel } = code;
  const said = spokenPart(app, code);
  if (channel === "telephone") return [heading(t("live.say", { address })), said, panel(code)];
  return [heading(t("live.scan", { address })), panel(code), said];
}

/** White, whatever the rest looks like: a camera needs it. */
function panel({ qr_svg }: Code): HTMLElement {
  const src = "data:image/svg+xml," + encodeURIComponent(qr_svg);
  return el("div", { class: "qr" }, el("img", { src, alt: t("live.qr"), width: "240", height: "240" }));
}

/** Words and digits, or the button that switches them on. */
function spokenPart(app: Console, code: Code): HTMLElement {
  const box = el("div", { class: "spoken" });
  if (code.spoken !== null) box.append(...spokenNodes(code.spoken));
  else if (app.session !== null) {
    const line = new Line();
    const show = asking(app, t("live.show_words"), "plain", line, () => speak(app, code), (spoken) => {
      box.replaceChildren(...spokenNodes(spoken));
      box.querySelector("button")?.focus();
    });
    box.append(show, line.element);
  }
  return box;
}

async function speak(app: Console, code: Code) {
  const answer = await app.api.speak(code.id);
  if (!answer.ok) return answer;
  const { spoken } = answer.value;
  const made = app.made.get(code.id);
  if (made !== undefined) app.made.set(code.id, { ...made, code: { ...code, spoken } });
  app.prepared.replace({ ...code, spoken });
  return done(spoken);
}

function spokenNodes({ words, digits }: Spoken): Node[] {
  const list = el("ol", { class: "words", "aria-label": t("live.words") }, ...words.split(" ").map(wordItem));
  return [el("p", { class: "hint" }, t("live.spell_hint")), list, el("h2", {}, t("live.digits")), el("p", { class: "digits" }, inThrees(digits))];
}

/** As they are read out. */
function inThrees(digits: string): string {
  return digits.replace(/\D/g, "").replace(/(...)(?=.)/g, "$1 ");
}

/** A word; a tap spells it, letter by letter. */
function wordItem(word: string): HTMLElement {
  const spelt = el("p", { class: "spelt", role: "status" });
  const tap = button(word, "plain", () => {
    const opens = spelt.textContent === "";
    // apart, so that a screen reader says letters
    spelt.textContent = opens ? word.toUpperCase().split("").join(" ") : "";
    tap.setAttribute("aria-expanded", String(opens));
  });
  tap.classList.add("word");
  tap.setAttribute("aria-expanded", "false");
  return el("li", {}, tap, spelt);
}
