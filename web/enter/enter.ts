import type { App } from "../public/app.ts";
import { enterScreen } from "../public/screens/enter.ts";
import { suggestScreen } from "../public/screens/suggest.ts";
import type { Suggestion, Way } from "../public/state.ts";
import { wordList } from "../shared/spoken.ts";

/** What enter.js gives the page: the screens for those who type a code, with the words that codes are spoken in. */
export interface Entry {
  enter(app: App, way: Way, typed: string): Node[];
  suggest(app: App, suggestion: Suggestion): Node[];
}

declare global {
  interface Window {
    countersignEnter?: Entry;
  }
}

/** Every word of codes, one a line; put in when this is built. */
declare const WORDS: string;
const list = wordList(WORDS.split("\n"));

window.countersignEnter = {
  enter: (app, way, typed) => enterScreen(app, list, way, typed),
  suggest: (app, suggestion) => suggestScreen(app, list, suggestion),
};
