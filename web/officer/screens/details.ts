import { el } from "../../shared/dom.ts";
import { plainDigits } from "../../shared/typed.ts";
import type { Order } from "../api.ts";
import { t } from "../words.ts";
import type { Channel } from "../model.ts";
import { type Wrong, field } from "./fields.ts";

/** What a code may say besides its channel. */
export type Said = Pick<Order, "name" | "place" | "dialled">;

const MOST_BYTES = { name: 24, place: 32 } as const;

/** What may be filled in, as it stands in the fields. */
type Typed = { readonly [Part in "name" | "place" | "dialled"]: string };

export interface Details {
  readonly box: HTMLElement;
  /** Each field with what is wrong in it. */
  readonly checks: () => readonly (readonly [Wrong, string | null])[];
  readonly said: () => Said;
}

/** The fields for name, place and dialled digits. */
export function detailFields(channel: Channel, before: Said): Details {
  const dialled = field("dialled", t("details.dialled"), t("details.dialled_hint"), { inputmode: "numeric", maxlength: "3" });
  const name = field("name", t("details.name"), null, { dir: "auto", autocapitalize: "words" });
  const place = field("place", t("details.place"), null, { dir: "auto", autocapitalize: "words" });
  dialled.input.value = before.dialled ?? "";
  name.input.value = before.name ?? "";
  place.input.value = before.place ?? "";
  const byTelephone = channel === "telephone";
  const typed = (): Typed => ({ name: name.input.value, place: place.input.value, dialled: byTelephone ? plainDigits(dialled.input.value) : "" });
  return {
    box: el("div", { class: "details" }, byTelephone ? dialled.box : null, name.box, place.box),
    checks: () => {
      const wrong = wrongIn(typed());
      return [[dialled, wrong.dialled], [name, wrong.name], [place, wrong.place]];
    },
    said: () => readSaid(typed()),
  };
}

/** What is wrong with each. */
export function wrongIn({ name, place, dialled }: Typed): { readonly [Part in keyof Typed]: string | null } {
  return {
    name: bytesOf(tidy(name)) > MOST_BYTES.name ? t("details.name_long") : null,
    place: bytesOf(tidy(place)) > MOST_BYTES.place ? t("details.place_long") : null,
    dialled: /^(\d{3})?$/.test(tidy(dialled)) ? null : t("details.dialled_wrong"),
  };
}

/** Reads the fields as the service takes them: an empty one is not said at all. */
export function readSaid(typed: Typed): Said {
  const filled = Object.entries(typed).map(([part, text]) => [part, tidy(text)] as const);
  return Object.fromEntries(filled.filter(([, text]) => text !== ""));
}

/** What shows as nothing, and comes along with a text that was copied. Joiners stay: some scripts need them. */
const UNSEEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** A text as the service takes it, in one line. */
export function tidy(text: string): string {
  return text.replace(UNSEEN, "").replace(/[\s\p{Cc}]+/gu, " ").trim().normalize("NFC");
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
