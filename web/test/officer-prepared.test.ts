import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code } from "../officer/model.ts";
import { PreparedCodes } from "../officer/prepared.ts";
import { DeviceShelf } from "../officer/shelf.ts";

/** A device with one shelf and a clock that the test sets. */
class Device {
  readonly kept = new Map<string, string>();
  now = 1000;
  readonly codes = new PreparedCodes(
    {
      getItem: (key) => this.kept.get(key) ?? null,
      setItem: (key, value) => void this.kept.set(key, value),
      removeItem: (key) => void this.kept.delete(key),
      holds: (key) => this.kept.has(key),
    },
    () => this.now,
  );

  ids(): string[] {
    return this.codes.list().map(({ id }) => id);
  }
}

function code(id: string, from: number, owner = "kestrel"): Code {
  return {
    id, owner, token: "0g", address: "verify.example.org", channel: "in-person", name: null, place: null, qr_svg: "<svg/>", spoken: null,
    not_before: from, expires_at: from + 300,
  };
}

test("codes are listed by their time", () => {
  const device = new Device();
  for (const one of [code("c", 3000), code("a", 1100), code("b", 2000)]) device.codes.add(one);
  assert.deepEqual(device.ids(), ["a", "b", "c"]);
  assert.equal(device.codes.has("b"), true);
});

test("a code is wiped a minute after its end, from the device and not only from the list", () => {
  const device = new Device();
  device.codes.add(code("a", 1100));
  device.codes.add(code("b", 1200));
  device.now = 1400 + 59;
  assert.deepEqual(device.ids(), ["a", "b"]);
  device.now = 1400 + 60;
  assert.deepEqual(device.ids(), ["b"]);
  assert.doesNotMatch([...device.kept.values()].join(), /"a"/);
  device.now = 1500 + 60;
  assert.deepEqual(device.ids(), []);
  assert.equal(device.kept.size, 0);
});

test("each code is wiped at its own time while the console is open", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  Object.assign(globalThis, { document: new EventTarget() });
  t.after(() => Reflect.deleteProperty(globalThis, "document"));
  const device = new Device();
  for (const one of [code("a", 1100), code("b", 1200)]) device.codes.add(one);
  const seen: string[][] = [];
  device.codes.watch(() => seen.push(device.ids()));
  for (const [wait, now] of [[460, 1460], [100, 1560], [9000, 10560]] as const) {
    device.now = now;
    t.mock.timers.tick(wait * 1000 + 250);
  }
  assert.deepEqual(seen, [["b"], []]);
  assert.equal(device.kept.size, 0);
});

test("signing out leaves nothing", () => {
  const device = new Device();
  device.codes.add(code("a", 1100));
  device.codes.wipe();
  assert.equal(device.kept.size, 0);
  assert.deepEqual(device.ids(), []);
});

test("another person on the same device finds nothing of the first", () => {
  const device = new Device();
  device.codes.add(code("a", 1100));
  device.codes.add(code("b", 1100, "heron"));
  device.codes.keepOnlyOf("heron");
  assert.deepEqual(device.ids(), ["b"]);
});

test("words that are switched on later are kept with their code, and bring none back", () => {
  const device = new Device();
  device.codes.add(code("a", 1100));
  const spoken = { words: "one two", digits: "12", six_words: null, six_digits: null };
  device.codes.replace({ ...code("a", 1100), spoken });
  device.codes.replace({ ...code("b", 1100), spoken });
  assert.deepEqual(device.codes.list().map((one) => one.spoken), [spoken]);
  device.codes.remove("a");
  assert.equal(device.kept.size, 0);
});

test("what cannot be read is wiped", () => {
  for (const kept of ["", "{", "7", "[{}]", JSON.stringify([{ ...code("a", 1100), channel: "pigeon" }])]) {
    const device = new Device();
    device.kept.set("prepared", kept);
    assert.deepEqual(device.ids(), []);
    assert.equal(device.kept.size, 0);
  }
});

/** A device's storage that takes so many characters, or none since it is forbidden. */
class Small {
  readonly kept = new Map<string, string>();

  constructor(private readonly most: number | null) {}

  open(): Storage {
    if (this.most === null) throw new DOMException("denied", "SecurityError");
    return this as unknown as Storage;
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    const others = [...this.kept].filter(([name]) => name !== key).reduce((sum, [, { length }]) => sum + length, 0);
    if (others + text.length > (this.most ?? 0)) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(key, text);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

test("a device that is full or forbids it is known before anything is made, and all else works for as long as the page is open", () => {
  for (const [most, hasRoom] of [[5_000_000, true], [100_150, true], [99_000, false], [0, false], [null, false]] as const) {
    const device = new Small(most);
    const shelf = new DeviceShelf(() => device.open());
    const codes = new PreparedCodes(shelf, () => 1000);
    assert.equal(codes.hasRoom(), hasRoom, String(most));
    assert.equal(device.kept.size, 0, "nothing is left of the attempt");
    assert.equal(codes.add(code("a", 1100)), (most ?? 0) > 300);
    assert.equal(codes.has("a"), true);
    shelf.removeItem("prepared");
    assert.equal(codes.has("a"), false);
  }
});

test("what could not be kept leaves nothing older in its place", () => {
  const device = new Small(10);
  const shelf = new DeviceShelf(() => device.open());
  shelf.setItem("stay", "one");
  assert.equal(shelf.holds("stay"), true);
  shelf.setItem("stay", "longer than ten");
  assert.equal(device.kept.size, 0);
  assert.deepEqual([shelf.getItem("stay"), shelf.holds("stay")], ["longer than ten", false]);
});
