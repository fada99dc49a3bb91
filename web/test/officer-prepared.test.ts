import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code } from "../officer/model.ts";
import { PreparedCodes } from "../officer/prepared.ts";

/** A device with one shelf and a clock that the test sets. */
class Device {
  readonly kept = new Map<string, string>();
  now = 1000;
  readonly codes = new PreparedCodes(
    {
      getItem: (key) => this.kept.get(key) ?? null,
      setItem: (key, value) => void this.kept.set(key, value),
      removeItem: (key) => void this.kept.delete(key),
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
