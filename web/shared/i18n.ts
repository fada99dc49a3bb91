/** A text, or where it depends on a count, one for each category that CLDR has for the language. */
export type Said = string | { readonly [category: string]: string };

/** Texts by key, as in the files beside this one. */
export type Catalogue = { readonly [key: string]: Said };

/** What of a language its texts depend on. */
export interface Tongue {
  readonly tag: string;
  readonly direction: "ltr" | "rtl";
}

/** Gives the text of a key with its `{placeholders}` filled in, in the form that goes with `count` where there is one. */
export type Translate<Key extends string> = (key: Key, values?: { readonly [name: string]: string }) => string;

/**
 * A translator for one catalogue; `always` holds values that any text may use. Where a language runs right to left, a value is
 * set apart: "+44 1632 960123" would otherwise read backwards. Of a value that was made here of others, such as a date, no letter tells
 * how it runs.
 */
export function translator<C extends Catalogue>(
  catalogue: C,
  always: { readonly [name: string]: string },
  { tag, direction }: Tongue,
): Translate<keyof C & string> {
  const apart = (value: string): string =>
    direction === "rtl" ? (value.indexOf("\u2069") < 0 ? "\u2068" : "\u2067") + value + "\u2069" : value;
  return (key, values = {}) =>
    formOf(catalogue[key] || key, tag, values["count"]).replace(/\{([a-z_]+)\}/g, (whole: string, name: string) => {
      const value = values[name] ?? always[name];
      return value === undefined ? whole : apart(value);
    });
}

type Rules = new (tag: string) => { select(count: number): string };

/** The form that goes with a count. Without the rules of the language that is the one of most counts, which is understood. */
function formOf(said: Said, tag: string, count = ""): string {
  if (typeof said === "string") return said;
  // browsers before 2018 do not have it
  const { PluralRules } = Intl as { readonly PluralRules?: Rules };
  const category = PluralRules ? new PluralRules(tag).select(Number(count)) : count === "1" ? "one" : "other";
  return said[category] || said["other"] || "";
}

/** The first of a browser's wishes that there is a language for, else `fallback`. */
export function chooseTag(wishes: readonly string[], tags: readonly string[], fallback: string): string {
  const main = wishes.map((wish) => (wish.split("-")[0] || "").toLowerCase());
  return main.filter((tag) => tags.indexOf(tag) >= 0)[0] || fallback;
}
