import assert from "node:assert/strict";
import { test } from "node:test";
import type { Remembered } from "../officer/memory.ts";
import type { Code } from "../officer/model.ts";
import { Tab } from "../officer/tab.ts";

const code: Code = {
  id: "a", owner: "kestrel", token: "0g", address: "verify.example.org", channel: "telephone", name: "Anna", place: null, qr_svg: "<svg/>", spoken: null,
  not_before: null, expires_at: 300,
};
const order = { authorisation: "x", channel: "telephone", name: "Anna" } as const;

/** A device whose worker remembers, with the mark of a stay. */
class Device {
  stay: string | null = "first";
  /** How often something was said to the worker. */
  said = 0;
  private remembered: Remembered | null = null;

  /** A tab that was just loaded. */
  tab(): Tab {
    const memory = {
      remember: (what: Remembered) => {
        this.said++;
        this.remembered = what;
      },
      recall: async () => this.remembered,
      forget: () => void (this.remembered = null),
    };
    return new Tab(memory, () => this.stay);
  }

  /** A code was made here, and is on the screen. */
  shows(): Tab {
    const tab = this.tab();
    tab.made.set(code.id, { code, order });
    tab.remember("kestrel", order);
    tab.show(code);
    return tab;
  }
}

test("after a reload a person finds what they made and what was on the screen, and nobody else does", async () => {
  const device = new Device();
  device.shows();
  const again = device.tab();
  assert.equal(await again.recall("kestrel", 0), "a");
  assert.deepEqual([again.made.get("a")?.code, again.said(), again.authorisation], [code, { name: "Anna" }, "x"]);
  const other = device.tab();
  assert.equal(await other.recall("wren", 0), null);
  assert.equal(other.made.size, 0);
});

test("where the service does not say who is signed in, only a stay that has not ended brings it back", async () => {
  const device = new Device();
  device.shows();
  assert.equal(await device.tab().recall(null, 0), "a");
  for (const stay of [null, "second"]) {
    device.stay = stay;
    const tab = device.tab();
    assert.deepEqual([await tab.recall(null, 0), tab.made.size, tab.said()], [null, 0, {}]);
  }
});

test("a code that left the screen is not shown again, and what is forgotten is nowhere", async () => {
  const device = new Device();
  const tab = device.shows();
  tab.show(null);
  assert.equal(await device.tab().recall("kestrel", 0), null);
  tab.forget();
  tab.show(null);
  const again = device.tab();
  assert.equal(await again.recall("kestrel", 0), null);
  assert.equal(again.made.size, 0);
});

test("the codes that have not run out, those first that do so first; what is over is not remembered either", async () => {
  const device = new Device();
  const tab = device.shows();
  const made = (id: string, expires_at: number) => tab.made.set(id, { code: { ...code, id, expires_at }, order });
  made("b", 900);
  made("c", 200);
  const ids = (now: number, one = tab): string[] => one.live(now).map(({ id }) => id);
  assert.deepEqual([ids(0), ids(200), ids(299), ids(300), ids(900)], [["c", "a", "b"], ["a", "b"], ["a", "b"], ["b"], []]);
  tab.drop("b");
  const again = device.tab();
  await again.recall("kestrel", 0);
  assert.deepEqual(ids(0, again), ["c", "a"]);
});

test("what one person did is nobody else's, here and after a reload", async () => {
  const device = new Device();
  const tab = device.shows();
  tab.keepOnlyOf("kestrel");
  assert.deepEqual([tab.live(0).length, tab.said()], [1, { name: "Anna" }]);
  tab.keepOnlyOf("wren");
  assert.deepEqual([tab.live(0), tab.said(), tab.authorisation, tab.showing], [[], {}, null, null]);
  assert.equal(await device.tab().recall("kestrel", 0), null);
});

test("a worker that was ended hears again what a reload took back", async () => {
  const device = new Device();
  device.shows();
  const before = device.said;
  const again = device.tab();
  await again.recall("kestrel", 0);
  assert.equal(device.said, before + 1);
});
