import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { signToken, testKey } from "../../web/test/signing.ts";
import { PHONE, type Visit, fragmentOf, wordsOf } from "./browser.ts";
import { ISSUER, REPORT, TELEPHONE, answer, seconds, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Every way of somebody who has no code of this visit, and that it ends in Stop within two steps: the table in docs/page.md.

const stage = new Stage();
const check = "Check this code";

/** A way in two steps: each is one press of the person's on what they were given. */
type Way = (page: Visit) => Promise<unknown>;

const type = (way: "words" | "digits" | "link", ...codes: (() => string | Promise<string>)[]): Way => async (page) => {
  const [first, second] = codes;
  await page.enter(way, (await first?.()) ?? "");
  await page.page.locator("#code, .panel").first().waitFor();
  const another = page.page.getByRole("button", { name: "Check another code", exact: true });
  const isAnswer = await another.or(page.page.locator(".screen-enter")).first().waitFor().then(() => another.isVisible());
  if (isAnswer) {
    await page.press("Check another code");
    await page.enter(way, (await second?.()) ?? "");
  } else {
    await page.page.locator("#code").fill((await second?.()) ?? "");
    await page.press(check);
  }
};
const answered = (verdict: string, way: Way): Way => (page) => {
  stage.service.reply = () => answer(verdict, { first_checked_at: seconds() - 250 });
  return way(page);
};
const open = (link: () => string): Way => async (page) => {
  for (const _ of [1, 2]) {
    await page.page.evaluate((to) => {
      document.querySelector("main > *")?.classList.add("before");
      location.assign(to);
    }, link().slice(1));
    await page.page.locator(".before").waitFor({ state: "detached" });
    const waits = page.page.getByRole("button", { name: check, exact: true });
    if (await waits.or(page.page.locator(".screen-verdict, .screen-stop")).first().waitFor().then(() => waits.isVisible())) {
      await page.press(check);
      await page.page.locator(".screen-verdict, .screen-stop, .screen-unconfirmed").waitFor();
    }
  }
};
const link = () => fragmentOf(token());
const words = () => wordsOf(token({ cti: Buffer.from(crypto.getRandomValues(new Uint8Array(8))) }));
const refuses: Way = (page) => page.page.getByRole("button", { name: /^They gave me no code/ }).click();
const lost: Way = async (page) => {
  stage.service.reply = () => null;
  await page.enter("words", await words());
  await page.press("Try again");
};

/** By the first cell of the table. */
const ways: Readonly<Record<string, Way>> = {
  "gives no code: refuses, says that it is secret, that there is no time": refuses,
  "says “our system is down”": refuses,
  "says words of their own making": type("words", () => "apple river stone cloud paper", () => "trust me I am genuine"),
  "says words of the list that fit no code": type("words", () => "mansion legroom dingo customer customer", () => "talisman dingo dingo legroom legroom"),
  "says words near a code, and the person declines what the page offers": async (page) => {
    const known = await words();
    for (const _ of [1, 2]) {
      const near = known.replace(/ \S(\S+)$/, " x$1");
      if (await page.page.locator("#code").isVisible()) {
        await page.page.locator("#code").fill(near);
        await page.press(check);
      } else await page.enter("words", near);
      await page.press("No, let me change them");
    }
  },
  "says words that fit and are no code": answered("unknown_code", type("words", words, words)),
  "says digits of their own making": type("digits", () => "123456789012345", () => "1234"),
  "sends a link to somewhere else": type("link", () => "https://verify.example.com/officer/4471", () => "https://bit.ly/3xYz"),
  "gives an old code": answered("expired", type("words", words, words)),
  "gives a code that was checked already": answered("already_checked", type("words", words, words)),
  "gives a code for another time": answered("not_yet_valid", type("words", words, words)),
  "gives a code for somebody else": async (page) => {
    await page.press("I have read it out");
    await answered("other_challenge", type("words", words, words))(page);
  },
  "gives a code for somebody else, to who read out no number": answered("challenge_needed", type("words", words, words)),
  "gives a genuine code of another person, place or reason": async (page) => {
    await page.page.evaluate((to) => location.assign(to), link().slice(1));
    await page.press(check);
    await page.press("No, or not sure");
  },
  "gives a code that we took back": answered("withdrawn", open(link)),
  "sends a link with one digit changed": open(() => fragmentOf(token().map((byte, i, all) => (i + 1 === all.length ? byte ^ 1 : byte)))),
  "sends a link that ends too early": open(() => link().slice(0, -9)),
  "makes a code with a key of their own": open(() => fragmentOf(Buffer.from(signToken(testKey(9), ISSUER, { iat: seconds(), exp: seconds() + 300 })))),
  "cuts the person off from us": lost,
  "lets so many codes be tried that we hold back": async (page) => {
    stage.service.reply = () => ({ status: 429, body: {} });
    await page.enter("words", await words());
    await page.press("Try again");
  },
};

const table = readFileSync(new URL("../../docs/page.md", import.meta.url), "utf8");
const rows = [...table.slice(table.indexOf("| what somebody without a code does |")).matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell ?? "").slice(1);
const documented = rows.slice(0, rows.findIndex((cell) => cell.startsWith("what somebody did")));

test("the table in docs/page.md has these rows", () => {
  assert.deepEqual(documented, Object.keys(ways));
});

test("each row ends in Stop within two steps, and leads back to a check", async (t) => {
  for (const [name, way] of Object.entries(ways)) {
    t.diagnostic(name);
    stage.service.reply = () => answer("genuine");
    const page = await stage.visit();
    await way(page);
    await page.see("Stop");
    const text = await page.text();
    const wait = /Hang up, or close the door\.[^]*Wait five minutes, or use another phone\.[^]*Ring us on 0300 555 0143\.[^]*In danger\? Ring 999\./;
    assert.match(text, wait, name);
    assert.match(text, /A genuine officer can always make a new code at once\./, name);
    const hrefs = await page.page.locator("main a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
    assert.deepEqual(hrefs, ["tel:" + TELEPHONE.replace(/ /g, ""), "tel:999", REPORT], name);
    await page.press("Check another code");
    await page.see("Check who is contacting you");
    await page.page.context().close();
  }
});

test("one slip is no Stop, a genuine code ends the count, and after Stop each further try leads there", async () => {
  const page = await stage.visit();
  const again = async (verdict: string, heading: string) => {
    stage.service.reply = () => answer(verdict, { token: null });
    await page.enter("link", token().toString("base64url"));
    await page.see(heading);
  };
  for (const _ of [1, 2, 3]) {
    await again("expired", "This code has run out");
    await page.press("Check another code");
    await again("genuine", "This code is genuine");
    await page.press("Check another code");
  }
  await again("expired", "This code has run out");
  await page.press("Check another code");
  await again("already_checked", "Stop");
  assert.match(await page.text(), /Again no code that we can confirm\.[^]*This code was checked before\./);
  await page.press("Go back");
  await page.see("This code was checked before");
  await page.press("Get a new number");
  assert.match(await page.text(), /First read out this new number, then ask for a new code\./);
  await again("withdrawn", "Stop");
  // Back goes one screen back, to the field, and takes nothing off the count
  await page.page.goBack();
  await page.see("Paste a link");
  await page.page.locator("#code").fill("no link");
  await page.press(check);
  await page.see("Stop");
  await page.press("Go back");
  await page.see("Paste a link");
  assert.equal(await page.page.locator("#code").inputValue(), "no link");
  await page.press("Go back");
  await page.see("Check who is contacting you");
});

test("a slip on the last question leads back to it; an answer that nobody waits for is no try", async () => {
  const page = await stage.visit(fragmentOf(token()));
  await page.press(check);
  await page.press("No, or not sure");
  await page.press("Go back");
  await page.see("This code is genuine");
  await page.press("No, or not sure");
  await page.page.goBack();
  await page.see("This code is genuine");
  stage.service.reply = () => answer("expired");
  const late = new Promise<() => Promise<void>>((come) => {
    void page.page.route("**/v1/verify", (route) => come(() => route.continue()), { times: 1 });
  });
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  const [release, came] = [await late, page.page.waitForResponse("**/v1/verify")];
  await page.page.goBack();
  await page.press("Go back");
  await page.page.getByRole("button", { name: /^Type the words/ }).click();
  await release();
  await came;
  await page.press("Go back");
  await page.enter("words", await words());
  await page.see("This code has run out");
});

test("the number to ring stands on every screen, in one place", async () => {
  const page = await stage.visit();
  const ring = page.page.locator("header .ring a");
  const seen = async (heading: string) => {
    await page.see(heading);
    assert.equal(await ring.innerText(), TELEPHONE, heading);
    assert.equal(await ring.getAttribute("href"), "tel:03005550143");
    const box = await ring.boundingBox();
    assert.ok(box !== null && box.y + box.height <= 120, `${heading}: ${box?.y}`);
  };
  await seen("Check who is contacting you");
  for (const [button, heading] of [[/^Type the words/, "Type the words"], [/^Type the digits/, "Type the digits"], [/^Paste a link/, "Paste a link"], [/^Scan a code/, "Scan a code"]] as const) {
    await page.page.getByRole("button", { name: button }).click();
    await seen(heading);
    await page.press("Go back");
  }
  await page.enter("words", "legroom mansion dimgo customer talisman");
  await seen("Did you mean these words?");
  await page.page.evaluate((to) => location.assign(to), link().slice(1));
  await seen("Not checked yet");
  await page.page.route("**/v1/verify", () => undefined);
  await page.press(check);
  await seen("Checking this code");
  const framed = await stage.visit("/", PHONE, `window.name = "theirs"`);
  await framed.see("Another page opened this one. For your safety, it stops here.");
  assert.ok(await framed.page.locator("header .ring a").isVisible());
});

test("both answers are in view without scrolling, and of one size; a weaker code says so before them", async () => {
  for (const [size, claims, weaker] of [
    [{ width: 390, height: 664 }, { name: "Anna", place: "12 Mill Lane" }, null],
    [{ width: 390, height: 664 }, {}, "This code gives no name and no place, so it is weaker. Ask for a new code with both."],
    [{ width: 390, height: 664 }, { place: "12 Mill Lane" }, "This code gives no name, so it is weaker. Ask for a new code with their name."],
    [{ width: 390, height: 664 }, { name: "Anna" }, "This code gives no place, so it is weaker. Ask for a new code with this place."],
    [{ width: 390, height: 664 }, { name: "Anna", channel: 2 }, null],
    [{ width: 360, height: 612 }, { name: "Anna", place: "12 Mill Lane" }, null],
    [{ width: 360, height: 612 }, {}, "This code gives no name and no place, so it is weaker. Ask for a new code with both."],
  ] as const) {
    const page = await stage.visit(fragmentOf(token(claims)), { viewport: size });
    await page.press(check);
    await page.see("This code is genuine");
    const [yes, no] = [await page.page.getByRole("button", { name: "Yes" }).boundingBox(), await page.page.getByRole("button", { name: "No, or not sure" }).boundingBox()];
    assert.ok(yes !== null && no !== null);
    assert.deepEqual([yes.width, yes.height, yes.y], [no.width, no.height, no.y]);
    assert.ok(no.y + no.height <= size.height, `${size.width}x${size.height} ${JSON.stringify(claims)}: ${no.y + no.height}`);
    const before = (await page.text()).split("Is this who you are dealing with?")[0] ?? "";
    assert.equal(before.includes("weaker"), weaker !== null);
    if (weaker !== null) assert.ok(before.includes(weaker));
    assert.match(await page.text(), /No code lets anyone take money, enter your home, or ask you to keep secrets\./);
    await page.page.context().close();
  }
  // the longest head is that of other languages, where a voice can read them aloud; no name and place are longer or wider
  const longest = { name: "MMMMMMMM WWWWWWW WWWWWWW", place: "WWWWWWWW MMMMMMMM WWWWWWW MMMMMM" };
  for (const [locale, claims] of [["cy", {}], ["cy", longest], ["ur", {}]] as const) {
    const page = await stage.visit(fragmentOf(token(claims)), { viewport: { width: 360, height: 612 }, locale });
    await page.page.locator(".screen-opened .button-main").click();
    await page.page.locator(".aloud").evaluate((button) => ((button as HTMLElement).hidden = false));
    const end = await page.page.locator(".answers").evaluate((answers) => answers.getBoundingClientRect().bottom);
    assert.ok(end <= 612, `${locale}: ${end}`);
    await page.page.context().close();
  }
});

test("on a small phone the number to read out and its button are in view, and on Stop the number to ring, in Welsh too", async () => {
  const viewport = { width: 360, height: 612 };
  const end = (page: Visit, part: string) => page.page.locator(part).first().evaluate((element) => element.getBoundingClientRect().bottom);
  const start = await stage.visit("/", { viewport });
  assert.ok((await end(start, ".number .button-main")) <= 612, "the button");
  for (const locale of ["en", "cy"]) {
    for (const verdict of ["not_genuine", "genuine"]) {
      stage.service.reply = () => answer(verdict);
      const page = await stage.visit(fragmentOf(token({ name: "Anna", place: "Bridge Street" })), { viewport, locale });
      await page.page.locator(".screen-opened .button-main").click();
      if (verdict === "genuine") await page.page.locator(".answers .button").nth(1).click();
      const bottom = await end(page, ".steps li a[href^=tel]");
      assert.ok(bottom <= 612, `${locale}, ${verdict}: ${bottom}`);
    }
  }
});

test("advice on typing is no reason to stop", async () => {
  const page = await stage.visit();
  stage.service.reply = () => answer("mistyped", { token: null });
  await page.enter("link", token().toString("base64url"));
  await page.see("Check your typing");
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  await page.see("Stop");
  assert.match(await page.text(), /Again no code that we can confirm\./);
  assert.doesNotMatch(await page.text(), /typing/);
});

test("in the leeway after its end a genuine code has no two stories", async () => {
  const now = seconds();
  const page = await stage.visit(fragmentOf(token({ iat: now - 330, exp: now - 30 })));
  await page.press(check);
  await page.see("This code is genuine");
  assert.match(await page.text(), /You checked this code in time, at .+\. Your check still counts\./);
  assert.doesNotMatch(await page.text(), /run out|runs out/);
});
