import { el } from "../shared/dom.ts";
import type { Text } from "./app.ts";

/** What of a screen is read: what it says and what to do. Not what was typed, and nothing that stands on every screen. */
const READ = "h1, h2, .panel p, .action p, .lead, .means, .do, .problem, .steps li, .number-value, .number p, dt, dd, .words li";

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
      const english = part.closest('[translate="no"], [lang="en"]');
      const voice = voiceOf(english ? "en" : this.tag);
      const isShown = part.offsetParent !== null && !part.closest(".safety") && !part.querySelector(READ);
      // digits stand there twice: to be seen, and to be heard one by one
      const copy = part.cloneNode(true) as HTMLElement;
      Array.from(copy.querySelectorAll("[aria-hidden]")).forEach((seen) => seen.remove());
      const text = singly(copy.textContent || "");
      if (voice === null || !isShown || text === "") return;
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.voice = voice;
      utterance.lang = voice.lang;
      found.push(utterance);
    });
    return found;
  }
}

/** A voice of this device for a language. Some systems write en_GB. */
function voiceOf(tag: string): SpeechSynthesisVoice | null {
  const voices = window.speechSynthesis && "SpeechSynthesisUtterance" in window ? speechSynthesis.getVoices() : [];
  return voices.filter(({ localService, lang }) => localService && lang.toLowerCase().split(/[-_]/)[0] === tag)[0] || null;
}

/** Numbers that are read out or dialled, digit by digit with a pause between their groups; times and years stay. */
function singly(text: string): string {
  const digits = (number: string): string => number.split(/\s+/).map((group) => group.split("").join(" ")).join(", ");
  return text.replace(/\+?\d[\d\s]{3,}\d/g, digits).trim();
}
