import assert from "node:assert/strict";
import { test } from "node:test";
import { Trail } from "../officer/trail.ts";

/** A browser with a history, whose moves arrive when the test says so. */
class Browser {
  entries: unknown[] = [null];
  at = 0;
  trail = new Trail(this);
  shown = "";

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
    this.trail.enter(name, () => this.show(name, isBeginning), isBeginning);
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
