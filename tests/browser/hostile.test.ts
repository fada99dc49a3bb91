import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { BrowserContext, Frame, Page } from "playwright-core";
import { PHONE, Visit, fragmentOf } from "./browser.ts";
import { findNarrowProblems, findProblems, findProblemsOfLooks } from "./problems.ts";
import { FakeService, token } from "./service.ts";
import { RealStage } from "./stage.ts";

// What another site may try: to post for the person, or to put our page into its own.

const stage = new RealStage({ languages: ["en", "cy", "ur"] });

/** A page of another site: another host name of this machine. */
async function hostilePage(t: TestContext, html: string, own?: BrowserContext): Promise<Page> {
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(html));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const context = own ?? (await stage.browser.newContext(PHONE));
  if (own === undefined) t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return page;
}

test("a form that another site posts is refused", async (t) => {
  const { token: issued } = stage.service.issue("--channel", "in-person");
  const page = await hostilePage(t, `<form method="post" action="${stage.service.url}/check"><input name="code" value="${issued}"><button>Go</button></form>`);
  const answered = page.waitForResponse((found) => found.url().endsWith("/check"));
  await page.getByRole("button").click();
  assert.equal((await answered).status(), 403);
  assert.match(await page.locator("main").innerText(), /It came from another page/);
  const honest = await Visit.open(stage.browser, stage.service.url);
  await honest.enter("link", issued);
  await honest.see("This code is genuine");
});

test("neither fields copied from a form of ours nor a form that sends itself get past it", async (t) => {
  const { url } = stage.service;
  const { token: issued } = stage.service.issue("--channel", "in-person");
  // a form that the other site fetched for itself, over the very network of the person
  const fetched = await (await fetch(url + "/check")).text();
  const copied = (fetched.match(/<input type="hidden"[^>]*>/g) ?? []).join("");
  assert.match(copied, /name="form"/);
  const fields = `${copied}<input name="code" value="${issued}">`;
  for (const attack of [
    `<form id="f" method="post" action="${url}/check">${fields}</form><script>document.getElementById("f").submit()</script>`,
    `<form id="f" method="post" action="${url}/check" target="w">${fields}</form><script>document.getElementById("f").submit()</script><iframe name="w"></iframe>`,
    `<meta name="referrer" content="no-referrer"><form id="f" method="post" action="${url}/check">${fields}</form><script>document.getElementById("f").submit()</script>`,
    `<iframe sandbox="allow-scripts allow-forms allow-top-navigation" srcdoc="${`<form id=f method=post target=_top action=${url}/check>${fields}</form><script>f.submit()</script>`.replace(/"/g, "&quot;")}"></iframe>`,
  ]) {
    const context = await stage.browser.newContext(PHONE);
    t.after(() => context.close());
    const answered = new Promise<number>((resolve) => context.on("response", (found) => found.url() === url + "/check" && resolve(found.status())));
    const page = await hostilePage(t, attack, context);
    assert.equal(await answered, 403, attack);
    assert.doesNotMatch(await page.locator("body").innerText(), /This code is genuine/);
  }
  const honest = await Visit.open(stage.browser, url);
  await honest.enter("link", issued);
  await honest.see("This code is genuine");
});

test("a spent code is not genuine again: another form of ours, back and again, or with copied fields", async () => {
  const { token: issued } = stage.service.issue("--channel", "in-person");
  const visit = await Visit.open(stage.browser, stage.service.url + "/check");
  const { page } = visit;
  const send = async (): Promise<string> => {
    await page.locator("#code").fill(issued);
    await page.locator(".enter [type=submit]").click();
    await page.locator(".panel h1").waitFor();
    return page.locator(".panel h1").innerText();
  };
  assert.equal(await send(), "This code is genuine");
  const first = await page.locator("main").innerText();
  // who has the person's own page back has the answer of the first ten seconds at most; a new form has none
  await page.goBack();
  await page.locator("#code").waitFor();
  await page.reload();
  assert.equal(await send(), "This code was checked before");
  await page.goto(stage.service.url + "/check");
  const copied = await (await fetch(stage.service.url + "/check")).text();
  const proof = /name="form" value="([^"]+)"/.exec(copied)?.[1] ?? "";
  await page.evaluate((value) => document.querySelector("input[name=form]")?.setAttribute("value", value), proof).catch(() => undefined);
  assert.equal(await send(), "This code was checked before");
  assert.doesNotMatch(await page.locator("main").innerText(), /this same form/);
  assert.match(first, /This code is genuine/);
  await visit.close();
});

test("no accessibility problem: the form that answers another site's", async (t) => {
  for (const language of ["en", "cy", "ur"]) {
    const page = await hostilePage(t, `<form method="post" action="${stage.service.url}/check"><input name="lang" value="${language}"><button>Go</button></form>`);
    await page.getByRole("button").click();
    await page.locator(`[lang=${language}] .problem`).waitFor();
    const frame = page.mainFrame();
    assert.deepEqual(await (language === "en" ? findProblemsOfLooks(frame) : findNarrowProblems(frame, language)), []);
  }
});

test("a script of another site gets no answer", async (t) => {
  const { token: issued } = stage.service.issue("--channel", "in-person");
  const page = await hostilePage(t, "<p>hello");
  const read = page.evaluate(
    ([url, shown]) => fetch(url + "/v1/verify", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: shown }) }),
    [stage.service.url, issued] as const,
  );
  await assert.rejects(read, /Failed to fetch/);
  const honest = await Visit.open(stage.browser, stage.service.url);
  await honest.enter("link", issued);
  await honest.see("This code is genuine");
});

test("the service's page refuses to be framed", async (t) => {
  for (const path of ["/", "/check"]) {
    const page = await hostilePage(t, "<p>hello");
    const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await page.evaluate((address) => {
      const frame = document.createElement("iframe");
      frame.src = address;
      document.body.appendChild(frame);
    }, stage.service.url + path);
    await refused;
    assert.equal(await page.frames()[1]?.getByRole("heading").count(), 0, path);
  }
});

const HELD = "Another page opened this one. For your safety, it stops here.";

/** A page of another site around ours, whose host forgot the headers. */
async function around(t: TestContext): Promise<{ page: Page; frame: Frame; careless: FakeService }> {
  const careless = await FakeService.start();
  t.after(() => careless.stop());
  careless.forgetHeaders();
  const page = await hostilePage(t, `<body style="margin:0"><iframe style="border:0;width:100%;height:600px" src="${careless.url}${fragmentOf(token())}"></iframe>`);
  const frame = page.frames()[1];
  assert.ok(frame);
  await frame.getByRole("heading", { level: 1, name: HELD }).waitFor();
  return { page, frame, careless };
}

test("no accessibility problem: the page in a frame", async (t) => {
  assert.deepEqual(await findProblems((await around(t)).frame), []);
});

test("on a host that forgot the headers the page still does nothing in a frame", async (t) => {
  const { page, frame, careless } = await around(t);
  assert.equal(await frame.getByRole("button", { name: "Check this code" }).count(), 0);
  const opens = frame.getByRole("link", { name: "Open this page in a new window" });
  const [own] = await Promise.all([page.waitForEvent("popup"), opens.click()]);
  await own.getByRole("heading", { level: 1, name: START }).waitFor();
  assert.equal(own.url(), careless.url + "/");
  assert.equal(await own.evaluate(() => window.opener as unknown), null);
});

const START = "Check who is contacting you";

/** How another page opens ours in a window that it can lead elsewhere. */
const OPENS: Readonly<Record<string, string>> = {
  "without a name": "window.open(address)",
  "with a name": 'window.open(address, "ours")',
  "by a link": '((link) => (link.href = address, link.target = "ours", link.rel = "opener", link.click()))(document.createElement("a"))',
};

/** Has a page of another site open ours. */
async function opened(t: TestContext, opens: string, address: string): Promise<Page> {
  const page = await hostilePage(t, `<button onclick='const address = "${address}"; ${opens}'>Go</button>`);
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button").click()]);
  return popup;
}

for (const [name, opens] of Object.entries(OPENS)) {
  test(`opened in a window ${name}: on a host that forgot the headers the page does nothing, and opens on its own`, async (t) => {
    const careless = await FakeService.start();
    t.after(() => careless.stop());
    careless.forgetHeaders();
    const popup = await opened(t, opens, careless.url + fragmentOf(token()));
    await popup.getByRole("heading", { level: 1, name: HELD }).waitFor();
    assert.equal(await popup.getByRole("button", { name: "Check this code" }).count(), 0);
    const [own] = await Promise.all([popup.context().waitForEvent("page"), popup.getByRole("link", { name: "Open this page in a new window" }).click()]);
    await own.getByRole("heading", { level: 1, name: START }).waitFor();
    assert.deepEqual(await own.evaluate(() => [window.opener as unknown, window.name]), [null, ""]);
  });

  test(`opened in a window ${name}: the service's page has no opener and works`, async (t) => {
    const popup = await opened(t, opens, stage.service.url);
    await popup.getByRole("heading", { level: 1, name: START }).waitFor();
  });
}

test("opened in a window whose opener was taken away: the page cannot be led elsewhere", async (t) => {
  const careless = await FakeService.start();
  t.after(() => careless.stop());
  careless.forgetHeaders();
  const opens = 'globalThis.held = window.open("about:blank", "ours"); held.opener = null; held.location = address';
  const popup = await opened(t, opens, careless.url + "/");
  await popup.getByRole("heading", { level: 1 }).waitFor();
  const [hostile] = popup.context().pages();
  await hostile?.evaluate(() => {
    try {
      (globalThis as unknown as { held: Window }).held.location.href = location.href + "#led";
    } catch {
      // it is not allowed to
    }
  });
  await hostile?.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)));
  const text = await popup.locator("main").innerText();
  assert.ok(text.includes(HELD) || text.includes(START), text);
  assert.equal(new URL(popup.url()).origin, careless.url);
});
