import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LiveWatch, type Stream } from "../officer/live.ts";

/** A stream that the test speaks through. */
class FakeStream {
  readyState = 1;
  private readonly listeners = new Map<string, ((event: { data?: unknown }) => void)[]>();

  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  close(): void {
    this.readyState = 2;
  }

  tell(state: string, first_checked_at: number | null = null): void {
    this.fire("message", { data: JSON.stringify({ state, first_checked_at }) });
  }

  beat(): void {
    this.fire("beat", {});
  }

  /** The connection breaks; the browser may try again, or has given up. */
  fail(readyState: 0 | 2): void {
    this.readyState = readyState;
    this.fire("error", {});
  }

  private fire(name: string, event: { data?: unknown }): void {
    this.listeners.get(name)?.forEach((listener) => listener(event));
  }
}

function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const streams: FakeStream[] = [];
  const said: string[] = [];
  const open = (): Stream => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream as unknown as Stream;
  };
  const watch = new LiveWatch(open, { seen: ({ state }) => said.push(state), lost: () => said.push("lost"), refused: () => said.push("refused") });
  watch.begin();
  const last = (): FakeStream => streams[streams.length - 1] ?? assert.fail();
  return { watch, streams, said, last, wait: (seconds: number) => t.mock.timers.tick(seconds * 1000) };
}

test("beats keep the connection, and say nothing new", (t) => {
  const { said, last, wait, streams } = begin(t);
  last().tell("live");
  for (let i = 0; i < 10; i++) {
    wait(5);
    last().beat();
  }
  last().tell("checked", 60);
  assert.deepEqual(said, ["live", "checked"]);
  assert.equal(streams.length, 1);
});

test("twelve seconds of silence are a lost connection, and another is tried", (t) => {
  const { said, last, wait, streams } = begin(t);
  last().tell("live");
  wait(11.9);
  assert.deepEqual(said, ["live"]);
  wait(0.1);
  assert.deepEqual(said, ["live", "lost"]);
  assert.equal(streams.length, 2);
  assert.equal(streams[0]?.readyState, 2);
  last().tell("checked", 60);
  assert.deepEqual(said, ["live", "lost", "checked"]);
});

test("no answer at all is said once, however long it lasts", (t) => {
  const { said, wait, streams } = begin(t);
  for (let i = 0; i < 5; i++) wait(12);
  assert.deepEqual(said, ["lost"]);
  assert.equal(streams.length, 6);
});

test("an error is said at once; where the browser tries again, the next word of the service ends it", (t) => {
  const { said, last, streams } = begin(t);
  last().tell("live");
  last().fail(0);
  last().beat();
  assert.deepEqual(said, ["live", "lost", "live"]);
  assert.equal(streams.length, 1);
});

test("where the service turns it away, somebody asks why, and it tries again", (t) => {
  const { said, last, wait, streams } = begin(t);
  last().fail(2);
  assert.deepEqual(said, ["lost", "refused"]);
  wait(2);
  assert.equal(streams.length, 2);
  last().tell("live");
  assert.deepEqual(said, ["lost", "refused", "live"]);
});

test("a cut line is said at once and stays so until there is a network", (t) => {
  const { watch, said, last, wait, streams } = begin(t);
  last().tell("live");
  watch.cut();
  wait(60);
  assert.deepEqual(said, ["live", "lost"]);
  watch.begin();
  last().tell("live");
  assert.deepEqual(said, ["live", "lost", "live"]);
  assert.equal(streams.length, 2);
});

test("what cannot be read is not believed", (t) => {
  const { said, last } = begin(t);
  last().tell("blessed");
  last().beat();
  assert.deepEqual(said, []);
});

test("after a code is withdrawn or over nothing is watched any more", (t) => {
  for (const state of ["withdrawn", "expired"]) {
    t.mock.timers.reset();
    const { said, last, wait, streams } = begin(t);
    last().tell(state);
    assert.equal(last().readyState, 2);
    wait(60);
    assert.deepEqual(said, [state]);
    assert.equal(streams.length, 1);
  }
});
