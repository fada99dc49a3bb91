import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { STRICTNESS } from "../../web/shared/verdict.ts";
import en from "../../web/shared/i18n/en.json" with { type: "json" };
import { NARROW, PHONE, Visit, digitsOf, fragmentOf, startBrowser, wordsOf } from "./browser.ts";
import { FakeService, answer, keySetOf, seconds, token } from "./service.ts";

let browser: Browser;
let service: FakeService;
let visits: Visit[] = [];

before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());
beforeEach(async () => {
  service = await FakeService.start();
});
afterEach(async () => {
  for (const visit of visits) {
    assert.deepEqual(visit.errors, []);
    assert.deepEqual([...visit.origins], [service.url], "no request leaves the origin");
    await visit.close();
  }
  visits = [];
  service.stop();
});

async function visit(path = "/", options: BrowserContextOptions = PHONE, before = ""): Promise<Visit> {
  const opened = await Visit.open(browser, service.url + path, options, before);
  visits.push(opened);
  return opened;
}

const genuine = "This code is genuine";
const cannotCheck = "We cannot check right now";
const notGenuine = "This code is not genuine";

/** The service knows this token, and answers a code with it. */
function knows(known: Buffer, verdict = "genuine"): void {
  const text = known.toString("base64url");
  service.reply = (asked) => answer(verdict, asked.code === undefined ? {} : { token: text });
}

test("an opened link waits, shows what it says, and is used only on a press", async () => {
  const page = await visit(fragmentOf(token({ name: "Anna", place: "Bridge Street" })));
  await page.see("Not checked yet");
  assert.match(await page.text(), /It says:\s+How\s+in person\s+Name\s+Anna\s+Place\s+Bridge Street/);
  assert.equal(service.asked.length, 0);
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /Does that match\?/);
  assert.equal(service.asked.length, 1);
  assert.equal(service.asked[0]?.challenge, undefined);
});

test("address bar, history and storage hold no token", async () => {
  const page = await visit(fragmentOf(token()));
  assert.equal(page.page.url(), service.url + "/");
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
  // the blank page of the new tab is the other entry
  assert.deepEqual(kept, {
    address: service.url + "/", entries: 2, state: null, cookies: "", stored: 0, databases: 0, caches: 0, title: "Check a code",
  });
  assert.deepEqual(await page.page.context().cookies(), []);
});

test("a link handed to an open tab is taken and wiped as well", async () => {
  const page = await visit();
  await page.page.evaluate((link) => location.assign(link), fragmentOf(token()).slice(1));
  await page.see("Not checked yet");
  assert.equal(page.page.url(), service.url + "/");
});

test("words, digits, links and text entered by hand", async () => {
  const known = token({ channel: 2, dialled: 43 });
  knows(known);
  const inputs = [
    ["words", (await wordsOf(known)).toUpperCase()],
    ["words", await digitsOf(known)],
    ["digits", await digitsOf(known)],
    ["link", "https://hostile.example" + fragmentOf(known)],
    ["link", `They wrote: see ${service.url}${fragmentOf(known)} 11 thanks`],
    ["link", known.toString("base64url")],
  ] as const;
  for (const [way, input] of inputs) {
    const page = await visit();
    await page.enter(way, input);
    await page.see(genuine);
    assert.match(await page.text(), /a call to a number ending 043/);
  }
});

test("a slip in one word is asked about before anything is sent", async () => {
  const known = token();
  knows(known);
  const words = await wordsOf(known);
  const page = await visit();
  await page.enter("words", words.replace(/ \S(\S+)$/, " q$1"));
  await page.see("Did you mean these words?");
  assert.equal(service.asked.length, 0);
  await page.press("Yes, check these words");
  await page.see(genuine);
  assert.equal(service.asked[0]?.code, words);
});

test("what is wrong with an input is said beside it, and nothing is sent", async () => {
  const page = await visit();
  await page.enter("words", "legroom mansion");
  const alert = page.page.getByRole("alert");
  assert.equal(await alert.innerText(), "There should be five words. Here we see 2.");
  assert.equal(await page.page.locator("#code").getAttribute("aria-invalid"), "true");
  for (const [input, problem] of [["", /Nothing is typed/], ["legroom xxxyyy dingo zzzqqq talisman", /the second/], ["123", /15/]] as const) {
    await page.page.locator("#code").fill(input);
    await page.press("Check this code");
    assert.match(await alert.innerText(), problem);
  }
  assert.equal(service.asked.length, 0);
});

test("a damaged link is not genuine, and never called mistyped", async () => {
  for (const path of [fragmentOf(token()).slice(0, -1), "/#hello"]) {
    const page = await visit(path);
    await page.see(notGenuine);
  }
  service.reply = () => answer("mistyped");
  const page = await visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(notGenuine);
});

for (const verdict of STRICTNESS) {
  test(`the service's ${verdict} is shown with its words`, async () => {
    service.reply = () => answer(verdict, { first_checked_at: seconds() - 250 });
    const page = await visit();
    await page.enter("link", token().toString("base64url"));
    await page.see(en[`verdict.${verdict}.title`]);
    const text = await page.text();
    assert.ok(text.includes(en[`verdict.${verdict}.means`].replace("{organisation}", "Riverside Council")));
    assert.equal(text.includes("4 minutes ago. Was it you"), verdict === "already_checked");
  });
}

test("the page's own check outvotes a service that says genuine", async () => {
  const forged = token();
  forged.writeUInt8(forged.readUInt8(100) ^ 1, 100);
  const cases: readonly [Buffer, string][] = [
    [forged, notGenuine],
    [token({ iat: seconds() - 400 }), "This code has run out"],
    [token({ iat: seconds() - 100, nbf: seconds() + 600, exp: seconds() + 900 }), "It is too early for this code"],
    [token({ exp: seconds() + 3600 }), notGenuine],
    [token({ challenge: 417092 }), "This code needs a number"],
  ];
  for (const [bytes, heading] of cases) {
    const page = await visit(fragmentOf(bytes));
    await page.press("Check this code");
    await page.see(heading);
    assert.doesNotMatch(await page.text(), /is genuine|Does that match/);
  }
});

test("a lying service that answers a code with another token, or with none, is not believed", async () => {
  const asked = await wordsOf(token({ cti: Buffer.alloc(8, 1) }));
  for (const lie of [token({ cti: Buffer.alloc(8, 2) }).toString("base64url"), null, "nonsense"]) {
    service.reply = () => answer("genuine", { token: lie });
    const page = await visit();
    await page.enter("words", asked);
    await page.see(cannotCheck);
  }
});

test("without a usable key set nothing is genuine, but worse verdicts stand", async () => {
  const [old, ended, foreign] = [keySetOf({ version: 0 }), keySetOf({ exp: seconds() - 1 }), keySetOf({ iss: "https://other.example" })];
  for (const keySet of [null, "", old, ended, foreign]) {
    service.keySet = keySet;
    service.reply = () => answer("genuine");
    const page = await visit(fragmentOf(token()));
    await page.press("Check this code");
    await page.see(cannotCheck);
    service.reply = () => answer("withdrawn");
    await page.press("Try again");
    await page.see("This code was withdrawn");
  }
});

test("an older key set than one that was seen is not used", async () => {
  const page = await visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(genuine);
  service.keySet = keySetOf({ version: 2 });
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  await page.see(cannotCheck);
});

test("a lost reply is asked for again as the same attempt with the same number", async () => {
  const page = await visit();
  const number = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await page.press("I have read it out");
  service.reply = () => null;
  await page.enter("link", token({ challenge: Number(number) }).toString("base64url"));
  await page.see(cannotCheck);
  service.reply = () => answer("genuine");
  await page.press("Try again");
  await page.see(genuine);
  const [first, second] = service.asked;
  assert.match(first?.attempt ?? "", /^[A-Za-z0-9_-]{22}$/);
  assert.deepEqual(second, first);
  assert.equal(first?.challenge, number);
});

test("a service that is too busy says so, calmly", async () => {
  service.reply = () => ({ status: 429, body: { title: "Too many requests" } });
  const page = await visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(cannotCheck);
  assert.match(await page.text(), /Please wait a minute, then try again/);
});

test("the number: not sent before it was read out, matched, used once", async () => {
  const page = await visit();
  const shown = async () => (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  const first = await shown();
  assert.match(first, /^[0-9]{6}$/);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(service.asked[0]?.challenge, undefined);
  assert.match(await page.text(), /It was not made with your number/);

  await page.press("Check another code");
  const second = await shown();
  await page.press("I have read it out");
  await page.enter("link", token({ challenge: Number(second) }).toString("base64url"));
  await page.see(genuine);
  assert.equal(service.asked[1]?.challenge, second);
  assert.match(await page.text(), /It carries your number/);

  await page.press("Check another code");
  assert.notEqual(await shown(), second);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(service.asked[2]?.challenge, undefined);
});

test("a token with another number, or without, is refused whatever the service says", async () => {
  for (const challenge of [undefined, 1]) {
    const page = await visit();
    await page.press("I have read it out");
    await page.enter("link", token(challenge === undefined ? {} : { challenge }).toString("base64url"));
    await page.see("This code does not carry your number");
  }
});

test("a typed number is sent, and said to count only if the own screen chose it", async () => {
  service.reply = (asked) => answer(asked.challenge === undefined ? "challenge_needed" : "genuine");
  const page = await visit(fragmentOf(token({ challenge: 7 })));
  await page.press("Check this code");
  await page.see("This code needs a number");
  assert.match(await page.text(), /Never type a number that they tell you/);
  await page.page.getByLabel("The number on your own screen").fill("12");
  await page.press("Check with this number");
  assert.equal(await page.page.getByRole("alert").innerText(), "A number has six digits.");
  await page.page.getByLabel("The number on your own screen").fill("000 007");
  await page.press("Check with this number");
  await page.see(genuine);
  assert.equal(service.asked[1]?.challenge, "000007");
  assert.match(await page.text(), /counts only if your own screen chose it/);
});

test("does that match? has two outcomes", async () => {
  for (const [button, heading, words] of [
    ["Yes", "It matches", /You may still say no/],
    ["No, or not sure", "Stop", /Wait five minutes, or use another phone[^]*0300.555.0143/],
  ] as const) {
    const page = await visit(fragmentOf(token()));
    await page.press("Check this code");
    await page.press(button);
    await page.see(heading);
    assert.match(await page.text(), words);
  }
});

test("when the code's time passes the check still stands; an old number is replaced", async () => {
  const page = await visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.match(await page.text(), /This code runs out at/);
  await page.page.clock.fastForward(301000);
  assert.match(await page.text(), /This code has now run out\. Your check at \S+ stands\./);
  await page.press("Check another code");
  await page.page.clock.fastForward(601000);
  assert.match(await page.text(), /Your number is too old to use/);
  await page.press("Get a new number");
  assert.match(await page.page.locator(".number-value").innerText(), /^\d{3}.\d{3}$/);
});

test("a number that was read out more than ten minutes ago is not sent", async () => {
  const page = await visit();
  await page.page.clock.install();
  await page.page.reload();
  await page.press("I have read it out");
  await page.page.clock.fastForward(601000);
  await page.enter("link", token().toString("base64url"));
  await page.see(genuine);
  assert.equal(service.asked[0]?.challenge, undefined);
});

test("without Ed25519 the service counts alone, and the page says so", async () => {
  const without = `
    const real = SubtleCrypto.prototype.importKey;
    SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
      if (algorithm.name === "Ed25519") return Promise.reject(new DOMException("Unrecognized name", "NotSupportedError"));
      return real.call(this, format, data, algorithm, ...rest);
    };`;
  const page = await visit(fragmentOf(token()), PHONE, without);
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /from the service alone/);
  service.reply = () => answer("expired");
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  await page.see("This code has run out");
});

test("without WebCrypto's checks at all the service counts alone as well", async () => {
  const known = token();
  knows(known);
  const page = await visit("/", PHONE, `Object.defineProperty(Crypto.prototype, "subtle", { value: undefined })`);
  await page.enter("words", await wordsOf(known));
  await page.see(genuine);
  assert.match(await page.text(), /from the service alone/);
});

test("a phone clock that is wrong is said, and the service judges", async () => {
  for (const shift of [3600, -3600, 10 * 365 * 86400]) {
    const then = seconds() + shift;
    const payload = { iat: then - 3600, exp: then + 86400 };
    service.keySet = keySetOf({ ...payload, keys: keysAt(then) });
    service.reply = () => answer("genuine", { server_time: then });
    const page = await visit(fragmentOf(token({ iat: then })));
    await page.press("Check this code");
    await page.see(genuine);
    assert.match(await page.text(), /Your phone says .* Our clock says/);
  }
});

function keysAt(then: number): object[] {
  const jwt = keySetOf({}).split(".")[1] ?? "";
  const { keys } = JSON.parse(Buffer.from(jwt, "base64url").toString()) as { keys: object[] };
  return keys.map((key) => ({ ...key, nbf: then - 86400, exp: then + 86400 }));
}

test("hostile text is shown as text", async () => {
  const page = await visit(fragmentOf(token({ name: "<img src=x>&amp;", place: "</script><b>'\"" })));
  await page.see("Not checked yet");
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /<img src=x>&amp;[^]*<\/script><b>'"/);
});

test("the exit replaces the page, by button and by Shift three times", async () => {
  for (const leave of [
    (page: Visit) => page.page.getByRole("link", { name: /Exit this page/ }).click(),
    async (page: Visit) => {
      for (let i = 0; i < 3; i++) await page.page.keyboard.press("Shift");
    },
  ]) {
    const page = await visit();
    await leave(page);
    await page.page.waitForURL(service.url + "/elsewhere");
    assert.equal(await page.page.evaluate(() => history.length), 2);
  }
});

test("works by keyboard alone, and the focus follows the screens", async () => {
  const known = token();
  knows(known);
  const page = await visit();
  const focused = () => page.page.evaluate(() => (document.activeElement?.textContent ?? "").trim());
  const tabTo = async (text: RegExp) => {
    for (let i = 0; i < 20; i++) {
      await page.page.keyboard.press("Tab");
      if (text.test(await focused())) return;
    }
    assert.fail(`no Tab leads to ${String(text)}`);
  };
  await tabTo(/^I have read it out$/);
  await tabTo(/^Type the five words/);
  await page.page.keyboard.press("Enter");
  assert.equal(await focused(), "Type the five words");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.type(await wordsOf(known));
  await page.page.keyboard.press("Enter");
  await page.see(genuine);
  assert.equal(await focused(), genuine);
  await tabTo(/^No, or not sure$/);
  await page.page.keyboard.press("Enter");
  await page.see("Stop");
});

test("320 px wide and with text twice as large nothing runs out of the window", async () => {
  const page = await visit(fragmentOf(token({ name: "W".repeat(24), place: "W".repeat(32) })), NARROW);
  const fits = async () => {
    assert.equal(await page.overflows(), false);
    await page.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    assert.equal(await page.overflows(), false);
    await page.page.evaluate(() => (document.documentElement.style.fontSize = ""));
  };
  await fits();
  await page.press("Check this code");
  await page.see(genuine);
  await fits();
  await page.press("Check another code");
  await fits();
  await page.enter("words", "legroom mansion dimgo customer talisman");
  await page.see("Did you mean these words?");
  await fits();
});

test("without JavaScript the plain form stands, and it asks /check", async () => {
  const page = await visit("/", { ...PHONE, javaScriptEnabled: false });
  await page.see("Check who is contacting you");
  const form = page.page.locator("form");
  assert.equal(await form.getAttribute("action"), "/check");
  assert.equal(await form.getAttribute("method"), "post");
  assert.equal(await page.page.getByLabel("The code").getAttribute("name"), "code");
  assert.equal(await page.page.getByLabel("Your number, if you have one").getAttribute("name"), "challenge");
  assert.match(await page.text(), /Riverside Council/);
});
