import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Frame, Page } from "playwright-core";
import { PHONE, Visit, fragmentOf } from "./browser.ts";
import { findNarrowProblems, findProblems, findProblemsOfLooks } from "./problems.ts";
import { FakeService, token } from "./service.ts";
import { RealStage } from "./stage.ts";

// What another site may try: to post for the person, or to put our page into its own.

const stage = new RealStage({ languages: ["en", "cy", "ur"] });

/** A page of another site: another host name of this machine. */
async function hostilePage(t: TestContext, html: string): Promise<Page> {
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(html));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const context = await stage.browser.newContext(PHONE);
  t.after(() => context.close());
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

/** A page of another site around ours, whose host forgot the headers. */
async function around(t: TestContext): Promise<{ page: Page; frame: Frame; careless: FakeService }> {
  const careless = await FakeService.start();
  t.after(() => careless.stop());
  careless.forgetHeaders();
  const page = await hostilePage(t, `<body style="margin:0"><iframe style="border:0;width:100%;height:600px" src="${careless.url}${fragmentOf(token())}"></iframe>`);
  const frame = page.frames()[1];
  assert.ok(frame);
  await frame.getByRole("heading", { level: 1, name: "For your safety, this page does not work inside another page." }).waitFor();
  return { page, frame, careless };
}

test("no accessibility problem: the page in a frame", async (t) => {
  assert.deepEqual(await findProblems((await around(t)).frame), []);
});

test("on a host that forgot the headers the page still does nothing in a frame", async (t) => {
  const { page, frame, careless } = await around(t);
  assert.equal(await frame.getByRole("button", { name: "Check this code" }).count(), 0);
  const opens = frame.getByRole("link", { name: "Open it by itself" });
  assert.equal(await opens.getAttribute("target"), "_top");
  await opens.click();
  await page.waitForURL(careless.url + "/");
  await page.getByRole("heading", { level: 1, name: "Check who is contacting you" }).waitFor();
});
