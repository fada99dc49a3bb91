import { after, before, describe } from "node:test";
import { ChromiumWindow, FirefoxWindow } from "./browsers.ts";
import { consoleScenes } from "./console.ts";
import { isShort } from "./listening.ts";
import { pageScenes } from "./page.ts";

// The screens as Orca speaks them. Keys are the display's.

const window = process.env["EAR_BROWSER"] === "Firefox" ? new FirefoxWindow() : new ChromiumWindow();

describe(window.name, () => {
  before(() => window.start());
  after(() => window.close());
  pageScenes(window);
  if (!isShort) consoleScenes(window);
});
