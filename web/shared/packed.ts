/**
 * Unpacks a list whose neighbours begin alike: one character for each item says how many letters it begins with in common
 * with the one before, in base 36; then come the rests. "02 card t" stands for "card" and "cat".
 */
export function unpack(packed: string): string[] {
  const [kept = "", ...rests] = packed.split(" ");
  let last = "";
  return rests.map((rest, i) => (last = last.slice(0, parseInt(kept.charAt(i), 36)) + rest));
}
