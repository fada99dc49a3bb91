import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, type Visit, fragmentOf } from "./browser.ts";
import { RealService } from "./harness.ts";
import { answer, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Traces, hostile text, no JavaScript.

const stage = new Stage();
const genuine = "This code is genuine";

test("address bar, history and storage hold no token", async () => {
  const page = await stage.visit(fragmentOf(token()));
  assert.equal(page.page.url(), stage.service.url + "/");
  await page.press("Check this code");
  await page.see(genuine);
  const kept = await page.page.evaluate(async () => ({
    address: location.href,
    entries: history.length,
    state: history.state as unknown,
    cookies: document.cookie,
    stored: localStorage.length + sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    title: document.title,
  }));
  // the blank page of the new tab, the opened link and the answer, which the title does not say
  assert.deepEqual(kept, {
    address: stage.service.url + "/", entries: 3, state: 1, cookies: "", stored: 0, databases: 0, caches: 0, title: "The answer – Check a code",
  });
  assert.deepEqual(await page.page.context().cookies(), []);
});

test("hostile text is shown as text", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "<img src=x>&amp;", place: "</script><b>'\"" })));
  await page.see("Not checked yet");
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /<img src=x>&amp;[^]*<\/script><b>'"/);
});

test("without JavaScript a page on another host leads to the service's plain page", async () => {
  const page = await stage.visit("/", { ...PHONE, javaScriptEnabled: false });
  await page.see("Check who is contacting you");
  const link = page.page.getByRole("link", { name: stage.service.url + "/check", exact: true });
  assert.equal(await link.getAttribute("href"), stage.service.url + "/check");
  assert.equal(await page.page.locator("form").count(), 0, "the service refuses a form that another site posts");
  assert.match(await page.text(), /Riverside Council/);
});

/** Every field and form that is there to be seen, with what it says about being filled in for the person. */
async function fieldsOf(page: Visit): Promise<string[]> {
  const found = page.page.locator("form, input:not([type=hidden]), textarea, select").filter({ visible: true });
  return found.evaluateAll((fields) => fields.map((field) => `${field.tagName} ${field.id} ${field.getAttribute("autocomplete") ?? ""}`));
}

test("no field offers what was typed before, nor does the plain form", async (t) => {
  const page = await stage.visit();
  for (const [way, field] of [[/^Type the words/, "TEXTAREA"], [/^Type the digits/, "INPUT"], [/^Paste a link/, "TEXTAREA"]] as const) {
    await page.page.getByRole("button", { name: way }).click();
    assert.deepEqual(await fieldsOf(page), ["FORM  off", `${field} code off`]);
    await page.press("Go back");
  }
  stage.service.reply = () => answer("challenge_needed");
  const opened = await stage.visit(fragmentOf(token({ challenge: 7 })));
  await opened.press("Check this code");
  await opened.see("This code needs a number");
  assert.deepEqual(await fieldsOf(opened), ["FORM  off", "INPUT own-number off"]);

  const service = await RealService.start();
  t.after(() => service.stop());
  const plain = await stage.visitElsewhere(service.url + "/check", [service.url]);
  assert.deepEqual(await fieldsOf(plain), ["FORM  off", "TEXTAREA code off", "INPUT challenge off", "FORM  off"]);
});

test("the icon is one file of our own, and names nobody", async () => {
  const page = await stage.visit();
  const links = await page.page.locator("link, meta[name*=icon], meta[name*=image]").evaluateAll((found) => found.map((link) => [link.getAttribute("rel"), link.getAttribute("href")]));
  assert.deepEqual(links, [["icon", "icon.svg"]]);
  const icon = String(stage.service.exported.files.get("icon.svg"));
  const said = icon.replace(/<[^>]*>/g, "").trim();
  assert.equal(said, await page.page.title(), "as neutral as the page's own name");
  assert.doesNotMatch(icon, /Riverside|Countersign|href|url\(|<(text|image|style|script)/i);
});
