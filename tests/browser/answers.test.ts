import assert from "node:assert/strict";
import { test } from "node:test";
import { STRICTNESS } from "../../web/shared/verdict.ts";
import en from "../../web/shared/i18n/en.json" with { type: "json" };
import { referenceOf } from "../../web/shared/reference.ts";
import { PHONE, fragmentOf, wordsOf } from "./browser.ts";
import verdicts from "../../web/shared/verdicts.json" with { type: "json" };
import { TELEPHONE, answer, keySetOf, seconds, token } from "./service.ts";
import { Stage } from "./stage.ts";

// What the page makes of the service's answer and of its own check.

const stage = new Stage();
const genuine = "This code is genuine";
const cannotCheck = "We cannot check right now";
const notGenuine = "This code is not genuine";

const STEPS =
  "Hang up, or close the door. Was it a call? Wait five minutes, or use another phone. Ring us on 0300 555 0143. In danger? Ring 999. www.example.org/report";

const filled = (text: string) => text.replace("{organisation}", "Riverside Council").replace("{telephone}", TELEPHONE);

for (const verdict of STRICTNESS) {
  test(`the service's ${verdict} is shown with its words`, async () => {
    stage.service.reply = () => answer(verdict, { first_checked_at: seconds() - 250 });
    const page = await stage.visit();
    const shown = token();
    await page.enter("link", shown.toString("base64url"));
    await page.see(en[`verdict.${verdict}.title`]);
    const text = await page.text();
    const said = [en[`verdict.${verdict}.means`], en[`verdict.${verdict}.not`], verdict === "genuine" ? "" : en["next.do"], en[`verdict.${verdict}.do`]];
    for (const sentence of said.map(filled)) assert.ok(text.includes(sentence), sentence);
    const [red, links] = [verdicts[verdict].tone === "stop", page.page.locator("main ol.steps, main .danger, main a[href^=https]")];
    assert.equal((await links.allInnerTexts()).join(" ").replace(/\s+/g, " ").trim(), red ? STEPS : "");
    assert.equal(await page.page.locator(".panel svg").count(), 1);
    assert.equal(text.includes("4 minutes ago. Was it you"), verdict === "already_checked");
    const quoted = new RegExp("give this reference:\\s*" + String(await referenceOf(new Uint8Array(shown))));
    const rings = ["already_checked", "other_challenge", "withdrawn", "not_genuine", "cannot_check"].indexOf(verdict) >= 0;
    assert.equal(quoted.test(text), rings, "what to quote where one should ring");
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
    const page = await stage.visit(fragmentOf(bytes));
    await page.press("Check this code");
    await page.see(heading);
    assert.doesNotMatch(await page.text(), /is genuine|Is this who you/);
  }
});

test("a lying service that answers a code with another token, or with none, is not believed", async () => {
  const asked = await wordsOf(token({ cti: Buffer.alloc(8, 1) }));
  for (const lie of [token({ cti: Buffer.alloc(8, 2) }).toString("base64url"), null, "nonsense"]) {
    stage.service.reply = () => answer("genuine", { token: lie });
    const page = await stage.visit();
    await page.enter("words", asked);
    await page.see(cannotCheck);
  }
});

test("without a usable key set nothing is genuine, but worse verdicts stand", async () => {
  const [old, ended, foreign] = [keySetOf({ version: 0 }), keySetOf({ exp: seconds() - 1 }), keySetOf({ iss: "https://other.example" })];
  for (const keySet of [null, "", old, ended, foreign]) {
    stage.service.keySet = keySet;
    stage.service.reply = () => answer("genuine");
    const page = await stage.visit(fragmentOf(token()));
    await page.press("Check this code");
    await page.see(cannotCheck);
    stage.service.reply = () => answer("withdrawn");
    await page.press("Try again");
    await page.see("Stop");
    assert.match(await page.text(), /This code was withdrawn/);
  }
});

test("an older key set than one that was seen is not used", async () => {
  const page = await stage.visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(genuine);
  stage.service.keySet = keySetOf({ version: 2 });
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  await page.see(cannotCheck);
});

test("a lost reply is asked for again as the same attempt with the same number", async () => {
  const page = await stage.visit();
  const number = (await page.page.locator(".number-value").innerText()).replace(/\D/g, "");
  await page.press("I have read it out");
  stage.service.reply = () => null;
  const shown = token({ challenge: Number(number) });
  await page.enter("link", shown.toString("base64url"));
  await page.see("We could not check this code");
  assert.match(await page.text(), new RegExp("give this reference:\\s*" + String(await referenceOf(new Uint8Array(shown)))));
  stage.service.reply = () => answer("genuine");
  await page.press("Try again");
  await page.see(genuine);
  const [first, second] = stage.service.asked;
  assert.match(first?.attempt ?? "", /^[A-Za-z0-9_-]{22}$/);
  assert.deepEqual(second, first);
  assert.equal(first?.challenge, number);
});

test("who tried too many codes reads so, calmly, and that scanning still works", async () => {
  stage.service.reply = () => ({ status: 429, body: { title: "Too many requests" } });
  const page = await stage.visit();
  await page.enter("words", await wordsOf(token()));
  await page.see(cannotCheck);
  assert.match(await page.text(), /Too many codes were tried from your connection\. Wait some minutes, or scan the code\./);
  await page.press("Scan a code");
  await page.see("Scan a code");
});

test("is this who you are dealing with? asks about name, place and dialled digits, and has two outcomes", async () => {
  for (const [button, heading, words] of [
    ["Yes", "It matches", /You may still say no\./],
    ["No, or not sure", "Stop", /The code is genuine\. The person may not be\.[^]*Hang up, or close the door\.\s+Was it a call\?[^]*Ring us on 0300.555.0143\./],
  ] as const) {
    const page = await stage.visit(fragmentOf(token({ channel: 2, dialled: 43, name: "Anna", place: "Bridge Street" })));
    await page.press("Check this code");
    await page.see(genuine);
    const asked = /Riverside Council says: a call to a number ending 043\s+0 4 3\s+, by Anna, at Bridge Street\s+Is this who you are dealing with\?[^]*No code lets anyone take money, enter your home, or ask you to keep secrets\./;
    assert.match(await page.text(), asked);
    await page.press(button);
    await page.see(heading);
    assert.match(await page.text(), words);
  }
});

test("when we cannot check, nobody is blamed, and nothing weaker is offered", async () => {
  for (const reply of [null, answer("cannot_check"), { status: 429, body: {} }]) {
    const page = await stage.visit();
    await page.press("I have read it out");
    stage.service.reply = () => reply;
    await page.enter("words", await wordsOf(token()));
    await page.see(cannotCheck);
    const text = await page.text();
    assert.match(text, /This says nothing about the person\.[^]*This is nobody’s fault\.[^]*Do not let them in or tell them anything\. Ring us on/);
    assert.doesNotMatch(text, /genuine|fake|without/);
    await page.press("Try again");
    await page.see("Stop");
    await page.press("Go back");
    await page.see(cannotCheck);
    const numbers = stage.service.asked.slice(-2).map((asked) => asked.challenge);
    assert.match(numbers[0] ?? "", /^[0-9]{6}$/);
    assert.equal(numbers[1], numbers[0], "trying again does not leave the number out");
  }
});

test("how to check safely is at the foot of each screen", async () => {
  const page = await stage.visit(fragmentOf(token()));
  const lines = ([1, 2, 3, 4, 5, 6] as const).map((n) => en[`safe.${n}`]);
  const safe = async (heading: string) => {
    await page.see(heading);
    const last = page.page.locator("main > :last-child");
    assert.equal(await last.getByRole("listitem").count(), 0, "folded");
    await last.getByText("How to check safely").click();
    assert.deepEqual(await last.getByRole("listitem").allInnerTexts(), lines);
  };
  await safe("Not checked yet");
  await page.press("Check this code");
  await safe(genuine);
  await page.press("No, or not sure");
  await safe("Stop");
  await page.press("Check another code");
  await safe("Check who is contacting you");
  await page.enter("words", "legroom mansion dimgo customer talisman");
  await safe("Did you mean these words?");
  await page.press("No, let me change them");
  await safe("Type the words");
  stage.service.reply = () => answer("not_genuine");
  await page.page.locator("#code").fill("legroom mansion dingo customer talisman");
  await page.press("Check this code");
  await safe("Stop");
  await page.press("Go back");
  await safe(notGenuine);
});

test("without Ed25519 the service counts alone, and the page says so", async () => {
  const without = `
    const real = SubtleCrypto.prototype.importKey;
    SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
      if (algorithm.name === "Ed25519") return Promise.reject(new DOMException("Unrecognized name", "NotSupportedError"));
      return real.call(this, format, data, algorithm, ...rest);
    };`;
  const page = await stage.visit(fragmentOf(token()), PHONE, without);
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /from our service alone/);
  stage.service.reply = () => answer("expired");
  await page.press("Check another code");
  await page.enter("link", token().toString("base64url"));
  await page.see("This code has run out");
});

test("without WebCrypto's checks at all the service counts alone as well", async () => {
  const known = token();
  stage.knows(known);
  const page = await stage.visit("/", PHONE, `Object.defineProperty(Crypto.prototype, "subtle", { value: undefined })`);
  await page.enter("words", await wordsOf(known));
  await page.see(genuine);
  assert.match(await page.text(), /from our service alone/);
});

test("a phone clock that is wrong is said, and the service judges", async () => {
  for (const shift of [3600, -3600, 10 * 365 * 86400]) {
    const then = seconds() + shift;
    const payload = { iat: then - 3600, exp: then + 86400 };
    stage.service.keySet = keySetOf({ ...payload, keys: keysAt(then) });
    stage.service.reply = () => answer("genuine", { server_time: then });
    const page = await stage.visit(fragmentOf(token({ iat: then })));
    await page.press("Check this code");
    await page.see(genuine);
    assert.match(await page.text(), /Your phone says .* Our clock says/);
  }
});

test("a clock that differs by two minutes is not worth a word; one second more is", async () => {
  for (const [differs, said] of [[120, false], [-120, false], [121, true], [-121, true]] as const) {
    const now = seconds();
    stage.service.reply = () => answer("genuine", { server_time: now + differs });
    const page = await stage.visit(fragmentOf(token({ iat: now - 130 })));
    await page.page.clock.setFixedTime(now * 1000);
    await page.press("Check this code");
    await page.see(genuine);
    assert.equal(/Your phone says .* Our clock says/.test(await page.text()), said, String(differs));
  }
});

function keysAt(then: number): object[] {
  const jwt = keySetOf({}).split(".")[1] ?? "";
  const { keys } = JSON.parse(Buffer.from(jwt, "base64url").toString()) as { keys: object[] };
  return keys.map((key) => ({ ...key, nbf: then - 86400, exp: then + 86400 }));
}
