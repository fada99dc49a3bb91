import { alert, el, fill } from "../shared/dom.ts";
import { type Said, chooseTag, translator } from "../shared/i18n.ts";
import { unpack } from "../shared/packed.ts";
import type en from "../shared/i18n/en.json";
import type { Text } from "./app.ts";
import { type Deployment, type Language, fileOf } from "./deployment.ts";
import { keptFile } from "./keeping.ts";
import { around, telephoneLink } from "./screens/help.ts";
import { fetchPinned } from "./service.ts";

/** The language that the page came in. */
export function ownLanguage({ languages }: Deployment): Language {
  return languages.filter(({ integrity }) => integrity === null)[0] || languages[0];
}

/** The language that the browser asks for, or else the one that the page came in. The service looks at that too; other hosts do not. */
export function wantedLanguage({ languages }: Deployment, own: Language): Language {
  const tags = languages.map((language) => language.tag);
  const tag = chooseTag(navigator.languages || [navigator.language], tags, own.tag);
  return languages.filter((language) => language.tag === tag)[0] || own;
}

/** Speaks a language once its texts are here; null where they did not come, or not those that this page was made with. */
export async function loadLanguage(deployment: Deployment, language: Language): Promise<Text | null> {
  const { integrity } = language;
  if (integrity === null) return speak(deployment, language, deployment.texts);
  const name = fileOf(language);
  const file = (await keptFile(name, integrity)) || (await fetchPinned(name, integrity));
  return file === null ? null : speak(deployment, language, JSON.parse(file) as Said[]);
}

/** Speaks a language. */
export function speak({ organisation, keys }: Deployment, language: Language, texts: readonly Said[]): Text {
  const catalogue = {} as { [Key in keyof typeof en]: Said };
  // the server sends every text of the page in each language
  unpack(keys).forEach((key, i) => (catalogue[key as keyof typeof en] = texts[i] || key));
  return translator(catalogue, { organisation: organisation.name }, language);
}

/** Puts what surrounds the screens into a language, with a menu of the others. The choice is kept nowhere. */
export function dress(
  { organisation, languages }: Deployment,
  { tag, direction }: Language,
  t: Text,
  shiftLeaves: boolean,
  choose: (to: Language) => void,
): void {
  document.documentElement.lang = tag;
  document.documentElement.dir = direction;
  const put = (place: string, ...content: (Node | string)[]): void => {
    const element = document.querySelector(place);
    if (element) fill(element, ...content);
  };
  put(".brand", t("page.service"), " ", el("span", {}, organisation.name));
  put(".ring", ...around(t, "contact.line", "telephone", telephoneLink(t, organisation)));
  put(".exit", t("page.exit"), " ", el("span", { class: "exit-hint" }, shiftLeaves ? t("page.exit_hint") : ""));
  put(".languages", ...languages.filter((language) => language.tag !== tag).map((language) => {
    const choice = el("button", { type: "button", lang: language.tag }, language.name);
    choice.addEventListener("click", () => choose(language));
    return choice;
  }));
  const menu = document.querySelector(".languages");
  if (menu) menu.setAttribute("aria-label", t("page.languages"));
}

/** Says beside the menu how a language comes along. */
export function sayOfMenu(text: string): void {
  const menu = document.querySelector(".languages");
  if (menu === null) return;
  const said = menu.querySelector("p") || menu.appendChild(el("p", {}));
  fill(said, alert(text));
}
