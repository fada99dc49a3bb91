import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import type { BrowserContextOptions, Page } from "playwright-core";
import { drawFrame } from "../../web/test/frames.ts";
import type { Visit } from "./browser.ts";
import * as canaries from "./canaries.ts";
import type { Canary, Find } from "./canaries.ts";
import { Film, choosePhoto, photoOf } from "./film.ts";
import { Forwarder } from "./forwarder.ts";
import { type Issued, RealService } from "./harness.ts";
import { Profile } from "./profile.ts";

// What stays behind when somebody checked: on their phone, in our log, in our store. Every byte is searched.

const genuine = "This code is genuine";
const MARKER = "marmalade-marker";
const film = new Film();
const page = canaries.text("the page itself", "Check who is contacting you");

let service: RealService;
let forwarder: Forwarder;
let officer: Officer;

before(async () => {
  // a draft among the languages is warned of: so the log is seen to be written
  service = await RealService.start({ languages: ["en", "cy", "ur"], log: "trace" });
  forwarder = await Forwarder.to(service.url);
  officer = new Officer();
});
after(async () => {
  forwarder.stop();
  await service.stop();
  film.remove();
});

/** Hands out codes, and remembers what must not be found afterwards. */
class Officer {
  /** What is nowhere. */
  readonly gone: Canary[] = [];
  /** What the store holds on purpose, and nothing else does. */
  readonly stored: Canary[] = [];

  shows(...options: string[]): Issued {
    const shown = service.issue("--channel", "in-person", "--name", "Quillfeather", "--place", "Zanzibar Terrace", ...options);
    this.gone.push(canaries.text("name", "Quillfeather"), canaries.text("place", "Zanzibar Terrace"));
    return this.remember(shown, "id");
  }

  /** The bytes of a code that is meant to be spoken are kept until it has run out. */
  speaks(): { readonly words: string; readonly digits: string } {
    const said = service.issue("--channel", "telephone", "--name", "Larkspurton", "--place", "Isfahan Crescent");
    this.stored.push(canaries.text("name", "Larkspurton"), canaries.text("place", "Isfahan Crescent"));
    const { spoken } = this.remember(said, "id", "token as bytes");
    assert.ok(spoken);
    return spoken;
  }

  private remember(issued: Issued, ...stored: string[]): Issued {
    for (const canary of canaries.issued(issued)) (stored.includes(canary.name) ? this.stored : this.gone).push(canary);
    return issued;
  }

  /** What the page draws for itself shows only in what it sends. */
  watch(visit: Visit): void {
    visit.page.on("request", (request) => {
      if (!request.url().endsWith("/v1/verify")) return;
      const { attempt } = request.postDataJSON() as { readonly attempt: string };
      this.gone.push(...canaries.bytes("attempt", Buffer.from(attempt, "base64url")));
    });
  }
}

/** What a person may do on the page; each leaves its tab open. */
const flows: { readonly [who: string]: (visit: Visit) => Promise<void> } = {
  "scans a code": async (visit) => {
    film.show(officer.shows().link);
    await visit.page.getByRole("button", { name: /^Scan a code/ }).click();
    await visit.see(genuine);
  },
  "scans a photo of a code": async (visit) => {
    film.showNothing();
    await visit.page.getByRole("button", { name: /^Scan a code/ }).click();
    await choosePhoto(visit, photoOf(drawFrame(officer.shows().link)));
    await visit.see(genuine);
  },
  "types the words, and they match": async (visit) => {
    await type(visit, /^Type the words/, officer.speaks().words);
    await visit.press("Check this code");
    await visit.see(genuine);
    await visit.press("Yes");
    await visit.see("It matches");
  },
  "types the digits, and is not sure": async (visit) => {
    await type(visit, /^Type the digits/, officer.speaks().digits);
    await visit.press("Check this code");
    await visit.see(genuine);
    await visit.press("No, or not sure");
    await visit.see("Stop");
  },
  "pastes a link": async (visit) => {
    await visit.enter("link", officer.shows().link);
    await visit.see(genuine);
  },
  "reads their number out": async (visit) => {
    const number = (await visit.page.locator(".number-value").innerText()).replace(/\D/g, "");
    officer.gone.push(canaries.number("number", number));
    await visit.press("I have read it out");
    await visit.enter("link", officer.shows("--challenge", number).token);
    await visit.see(genuine);
    assert.match(await visit.text(), /This code was made with your number/);
  },
  "slips in a word, and goes back to mend it": async (visit) => {
    await type(visit, /^Type the words/, officer.speaks().words.replace(/ \S(\S+)$/, " x$1"));
    await visit.press("Check this code");
    await visit.see("Did you mean these words?");
    await visit.press("No, let me change them");
    await visit.see("Type the words");
  },
  "types the words, and leaves without a check": async (visit) => {
    await type(visit, /^Type the words/, officer.speaks().words);
    // what a page's fields held goes into the list of open windows as the page is left
    await visit.page.goto(service.url + "/check");
  },
};

async function type(visit: Visit, way: RegExp, code: string): Promise<void> {
  await visit.page.getByRole("button", { name: way }).click();
  await visit.page.locator("#code").pressSequentially(code);
}

/** Lets somebody use a browser, closes it, and lists what its profile then holds. */
async function whatStays(use: (profile: Profile) => Promise<void>, options: BrowserContextOptions = {}): Promise<Find[]> {
  const profile = await Profile.open([Forwarder.SWITCH, ...film.switches], options);
  try {
    // the service lets this be kept: it must be found in history and cache, or the search is blind
    const planted = profile.visit(`${service.url}/openapi.json?${MARKER}`);
    await planted.then(() => use(profile)).finally(() => profile.close());
    const seen = canaries.search(profile.folder, [canaries.text("marker", MARKER)]).map(({ file }) => file).join("\n");
    for (const place of [/^Default\/History$/m, /^Default\/Cache\/Cache_Data\//m, /^Default\/Sessions\//m]) assert.match(seen, place);
    assert.doesNotMatch(canaries.filesOf(profile.folder).join("\n"), /\.ldb$/m, "the search cannot read these");
    return canaries.search(profile.folder, [page, ...officer.gone, ...officer.stored]);
  } finally {
    profile.remove();
  }
}

test("the search finds what is there, however it was written", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-search-"));
  const { token, link, spoken, ...rest } = service.issue("--channel", "telephone");
  assert.ok(spoken);
  const raw = Buffer.from(token, "base64url");
  const ways: { readonly [file: string]: readonly [Buffer | string, string] } = {
    "as text": [`{"token":"${token}"}`, "token as base64"],
    "in base64": [raw.toString("base64"), "token as base64"],
    "in hex": [raw.toString("hex").toUpperCase(), "token as hex"],
    "in bytes": [Buffer.concat([Buffer.alloc(5), raw]), "token as bytes"],
    "half a link": [link.slice(0, -100), "link"],
    "in UTF-16": [Buffer.from(link, "utf16le"), "link"],
    "in a posted form": ["code=" + spoken.words.replace(/ /g, "+"), "words"],
    "encoded words": [encodeURIComponent(spoken.words.toUpperCase()), "words"],
    "digits": [spoken.digits.replace(/ /g, "\u00a0"), "digits"],
    "packed": [Buffer.concat([Buffer.from("head"), gzipSync(link), Buffer.from("tail")]), "link"],
    "packed in UTF-16": [deflateSync(Buffer.from(spoken.digits, "utf16le")).subarray(0, -4), "digits"],
    "nothing": ["abandon ability able about above", ""],
  };
  for (const [file, [content]] of Object.entries(ways)) writeFileSync(join(folder, file), content);
  const found = canaries.search(folder, canaries.issued({ token, link, spoken, ...rest }));
  rmSync(folder, { recursive: true });
  for (const [file, [, canary]] of Object.entries(ways)) {
    const names = found.filter((find) => find.file === file).map((find) => find.canary);
    assert.ok(canary === "" ? names.length === 0 : names.includes(canary), `${file}: ${names.join(", ")}`);
  }
});

test("who scans, types or pastes on the page leaves nothing but the visit in the browser", async () => {
  const doAll = async (profile: Profile): Promise<void> => {
    for (const [who, act] of Object.entries(flows)) {
      const visit = await profile.visit(service.url);
      officer.watch(visit);
      await act(visit);
      assert.deepEqual(visit.errors, [], who);
    }
  };
  assert.deepEqual(await whatStays(doAll, { permissions: ["camera"] }), []);
});

/** Checks words on the plain page, and leaves its tab open. */
async function checkPlainly(profile: Profile): Promise<Page> {
  const { page: tab } = await profile.visit(service.url + "/check");
  await tab.locator("#code").pressSequentially(officer.speaks().words);
  await tab.getByRole("button", { name: "Check this code" }).click();
  await tab.getByRole("heading", { level: 1, name: genuine }).waitFor();
  return tab;
}

async function closeTab(profile: Profile, tab: Page): Promise<void> {
  await profile.visit(service.url);
  await tab.close();
}

const endings: { readonly [how: string]: (profile: Profile, tab: Page) => Promise<void> } = {
  "while it is open": async () => {},
  "after its tab was closed": closeTab,
  "after its tab was closed and the browser was started twice": async (profile, tab) => {
    await closeTab(profile, tab);
    // what the last session left goes with the second start; the list of closed tabs is handed on
    for (let i = 0; i < 2; i++) await profile.restart();
  },
};

for (const [how, end] of Object.entries(endings)) {
  test(`the plain page leaves what was typed in the lists of open and closed tabs, and nowhere else: ${how}`, async () => {
    const stays = await whatStays(async (profile) => end(profile, await checkPlainly(profile)), { javaScriptEnabled: false });
    // Chromium keeps a posted form with its tab, to be able to post it again; a page cannot forbid that
    assert.ok(stays.some(({ file }) => /\/Tabs_/.test(file)));
    for (const { file, canary } of stays) assert.match(`${file}: ${canary}`, /^Default\/Sessions\/.*: words$/);
  });
}

test("a link that a camera app opened stays in the browser's history, as the page says; nothing of it stays elsewhere", async () => {
  const stays = await whatStays(async (profile) => {
    const visit = await profile.visit(officer.shows().link);
    officer.watch(visit);
    await visit.see("Not checked yet");
    assert.match(await visit.text(), /can stay in your browser’s history/);
    assert.equal(visit.page.url(), service.url + "/");
    await visit.press("Check this code");
    await visit.see(genuine);
  });
  assert.ok(stays.some(({ file }) => file === "Default/History"));
  // history is more than its list: the icons of its pages, the windows to be opened again, and what is counted about them
  const history = /^(Default\/(History|Favicons|Sessions\/.*)|segmentation_platform\/ukm_db)(-journal|-wal)?: link$/;
  for (const { file, canary } of stays) assert.match(`${file}: ${canary}`, history);
});

test("log and store of the service hold none of it, but for codes that are meant to be spoken", () => {
  assert.ok(forwarder.connections > 0, "the visitors came from an address of their own");
  assert.match(readFileSync(join(service.folder, "log"), "utf8"), /Urdu/, "the log was written");
  assert.deepEqual(canaries.search(service.folder, [...officer.gone, ...canaries.address(Forwarder.ADDRESS)]), []);
  const stored = canaries.search(service.folder, officer.stored);
  assert.ok(stored.some(({ canary }) => canary === "token as bytes"), "the store was read");
  for (const { file } of stored) assert.match(file, /^store\.sqlite/);
});
