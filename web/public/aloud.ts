import { el } from "../shared/dom.ts";
import { singly } from "../shared/ear.ts";
import type { Text } from "./app.ts";

/** What of a screen is read: what it says, what to do and what can be pressed. Not what was typed, and nothing that stands on every screen. */
const READ = "h1, h2, p, label, .steps li, .telephone, .number-value + .unseen, .words li, .button, .way";

/** Reads the screen by voices of the phone itself, so that no text leaves it. Without one for the language there is no button. */
export class ReadingAloud {
  private readonly button = el("button", { type: "button", class: "aloud" });
  private t: Text | null = null;
  private tag = "";
  /** Counts up with each reading, so that the end of one that was stopped changes nothing. */
  private reading = 0;
  private reads = false;

  constructor(private readonly main: HTMLElement) {
    const header = document.querySelector("header");
    if (header) header.insertBefore(this.button, header.querySelector(".languages"));
    this.button.addEventListener("click", () => (this.reads ? this.stop() : this.read()));
    // the voices come late in some browsers, and Safari has no listeners here
    if (window.speechSynthesis) speechSynthesis.onvoiceschanged = () => this.update();
  }

  dress(t: Text, tag: string): void {
    this.t = t;
    this.tag = tag;
    this.update();
  }

  stop(): void {
    if (!this.reads) return;
    this.reads = false;
    this.reading++;
    speechSynthesis.cancel();
    this.update();
  }

  private update(): void {
    this.button.hidden = voiceOf(this.tag) === null;
    if (this.t) this.button.textContent = this.t(this.reads ? "aloud.stop" : "aloud.read");
  }

  private read(): void {
    this.reads = true;
    const [own, utterances] = [++this.reading, this.utterances()];
    const last = utterances[utterances.length - 1];
    const ended = (): void => {
      if (own === this.reading) this.stop();
    };
    utterances.forEach((utterance) => {
      utterance.onerror = ended;
      speechSynthesis.speak(utterance);
    });
    if (last) last.onend = ended;
    this.update();
  }

  private utterances(): SpeechSynthesisUtterance[] {
    const found: SpeechSynthesisUtterance[] = [];
    Array.from(this.main.querySelectorAll<HTMLElement>(READ)).forEach((part) => {
      if (part.offsetParent === null || part.closest("details") || part.querySelector(READ)) return;
      const copy = part.cloneNode(true) as HTMLElement;
      // digits stand there twice: to be seen, and to be heard one by one
      Array.from(copy.querySelectorAll("[aria-hidden]")).forEach((seen) => seen.remove());
      Array.from(copy.querySelectorAll('[href^="tel:"]')).forEach((number) => (number.textContent = singly(number.textContent || "")));
      Array.from(copy.querySelectorAll("button .hint")).forEach((hint) => hint.insertBefore(document.createTextNode(". "), hint.firstChild));
      piecesOf(copy, this.tag).forEach(({ text, tag }) => {
        const voice = voiceOf(tag);
        if (voice === null) return;
        const utterance = new SpeechSynthesisUtterance(text.trim().replace(" . ", ". "));
        utterance.voice = voice;
        utterance.lang = voice.lang;
        found.push(utterance);
      });
    });
    return found;
  }
}

interface Piece {
  text: string;
  readonly tag: string;
}

/** The text of a part in the page's language, cut where a word of the list begins or ends: that is English. */
function piecesOf(part: HTMLElement, own: string): Piece[] {
  const pieces: Piece[] = [];
  const walk = (node: Node, tag: string): void => {
    const last = pieces[pieces.length - 1];
    const text = node.nodeType === Node.TEXT_NODE ? node.textContent || "" : "";
    if (last && last.tag === tag) last.text += text;
    else pieces.push({ text, tag });
    Array.from(node.childNodes).forEach((child) => walk(child, (node as Element).getAttribute("lang") || tag));
  };
  walk(part, own);
  // a voice has nothing to say to quotation marks alone
  return pieces.filter(({ text }) => /[^\s.,;:!?“”„"«»]/.test(text));
}

/** A voice of this device for a language, that of the person's region before others. Some systems write en_GB. */
function voiceOf(tag: string): SpeechSynthesisVoice | null {
  const voices = window.speechSynthesis && "SpeechSynthesisUtterance" in window ? speechSynthesis.getVoices() : [];
  const fitting = voices.filter(({ localService, lang }) => localService && lang.toLowerCase().split(/[-_]/)[0] === tag);
  const wishes = (navigator.languages || [navigator.language]).map((wish) => wish.toLowerCase());
  const own = fitting.filter(({ lang }) => wishes.indexOf(lang.replace("_", "-").toLowerCase()) >= 0);
  // the first of a system's list may be one that nobody would choose
  const chosen = (some: SpeechSynthesisVoice[]): SpeechSynthesisVoice | undefined => some.filter((voice) => voice.default)[0] || some[0];
  return chosen(own) || chosen(fitting) || null;
}
