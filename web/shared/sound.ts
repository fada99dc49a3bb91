import { distance } from "./near.ts";

/** The sound of each letter from a to z, roughly: those that are taken for each other by telephone are one. */
const SOUNDS = "apktafk ajklnnapkrstaf xas";

/** Whether two words are easily heard as each other: the same sounds but for one. */
export function alikeByEar(one: string, other: string): boolean {
  return distance(soundOf(one), soundOf(other)) < 2;
}

function soundOf(word: string): string {
  const written = word.replace("ph", "f").replace("ps", "s").replace(/c([ei])/, "s$1").replace(/[eh]$/, "");
  return written.replace(/./g, (letter) => SOUNDS.charAt(letter.charCodeAt(0) - 97).trim()).replace(/(.)\1+/g, "$1");
}
