import assert from "node:assert/strict";
import { test } from "node:test";
import { Trail } from "../officer/trail.ts";
import type { View } from "../officer/view.ts";

/** A browser with a history, whose moves arrive when the test says so. */
class Browser {
  entries: unknown[] = [null];
  at = 0;
  trail = new Trail(this);
  shown = "";
  view: View | null = null;

  get state(): unknown {
    return this.entries[this.at];
  }

  pushState(state: unknown): void {
    this.entries = [...this.entries.slice(0, ++this.at), state];
  }

  replaceState(state: unknown): void {
    this.entries[this.at] = state;
  }

  go(steps = 0): void {
    this.at += steps;
    this.trail.moved(this.state)?.();
  }

  show(name: string, isBeginning = false): void {
    this.shown = name;
    this.view = this.trail.enter(name, () => this.show(name, isBeginning), isBeginning).view;
  }

  come(...names: readonly string[]): this {
    names.forEach((name) => this.show(name, name === "codes" || name === "sign-in"));
    return this;
  }
}

test("back leads to the screen before, and an entry holds no more than how deep it lies", () => {
  const browser = new Browser().come("codes", "in-use", "review");
  browser.go(-1);
  assert.equal(browser.shown, "in-use");
  browser.go(-1);
  assert.equal(browser.shown, "codes");
  assert.deepEqual(browser.entries, [null, { depth: 1 }, { depth: 2 }]);
});

test("a screen that was come through is gone back to, so that the next way back leads on from there", () => {
  const browser = new Browser().come("codes", "prepare", "codes");
  assert.equal(browser.at, 0);
  browser.come("ask");
  browser.go(-1);
  assert.equal(browser.shown, "codes");
  assert.equal(browser.at, 0);
});

test("what a form made stands in its place", () => {
  const browser = new Browser().come("codes", "issue", "live");
  browser.go(-1);
  assert.equal(browser.shown, "codes");
  browser.come("issue", "live", "issue", "live", "codes");
  assert.equal(browser.at, 0);
});

test("forth to what is gone leads to the beginning", () => {
  const browser = new Browser().come("codes", "live", "codes");
  browser.go(1);
  assert.equal(browser.shown, "codes");
  assert.equal(browser.at, 0);
});

test("after a reload the way back leads to the beginning, also from a first entry", () => {
  for (const before of [["codes", "in-use", "live"], []]) {
    const browser = new Browser().come(...before);
    const depth = browser.at;
    browser.trail = new Trail(browser);
    browser.trail.resume("codes", () => browser.show("codes", true));
    browser.come("live");
    assert.equal(browser.at, Math.max(1, depth));
    browser.go(-1);
    assert.equal(browser.shown, "codes");
    assert.equal(browser.at, 0);
  }
});

test("signed out, or by a link that was opened here: nothing lies before", () => {
  const browser = new Browser().come("codes", "ask", "sign-in");
  assert.equal(browser.at, 0);
  browser.come("codes", "ask");
  browser.pushState(null);
  Object.assign(globalThis, { location: { pathname: "/" } });
  browser.trail.entered();
  browser.come("sign-in");
  assert.equal(browser.at, 0);
});

test("who comes back to a screen finds what it kept; who comes from before it, or shows it once more, does not", () => {
  const browser = new Browser().come("codes", "in-use");
  const { view } = browser;
  browser.come("review", "in-use");
  assert.equal(browser.view, view);
  browser.come("review");
  browser.go(-1);
  assert.equal(browser.view, view);
  browser.come("in-use");
  assert.notEqual(browser.view, view);
  const { view: second } = browser;
  browser.go(-1);
  browser.come("in-use");
  assert.notEqual(browser.view, second);
});

test("a screen that is forgotten starts afresh, and the others keep what they have; or all of them do", () => {
  const browser = new Browser().come("codes");
  const { view: codes } = browser;
  browser.come("in-use");
  const { view: inUse } = browser;
  browser.come("references");
  browser.trail.forget("in-use");
  browser.come("in-use");
  assert.notEqual(browser.view, inUse);
  browser.go(-1);
  assert.equal(browser.view, codes);
  browser.come("in-use");
  browser.trail.forget();
  browser.come("codes");
  assert.notEqual(browser.view, codes);
});
