import assert from "node:assert/strict";
import { test } from "node:test";
import type { Request } from "playwright-core";
import { PHONE, type Visit, fragmentOf } from "./browser.ts";
import { StaticHost } from "./host.ts";
import { goOffline, keepPage, keptCopies, tracesOf } from "./keeping.ts";
import { type Fault, keySetOf, token } from "./service.ts";
import { Stage } from "./stage.ts";

// The copies on the phone: when they come, what they are, what replaces them, and that they go.

const stage = new Stage();
const start = "Check who is contacting you";
const unconfirmed = "We could not check this code";
const cannotCheck = "We cannot check right now";
const genuine = "This code is genuine";
const KEY_SET = "/.well-known/countersign/keys.jwt";

const nothing = { caches: [], workers: 0 };

async function check(page: Visit, heading: string): Promise<void> {
  await page.enter("link", token().toString("base64url"));
  await page.see(heading);
  await page.press("Check another code");
}

/** Waits until the kept copy of an address, looked up as the worker does, holds a text. */
async function untilKept(page: Visit, path: string, text: string): Promise<void> {
  await page.page.waitForFunction(
    async ([address, wanted]) => (await (await caches.match(address, { ignoreSearch: true, ignoreVary: true }))?.text())?.includes(wanted) === true,
    [stage.service.url + path, text] as const,
  );
  // A document that goes away while it writes takes along what it wrote last.
  await page.page.waitForLoadState("networkidle");
}

async function versionKept(page: Visit): Promise<number> {
  const jwt = (await keptCopies(page)).find(({ address }) => address.endsWith(KEY_SET))?.text ?? "";
  return (JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as { version: number }).version;
}

/** Opens the page again, and waits until it has had what it asks for, or has not. */
async function reload(page: Visit, ...asks: readonly string[]): Promise<void> {
  const settled = asks.map(async (path) => {
    const own = (request: Request): boolean => request.url().endsWith(path) && !request.isNavigationRequest();
    // one that begins now: of an earlier one the end may still be announced
    await (await page.page.waitForRequest(own)).response();
  });
  await page.page.reload();
  await page.see(start);
  await Promise.all(settled);
}

function renameOrganisation(to: string): void {
  const { files } = stage.service.exported;
  files.set("index.html", Buffer.from(String(files.get("index.html")).replace(/(Riverside|Hillside) Council/g, to)));
}

test("nothing is kept before the press; then just the page, its decoder, its other languages and the key set", async () => {
  const page = await stage.visit();
  await check(page, genuine);
  await page.page.getByText("Keep this page for use without signal").click();
  assert.match(await page.text(), /A copy then stays on this phone\. Anyone who holds the phone can see it/);
  assert.deepEqual(await tracesOf(page), nothing);
  await page.press("Keep this page");
  await page.page.getByText("This page is kept on this phone.").waitFor();
  const paths = (await keptCopies(page)).map(({ address }) => address.slice(stage.service.url.length));
  assert.deepEqual(paths.sort(), ["/", KEY_SET, "/enter.js", "/language-cy.json", "/language-ur.json", "/scan.js"]);
});

test("no check leaves anything in the copies", async () => {
  const page = await stage.visit();
  await keepPage(page);
  const shown = token({ name: "Canary" });
  const checkLink = async (heading: string): Promise<void> => {
    await page.page.goto("about:blank");
    await page.page.goto(stage.service.url + fragmentOf(shown));
    await page.press("Check this code");
    await page.see(heading);
  };
  await checkLink(genuine);
  await goOffline(page, stage.service);
  await checkLink(unconfirmed);
  const copies = await keptCopies(page);
  assert.equal(copies.length, 6);
  const [digits, bytes] = [fragmentOf(shown).slice(2), shown.toString("latin1")];
  // how every token begins stands in the program
  for (const { address, text } of copies) {
    for (const canary of [digits, digits.slice(34, 51), shown.toString("base64url"), shown.toString("hex"), bytes, "Canary"]) {
      assert.ok(!address.includes(canary) && !text.includes(canary), address);
    }
  }
});

test("removed, nothing is left, and without network there is no page", async () => {
  const page = await stage.visit();
  await keepPage(page);
  await page.page.reload();
  await page.page.getByText("Keep this page for use without signal").click();
  await page.press("Remove it from this phone");
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  assert.deepEqual(await tracesOf(page), nothing);
  await check(page, genuine);
  assert.deepEqual(await tracesOf(page), nothing);
  await goOffline(page, stage.service);
  await assert.rejects(page.page.reload(), /ERR_/);
});

test("what is still on its way when the person removes the copies is not kept", async () => {
  const page = await stage.visit();
  await keepPage(page);
  let deliver = (): void => {};
  stage.service.fault = (path) => (path === "/scan.js" ? new Promise((resolve) => (deliver = () => resolve(null))) : null);
  const asked = page.page.waitForRequest((request) => request.url().endsWith("/scan.js"));
  await page.page.reload();
  await asked;
  await page.page.getByText("Keep this page for use without signal").click();
  await page.press("Remove it from this phone");
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  const delivered = page.page.waitForResponse((response) => response.url().endsWith("/scan.js"));
  deliver();
  await (await delivered).finished();
  await check(page, genuine);
  assert.deepEqual(await tracesOf(page), nothing);
});

test("kept again after it was removed, the page stays kept when what an earlier visit asked for arrives", async () => {
  const page = await stage.visit();
  await keepPage(page);
  let deliver = (): void => {};
  const first = new Promise<null>((resolve) => (deliver = () => resolve(null)));
  let asked = 0;
  stage.service.fault = (path) => (path === "/scan.js" && asked++ === 0 ? first : null);
  const begun = page.page.waitForRequest((request) => request.url().endsWith("/scan.js"));
  await page.page.reload();
  const late = await begun;
  await page.page.getByText("Keep this page for use without signal").click();
  await page.press("Remove it from this phone");
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  await page.press("Keep this page");
  await page.page.getByText("This page is kept on this phone.").waitFor();
  deliver();
  await (await late.response())?.finished();
  await check(page, genuine);
  assert.deepEqual(await tracesOf(page), { caches: [`countersign ${stage.service.url}/`], workers: 1 });
  assert.equal((await keptCopies(page)).length, 6);
  await goOffline(page, stage.service);
  await page.page.reload();
  await page.see(start);
});

test("what cannot be kept whole is not kept at all, and the page says so", async () => {
  for (const fault of ["error", "half"] as const) {
    for (const broken of ["/scan.js", "/enter.js", "/sw.js", "/language-ur.json"]) {
      stage.service.fault = () => null;
      const page = await stage.visit();
      stage.service.fault = (path) => (path === broken ? fault : null);
      await page.page.getByText("Keep this page for use without signal").click();
      await page.press("Keep this page");
      await page.page.getByText(/^We could not keep this page\./).waitFor();
      assert.deepEqual(await tracesOf(page), nothing, broken);
      await page.page.getByRole("button", { name: "Keep this page", exact: true }).waitFor();
    }
  }
});

test("a new page takes the place of the kept one", async () => {
  const page = await stage.visit();
  await keepPage(page);
  renameOrganisation("Hillside Council");
  await reload(page, KEY_SET, "/", "/scan.js");
  await untilKept(page, "/", "Hillside Council");
  await goOffline(page, stage.service);
  await page.page.reload();
  await page.see(start);
  assert.match(await page.text(), /Hillside Council/);
});

for (const fault of ["error", "half", "silence"] as const satisfies readonly Fault[]) {
  test(`a host that answers with ${fault} neither replaces the kept page nor hides it`, async () => {
    const page = await stage.visit();
    await keepPage(page);
    renameOrganisation("Hillside Council");
    stage.service.fault = (path) => (path === "/" ? fault : null);
    await reload(page, ...(fault === "silence" ? [KEY_SET] : [KEY_SET, "/"]));
    assert.match(await page.text(), /Riverside Council/);
    await check(page, genuine);
    const copies = await keptCopies(page);
    assert.ok(copies.every(({ text }) => !/Hillside Council|out of order/.test(text)));
    assert.match(copies.find(({ address }) => address === stage.service.url + "/")?.text ?? "", /Riverside Council[^]*<\/html>/);
  });
}

async function keptTexts(page: Visit): Promise<Map<string, string>> {
  return new Map((await keptCopies(page)).map(({ address, text }) => [address, text]));
}

const BACK_SOON = "<!doctype html><h1>Back soon, ring 0900 555 0100</h1>";

/** What a host may have in the place of one of the page's files, and say that it is that file. */
const OTHERS: readonly (readonly [what: string, file: string, make: (own: string) => string])[] = [
  ["a notice in the place of the page", "index.html", () => BACK_SOON],
  ["nothing in the place of the page", "index.html", () => ""],
  ["a page of another issuer", "index.html", (own) => own.replace('"issuer":"verify.example.org"', '"issuer":"verify.example.net"')],
  ["a page of another root key", "index.html", (own) => own.replace(/"root":"[\w-]{43}"/, '"root":"' + "A".repeat(43) + '"')],
  ["a page that names no decoder", "index.html", (own) => own.replace(/"scan":"sha384-[\w+/]+"/, '"scan":"sha384-' + "A".repeat(64) + '"')],
  ["a page that names other texts", "index.html", (own) => own.replace(/"integrity":"sha384-[\w+/]+"/, '"integrity":"sha384-' + "A".repeat(64) + '"')],
  ["a notice in the place of the decoder", "scan.js", () => BACK_SOON],
  ["another decoder", "scan.js", (own) => own + "// and more"],
  ["other screens for those who type", "enter.js", (own) => own + " "],
  ["other texts", "language-cy.json", (own) => own + " "],
];

for (const [what, file, make] of OTHERS) {
  test(`${what}, with 200, does not replace the kept page`, async () => {
    const page = await stage.visit();
    await keepPage(page);
    const before = await keptTexts(page);
    const own = String(stage.service.exported.files.get(file));
    const other = make(own);
    assert.notEqual(other, own);
    // the visit itself still gets the page, as where a host comes and goes
    stage.service.fault = (found) => {
      if (found === "/") stage.service.put(file, Buffer.from(other));
      return null;
    };
    await reload(page, file === "index.html" ? "/" : "/" + file);
    await check(page, genuine);
    const after = await keptTexts(page);
    assert.ok(before.size === 6 && before.size === after.size);
    for (const [address, text] of before) assert.ok(after.get(address) === text, address);
  });
}

test("what was kept in the place of the page is replaced by the page", async () => {
  const page = await stage.visit();
  await keepPage(page);
  await page.page.evaluate(async (notice) => {
    const [name = ""] = await caches.keys();
    const cache = await caches.open(name);
    await cache.put("/", new Response(notice, { headers: { "Content-Type": "text/html" } }));
    await cache.put("/scan.js", new Response(notice));
  }, BACK_SOON);
  await reload(page, "/", "/scan.js");
  await untilKept(page, "/", "</html>");
  assert.ok((await keptCopies(page)).every(({ text }) => !text.includes("Back soon")));
});

for (const status of [403, 404, 410] as const) {
  test(`a host that says ${status} is out of order: the kept page stays, and is shown`, async () => {
    const page = await stage.visit();
    await keepPage(page);
    stage.service.fault = (path) => (path === "/" ? status : null);
    await reload(page, KEY_SET, "/");
    assert.match(await page.text(), /Riverside Council/);
    stage.service.fault = () => null;
    renameOrganisation("Hillside Council");
    // the answer said that it was good for a year
    await reload(page, KEY_SET, "/", "/scan.js");
    assert.match(await page.text(), /Hillside Council/);
  });
}

test("a host that leads elsewhere is followed, and what is there does not replace the kept page", async () => {
  const page = await stage.visit();
  await keepPage(page);
  let asked = 0;
  stage.service.fault = (path) => (path !== "/" ? null : asked++ === 0 ? "error" : "elsewhere");
  await reload(page, KEY_SET);
  await check(page, genuine);
  assert.equal(asked, 2);
  assert.match((await keptCopies(page)).find(({ address }) => address === stage.service.url + "/")?.text ?? "", /<\/html>/);
  await page.page.reload();
  assert.equal(page.page.url(), stage.service.url + "/icon.svg");
});

test("a newer key set takes the place of the kept one; an older, a foreign or a broken one does not", async () => {
  const page = await stage.visit();
  await keepPage(page);
  assert.equal(await versionKept(page), 3);
  stage.service.keySet = keySetOf({ version: 4 });
  await page.page.reload();
  await untilKept(page, KEY_SET, stage.service.keySet);
  for (const [keySet, heading] of [
    [keySetOf({ version: 3 }), cannotCheck],
    [keySetOf({ version: 5, iss: "https://other.example" }), cannotCheck],
    ["<html>", cannotCheck],
    [null, genuine], // the kept set stands in
  ] as const) {
    stage.service.keySet = keySet;
    await reload(page, KEY_SET);
    await check(page, heading);
    assert.equal(await versionKept(page), 4);
  }
});

test("a page that keeps a key set believes none that is older", async () => {
  stage.service.keySet = keySetOf({ version: 4 });
  const page = await stage.visit();
  await keepPage(page);
  stage.service.keySet = keySetOf({ version: 3 });
  await reload(page, KEY_SET);
  await check(page, cannotCheck);
});

test("a browser without service workers, or without a store, serves the page and says what it could not do", async () => {
  for (const without of [
    "delete Navigator.prototype.serviceWorker",
    `delete window.caches`,
    `Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined })`,
  ]) {
    const page = await stage.visit("/", PHONE, without);
    await page.page.getByText("Keep this page for use without signal").click();
    await page.page.getByText("This browser cannot keep this page.").waitFor();
    assert.equal(await page.page.getByRole("button", { name: "Keep this page" }).count(), 0);
    await check(page, genuine);
  }
});

test("a store that the browser refuses is said", async () => {
  const refused = `for (const act of ["match", "has", "open", "delete"])
    CacheStorage.prototype[act] = () => Promise.reject(new DOMException("no", "SecurityError"))`;
  const page = await stage.visit("/", PHONE, refused);
  await page.page.getByText("Keep this page for use without signal").click();
  await page.page.getByText("This browser cannot keep this page.").waitFor();
});

test("in a folder of another host the page keeps itself and the service's key set, and leaves what is the host's", async (t) => {
  const { files } = stage.service.exported;
  const host = await StaticHost.start(stage.service.exported, "/help/check/");
  t.after(() => host.stop());
  stage.service.allowed = host.origin;
  const folder = host.origin + "/help/check/";
  const page = await stage.visitElsewhere(host.origin, [host.origin, stage.service.url]);
  await page.page.evaluate(async () => {
    await (await caches.open("the host's own")).put("/own", new Response("own"));
    await navigator.serviceWorker.register("/own.js");
  });
  const ofTheHost = { caches: ["the host's own"], workers: 1 };

  const decoder = files.get("scan.js");
  files.delete("scan.js");
  await page.page.goto(folder);
  await page.page.getByText("Keep this page for use without signal").click();
  await page.press("Keep this page");
  await page.page.getByText(/^We could not keep this page/).waitFor();
  assert.deepEqual(await tracesOf(page), ofTheHost);

  files.set("scan.js", decoder ?? Buffer.alloc(0));
  await page.press("Keep this page");
  await page.page.getByText("This page is kept on this phone.").waitFor();
  const addresses = (await keptCopies(page)).map(({ address }) => address).sort();
  const own = ["", "enter.js", "language-cy.json", "language-ur.json", "scan.js"].map((name) => folder + name);
  assert.deepEqual(addresses, [...own, host.origin + "/own", stage.service.url + KEY_SET].sort());
  await check(page, genuine);

  host.stop();
  await goOffline(page, stage.service);
  await page.page.goto("about:blank");
  await page.page.goto(folder + fragmentOf(token()).slice(1));
  await page.press("Check this code");
  await page.see(unconfirmed);

  await page.press("Check another code");
  await page.page.getByText("Keep this page for use without signal").click();
  await page.press("Remove it from this phone");
  await page.page.getByText("The copy is removed from this phone.").waitFor();
  assert.deepEqual(await tracesOf(page), ofTheHost);
});
