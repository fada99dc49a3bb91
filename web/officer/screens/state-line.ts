import { live } from "../../shared/dom.ts";
import type { Status } from "../model.ts";
import { atMoment } from "../moment.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";

/** After so many wrong numbers, which somebody gave with the words of a code, none is right any more. */
const WRONG_NUMBERS = 5;
/** So long a check is "just now". */
const JUST_NOW_MS = 60000;

type Kind = "open" | "checked" | "lost";

/** Says where a code stands, and admits when it cannot know. Of one that has not begun it says when it does. */
export class StateLine {
  readonly element: HTMLElement;
  private sawUnchecked = false;
  private isRecent = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What is said before the code begins, whatever else is known; null from then on. */
  private early: string | null;
  /** What is known of a code that no check of has come yet. */
  private known: readonly [text: string, kind: Kind] = [t("live.live"), "open"];
  private readonly forgetBeginning: () => void;

  constructor(
    private readonly now: () => number,
    begins: number | null,
  ) {
    this.early = earlyText(begins, now());
    this.element = live("live-state", this.early ?? t("live.live"));
    this.forgetBeginning = this.early === null || begins === null ? () => undefined : atMoment(begins, now, () => this.begin());
  }

  seen({ state, first_checked_at, wrong_numbers }: Status): void {
    if (state === "checked" && first_checked_at !== null) return this.checked(first_checked_at);
    this.sawUnchecked = state === "live";
    if (state !== "live") return this.news(t("live.never"), "open");
    if ((wrong_numbers ?? 0) >= WRONG_NUMBERS) return this.news(t("live.wrong_numbers"), "lost");
    this.know(t("live.live"), "open");
  }

  lost(): void {
    this.know(t("live.lost"), "lost");
  }

  /** Nobody is signed in, so that no news can come. */
  unwatched(): void {
    this.know(t("live.unwatched"), "lost");
  }

  end(): void {
    clearTimeout(this.timer);
    this.forgetBeginning();
  }

  private begin(): void {
    this.early = null;
    this.say(...this.known);
  }

  private checked(at: number): void {
    // the service tells whole minutes only, so what was seen here itself is surer
    if (this.sawUnchecked || this.now() - at < JUST_NOW_MS / 1000) {
      this.isRecent = true;
      this.timer = setTimeout(() => {
        this.isRecent = false;
        if (this.element.classList.contains("is-checked")) this.say(t("live.checked_at", { time: timeText(at) }), "checked");
      }, JUST_NOW_MS);
    }
    this.sawUnchecked = false;
    this.news(this.isRecent ? t("live.checked_now") : t("live.checked_at", { time: timeText(at) }), "checked");
  }

  /** Something that keeps until the code begins. */
  private know(text: string, kind: Kind): void {
    this.known = [text, kind];
    if (this.early === null) this.say(text, kind);
    else this.say(this.early, "open");
  }

  /** Something that matters more than that the code has not begun. */
  private news(text: string, kind: Kind): void {
    this.forgetBeginning();
    this.early = null;
    this.say(text, kind);
  }

  private say(text: string, kind: Kind): void {
    this.element.className = "live-state is-" + kind;
    // said once, not at every beat
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}

/** When a code begins that counts from a moment to come, and null of any other. */
export function earlyText(begins: number | null, now: number): string | null {
  return begins === null || begins <= now ? null : t("live.not_yet", { time: timeText(begins) });
}
