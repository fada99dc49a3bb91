/**
 * Unpacks a list whose neighbours begin alike: a capital before each item says how many letters it begins with in common with the
 * one before, "A" for none, and then comes the rest. "AcardCt" stands for "card" and "cat".
 */
export function unpack(packed: string): string[] {
  let last = "";
  const items = packed.match(/[A-Z][^A-Z]*/g) || [];
  return items.map((item) => (last = last.slice(0, item.charCodeAt(0) - 65) + item.slice(1)));
}
