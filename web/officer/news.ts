/** So often it is asked whether there is news, where nobody says so. */
const EVERY_MS = 15000;

/** Tells the part of the screen that stays true when to ask again. */
export class News {
  private readonly listeners = new Set<() => void>();

  constructor() {
    const tell = (): void => {
      if (!document.hidden) this.tell();
    };
    setInterval(tell, EVERY_MS);
    // at once when the page is back
    document.addEventListener("visibilitychange", tell);
    for (const name of ["online", "pageshow", "focus"]) window.addEventListener(name, tell);
  }

  /** Gives what ends it. */
  when(told: () => void): () => void {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  private tell(): void {
    this.listeners.forEach((told) => told());
  }
}
