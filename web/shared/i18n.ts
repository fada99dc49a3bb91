/** Texts by key, as in the files beside this one. */
export type Catalogue = { readonly [key: string]: string };

/** Gives the text of a key with its `{placeholders}` filled in. */
export type Translate<Key extends string> = (key: Key, values?: { readonly [name: string]: string }) => string;

/**
 * A translator for one catalogue; `always` holds values that any text may use. Where a language runs right to left, a value is
 * set apart: "+44 1632 960123" would otherwise read backwards.
 */
export function translator<C extends Catalogue>(
  catalogue: C,
  always: { readonly [name: string]: string },
  direction: "ltr" | "rtl",
): Translate<keyof C & string> {
  const [before, after] = direction === "rtl" ? ["\u2068", "\u2069"] : ["", ""];
  return (key, values = {}) =>
    (catalogue[key] || key).replace(/\{([a-z_]+)\}/g, (whole: string, name: string) => {
      const value = values[name] ?? always[name];
      return value === undefined ? whole : before + value + after;
    });
}

/** The first of a browser's wishes that there is a language for, else `fallback`. */
export function chooseTag(wishes: readonly string[], tags: readonly string[], fallback: string): string {
  const main = wishes.map((wish) => (wish.split("-")[0] || "").toLowerCase());
  return main.filter((tag) => tags.indexOf(tag) >= 0)[0] || fallback;
}
