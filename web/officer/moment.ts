/** Browsers wait no longer than about 24 days. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** In seconds since 1970, by the service's clock. */
type Now = () => number;

/**
 * Acts at a moment, or soon where it is past, unless the end that it gives is called before. A device that sleeps counts no time, so it
 * looks again as soon as the page is seen.
 */
export function atMoment(moment: number, now: Now, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(Math.max(0, moment - now()) * 1000, LONGEST_WAIT_MS));
  };
  const look = (): void => {
    if (now() < moment) return wait();
    end();
    act();
  };
  const end = (): void => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wait);
  };
  document.addEventListener("visibilitychange", wait);
  wait();
  return end;
}

/** Acts at each of some moments that are still to come. */
export class Clock {
  private stop = (): void => undefined;

  constructor(
    private readonly now: Now,
    private readonly act: () => void,
  ) {}

  /** These moments, in the place of those before. */
  follow(moments: readonly number[]): void {
    this.end();
    const ahead = moments.filter((moment) => moment > this.now());
    if (ahead.length === 0) return;
    this.stop = atMoment(Math.min(...ahead), this.now, () => {
      this.follow(ahead);
      this.act();
    });
  }

  end(): void {
    this.stop();
  }
}
