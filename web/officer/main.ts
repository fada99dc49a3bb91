import { Console } from "./app.ts";
import { blankWhileAway } from "./away.ts";
import { watchPresses } from "./press.ts";
import { enrolScreen } from "./screens/enrol.ts";
import { keepShell } from "./shell.ts";

const ENROLMENT = /^enrol_[\w-]+$/;

/** Takes what stands behind the `#` and wipes it from the address bar and this tab's history entry. */
function takeFragment(): string {
  const fragment = location.hash.slice(1);
  if (fragment !== "") history.replaceState(null, "", location.pathname);
  return fragment;
}

const fragment = takeFragment();
const [header, main] = [document.querySelector("header"), document.querySelector("main")];

if (header !== null && main !== null) start(new Console(header, main), main);

function start(app: Console, main: HTMLElement): void {
  watchPresses(main);
  const look = (): void => app.wipeIfLeft();
  blankWhileAway(look);
  // another tab of this device signed out, or in
  window.addEventListener("storage", look);
  // a browser would scroll before the lists are there
  history.scrollRestoration = "manual";
  keepShell();
  if (ENROLMENT.test(fragment)) enrolScreen(app, fragment);
  else void app.start();
  window.addEventListener("popstate", ({ state }) => {
    if (location.hash === "") app.moved(state);
  });
  // a link may be opened into a tab that is already here
  window.addEventListener("hashchange", () => {
    const next = location.hash.slice(1);
    if (next === "") return;
    app.opened();
    if (ENROLMENT.test(next)) enrolScreen(app, next);
  });
}
