import { el } from "../../shared/dom.ts";
import type { Order } from "../api.ts";
import { t } from "../words.ts";
import type { Channel } from "../model.ts";
import { field } from "./fields.ts";

/** What a code may say besides its channel. */
export type Said = Pick<Order, "name" | "place" | "dialled">;

const MOST_BYTES = { name: 24, place: 32 } as const;

/** The fields for name, place and dialled digits; `read` gives what is in them, or what is wrong with it. */
export function detailFields(channel: Channel, before: Said): { readonly box: HTMLElement; readonly read: () => Said | string } {
  const dialled = field("dialled", t("details.dialled"), t("details.dialled_hint"), { inputmode: "numeric", maxlength: "3" });
  const name = field("name", t("details.name"), null, { autocapitalize: "words" });
  const place = field("place", t("details.place"), null, { autocapitalize: "words" });
  dialled.input.value = before.dialled ?? "";
  name.input.value = before.name ?? "";
  place.input.value = before.place ?? "";
  const byTelephone = channel === "telephone";
  const box = el("div", { class: "details" }, byTelephone ? dialled.box : null, name.box, place.box);
  return { box, read: () => readSaid(name.input.value, place.input.value, byTelephone ? dialled.input.value : "") };
}

/** Reads the fields as the service takes them: an empty one is not said at all. */
export function readSaid(name: string, place: string, dialled: string): Said | string {
  const [called, where, digits] = [name.trim().normalize("NFC"), place.trim().normalize("NFC"), dialled.trim()];
  if (bytesOf(called) > MOST_BYTES.name) return t("details.name_long");
  if (bytesOf(where) > MOST_BYTES.place) return t("details.place_long");
  if (digits !== "" && !/^\d{3}$/.test(digits)) return t("details.dialled_wrong");
  return { ...(called === "" ? {} : { name: called }), ...(where === "" ? {} : { place: where }), ...(digits === "" ? {} : { dialled: digits }) };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
