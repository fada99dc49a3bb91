import { App } from "./app.ts";
import { readDeployment } from "./deployment.ts";
import { isLeaving, watchForExit } from "./exit.ts";
import { renew } from "./keeping.ts";

/** Takes what stands behind the `#` and wipes it from the address bar and this tab's history entry. */
function takeFragment(wipe: (address: string) => void): string {
  const fragment = location.hash.slice(1);
  if (fragment !== "") wipe(location.pathname + location.search);
  return fragment;
}

/** Without these the plain form stays, which works everywhere. */
function canRun(): boolean {
  return typeof fetch === "function" && typeof Promise === "function" && !!window.crypto && !!crypto.getRandomValues;
}

const fragment = takeFragment((address) => history.replaceState(history.state, "", address));
const deployment = readDeployment();
const main = document.querySelector("main");

if (deployment !== null && main !== null && canRun() && !isLeaving()) {
  const app = new App(deployment, main);
  // In a frame, or in a window that it opened or named, another page could show its own words over ours, or lead elsewhere behind
  // the person's back. A host may have forgotten the headers that forbid it.
  if (window.top !== window.self || window.opener || window.name) app.replace({ at: "held" });
  else start(app);
}

function start(app: App): void {
  watchForExit(app);
  void renew(app.keySets);
  if (fragment !== "") app.open(fragment);
  else begin(app);
  app.meet();
  // a camera may hand its link to a tab that is already open
  window.addEventListener("hashchange", () => {
    const next = takeFragment((address) => app.past.adopt(address));
    if (next !== "") app.open(next);
  });
  // a page that the browser put aside as it stood must not show an old answer or number to who goes back to it
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && !isLeaving()) app.startAnew();
  });
}

function begin(app: App): void {
  app.replace({ at: "start" });
  // most people type: the screens for that come once the page stands, before they are chosen; who follows a link checks it sooner
  // without them
  window.addEventListener("load", () => app.parts.enter.load().catch(() => {}));
}
