/** The shortest side at which a phone reads the symbol from another's hand, in CSS pixels. */
const SMALLEST = 150;
/** Between the symbol and the foot. */
const GAP = 4;

/**
 * Keeps the symbol clear of the foot of its screen, and of the strip at the top where there is one: it is as large as the room
 * between, and where that is too small for any camera the words stand in its place. Gives what ends it.
 */
export function fitLive(shown: HTMLElement): () => void {
  const root = document.documentElement;
  const bar = document.querySelector<HTMLElement>(".bar");
  const fit = (): void => {
    const [title, foot] = [shown.querySelector("h1"), shown.querySelector<HTMLElement>(".foot")];
    if (title === null || foot === null) return;
    const height = window.innerHeight - (bar?.offsetHeight ?? 0);
    const isBeside = getComputedStyle(shown).display === "grid";
    const below = isBeside || getComputedStyle(foot).position !== "sticky" ? 0 : foot.offsetHeight;
    // a question may lie over the symbol for as long as it is asked, so that nothing moves when it comes or goes
    const asked = below === 0 ? 0 : (foot.querySelector<HTMLElement>(".sure")?.offsetHeight ?? 0);
    const above = title.getBoundingClientRect().bottom - shown.getBoundingClientRect().top;
    const free = height - above - (below - asked);
    const room = isBeside ? Math.min(height, window.innerWidth / 2) : Math.min(free, window.innerWidth);
    root.style.setProperty("--foot", String(below) + "px");
    root.style.setProperty("--room", String(Math.max(0, Math.floor(room - GAP))) + "px");
    shown.classList.toggle("has-no-room", room < SMALLEST);
  };
  const observer = new ResizeObserver(fit);
  shown.querySelectorAll("h1, .foot").forEach((part) => observer.observe(part));
  if (bar !== null) observer.observe(bar);
  window.addEventListener("resize", fit);
  return () => {
    observer.disconnect();
    window.removeEventListener("resize", fit);
    ["--foot", "--room"].forEach((name) => root.style.removeProperty(name));
  };
}
