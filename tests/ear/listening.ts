import assert from "node:assert/strict";
import type { Window } from "./browsers.ts";
import { Heard, touch } from "./heard.ts";

// What all scenes have in common.

/** Two scenes in each browser, as a part of the whole suite. */
export const isShort = process.env["EAR_SCENES"] === "short";
export const heard = new Heard(process.env["EAR_FOLDER"] ?? "");

/** A deadline, not a measure. The short run is part of the whole suite, on machines that are busy with it; EAR_WITHIN_MS is for others that are. */
export const WITHIN_MS = Number(process.env["EAR_WITHIN_MS"] ?? (isShort ? 15000 : 5000));
/** Until a new page, or what the scene begins with, is spoken. */
export const READY_WITHIN_MS = 20000;

export const startsWith = (text: string): RegExp => new RegExp("^" + escape(text));
export const holds = (text: string): RegExp => new RegExp(escape(text));

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Opens a page, and waits until what Orca says of a new page is over: it would swallow what comes next. */
export async function openPage(window: Window, url: string, title: string): Promise<void> {
  // a browser that was just started reads a page of its own
  await heard.silence();
  heard.begin();
  await window.open(url);
  await heard.until(new RegExp(`^Finished loading|^${escape(title)}`), READY_WITHIN_MS);
  await touch();
  await heard.listen();
}

/** Waits until something is said that the pattern fits. Nothing is said before it but what else may be, and nothing twice. */
export async function isFirst(pattern: RegExp, withinMs: number, mayPrecede: (text: string) => boolean = () => false): Promise<void> {
  await heard.until(pattern, withinMs);
  const first = heard.said().find(({ text }) => !mayPrecede(text));
  assert.match(first?.text ?? "", pattern, heard.report());
  await heard.silence();
  nothingTwice();
}

/** Waits until a sentence is said, alone or after others, and fails where it is said once more. */
export async function isHeardOnce(sentence: string, withinMs: number): Promise<void> {
  await heard.until(holds(sentence), withinMs);
  await heard.silence();
  assert.equal(heard.said().filter(({ text }) => text.includes(sentence)).length, 1, heard.report());
}

export function nothingTwice(): void {
  const texts = heard.said().map(({ text }) => text);
  assert.deepEqual(texts.filter((text, i) => texts.indexOf(text) !== i), [], heard.report());
}
