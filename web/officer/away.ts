/** Shows nothing while the page is hidden, so that the list of open apps shows an empty screen. `before` is done before it shows again. */
export function blankWhileAway(before: () => void): void {
  const show = (): void => {
    before();
    document.documentElement.classList.toggle("is-away", document.hidden);
  };
  document.addEventListener("visibilitychange", show);
  // some systems take their picture before they say that the page is hidden
  window.addEventListener("pagehide", () => document.documentElement.classList.add("is-away"));
  window.addEventListener("pageshow", show);
  // what was frozen runs again
  document.addEventListener("resume", show);
  show();
}
