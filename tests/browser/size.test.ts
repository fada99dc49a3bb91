import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RealService } from "./harness.ts";
import { ALL, MOST, enterSize, languageSize, pageSize, scanSize } from "./sizes.ts";

// What a phone has to fetch over a bad line. Sizes are facts; for times see measure.ts, which asserts nothing.

let service: RealService;

before(async () => {
  service = await RealService.start();
});
after(() => service.stop());

test("everything but the decoder, the screens for those who type and other languages is small", async () => {
  const size = await pageSize(service);
  assert.ok(size <= MOST.page, `${size} bytes, at most ${MOST.page}`);
});

test("each language is small", async (t) => {
  const service = await RealService.start({ languages: ALL });
  t.after(() => service.stop());
  for (const tag of ALL) {
    const size = await languageSize(service, tag);
    assert.ok(size <= MOST.language, `${tag}: ${size} bytes, at most ${MOST.language}`);
  }
});

test("the screens for those who type are small", async () => {
  const size = await enterSize(service);
  assert.ok(size <= MOST.enter, `${size} bytes, at most ${MOST.enter}`);
});

test("the decoder is small", async () => {
  const size = await scanSize(service);
  assert.ok(size <= MOST.scan, `${size} bytes, at most ${MOST.scan}`);
});
