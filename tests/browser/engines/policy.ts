import assert from "node:assert/strict";
import { fragmentOf } from "../browser.ts";
import { token } from "../service.ts";
import type { Flow } from "./flows.ts";

// The policy of the page: this browser takes it, the page needs nothing that it forbids, and what it forbids is stopped.

// what the page's window has beyond the types that we have
declare const broken: string[];
declare const trustedTypes: { createPolicy(name: string, rules: object): unknown };

/** By name. */
export const policy: Readonly<Record<string, Flow>> = {
  "the page runs under its policy, and breaks it nowhere": async (open) => {
    const page = await open(fragmentOf(token()));
    await page.run(`
      globalThis.broken = [];
      addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));`);
    await page.press("Check this code");
    await page.see("This code is genuine");
    await page.press("Check another code");
    await page.see("Check who is contacting you");
    const found = await page.evaluate(() => ({ broken, styles: document.styleSheets.length }), null);
    assert.deepEqual(found, { broken: [], styles: 1 });
  },

  "markup and programs from text, and other origins, are refused": async (open, service) => {
    const page = await open();
    await page.see("Check who is contacting you");
    const outcomes = await page.evaluate(
      (elsewhere) =>
        Promise.all(
          [
            () => (document.body.innerHTML = "<b>markup</b>"),
            () => new Function("return 1"),
            () => trustedTypes.createPolicy("other", {}),
            () => fetch(elsewhere, { mode: "no-cors" }),
          ].map((attempt) =>
            // in a turn of its own, as the page's: while code of ours is handed in Chromium lets it do more
            new Promise((turn) => setTimeout(turn)).then<unknown>(attempt).then(() => "allowed", (error: Error) => error.name),
          ),
        ),
      // another host name of this machine is another origin
      service.url.replace("localhost", "127.0.0.1"),
    );
    assert.deepEqual(outcomes, ["TypeError", "EvalError", "TypeError", "TypeError"]);
  },

  "a framed page is refused": async (open) => {
    const page = await open("/elsewhere");
    const framed = await page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const frame = document.createElement("iframe");
          frame.addEventListener("load", () => resolve(!!frame.contentDocument?.querySelector("main")));
          frame.src = "/";
          document.body.appendChild(frame);
        }),
      null,
    );
    assert.equal(framed, false);
  },
};
