import { live } from "../../shared/dom.ts";
import type { Status } from "../model.ts";
import { timeText } from "../times.ts";
import { t } from "../words.ts";

/** After so many wrong numbers, which somebody gave with the words of a code, none is right any more. */
const WRONG_NUMBERS = 5;
/** So long a check is "just now". */
const JUST_NOW_MS = 60000;

/** Says where a code stands, and admits when it cannot know. */
export class StateLine {
  readonly element = live("live-state", t("live.live"));
  private sawUnchecked = false;
  private isRecent = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly now: () => number) {}

  seen({ state, first_checked_at, wrong_numbers }: Status): void {
    if (state === "checked" && first_checked_at !== null) return this.checked(first_checked_at);
    this.sawUnchecked = state === "live";
    if (state === "live" && (wrong_numbers ?? 0) >= WRONG_NUMBERS) return this.say(t("live.wrong_numbers"), "lost");
    this.say(t(state === "live" ? "live.live" : "live.never"), "open");
  }

  lost(): void {
    this.say(t("live.lost"), "lost");
  }

  /** Nobody is signed in, so that no news can come. */
  unwatched(): void {
    this.say(t("live.unwatched"), "lost");
  }

  end(): void {
    clearTimeout(this.timer);
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
    this.say(this.isRecent ? t("live.checked_now") : t("live.checked_at", { time: timeText(at) }), "checked");
  }

  private say(text: string, kind: "open" | "checked" | "lost"): void {
    this.element.className = "live-state is-" + kind;
    // said once, not at every beat
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
