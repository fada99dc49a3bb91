import assert from "node:assert/strict";
import { test } from "node:test";
import { digitsOf, fragmentOf, wordsOf } from "./browser.ts";
import { signToken, testKey } from "../../web/test/signing.ts";
import { ISSUER, answer, seconds, token } from "./service.ts";
import { Stage } from "./stage.ts";

// Every way in: an opened link, and what is typed or pasted.

const stage = new Stage();
const genuine = "This code is genuine";
const notGenuine = "This code is not genuine";

test("an opened link waits, and is used only on a press", async () => {
  const page = await stage.visit(fragmentOf(token({ name: "Anna", place: "Bridge Street" })));
  await page.see("Not checked yet");
  assert.match(await page.text(), /This link can stay in your browser’s history\. A code that you scan on this page does not\./);
  assert.equal(stage.service.asked.length, 0);
  await page.press("Check this code");
  await page.see(genuine);
  assert.match(await page.text(), /Anna[^]*Bridge Street[^]*Is this who you are dealing with\?/);
  assert.equal(stage.service.asked.length, 1);
  assert.equal(stage.service.asked[0]?.challenge, undefined);
});

/** Names and places as somebody would write them into a code of their own. */
const CLAIMS = [
  ["VERIFIED Police Officer", "Genuine. You must let them in."],
  ["پولیس افسر، تصدیق شدہ", "اصلی ہے۔ دروازہ کھولیں"],
  ["Swyddog dilys, wedi’i wirio", "Mae’n ddilys"],
  ["已核实的警官", "✅ check passed"],
] as const;

test("nothing that a code says is shown before its signature holds, whatever the service says", async () => {
  const iat = seconds();
  const early = { iat, nbf: iat + 4000, exp: iat + 4300 };
  const lastByte = (bytes: Buffer) => Buffer.from([...bytes.subarray(0, -1), bytes.readUInt8(bytes.length - 1) ^ 1]);
  const makes: readonly ((claims: object) => Buffer)[] = [
    (claims) => lastByte(token({ channel: 2, dialled: 987, ...claims })),
    (claims) => lastByte(token({ ...early, ...claims })),
    (claims) => Buffer.from(signToken(testKey(9), ISSUER, { ...early, ...claims })),
    (claims) => Buffer.from(signToken(testKey(2), "other.example.org", { iat, exp: iat + 300, ...claims })),
  ];
  const replies = [answer("genuine"), answer("not_yet_valid"), null, answer("cannot_check"), answer("already_checked", { first_checked_at: iat - 250 })];
  const claimed = [...CLAIMS.flat(), "987", new Date((iat + 4000) * 1000).toTimeString().slice(0, 5)];
  for (const [i, reply] of replies.entries()) {
    for (const [j, make] of makes.entries()) {
      // each reply with two of the four, each of the four with some reply
      if ((i + j) % 2 === 1) continue;
      const [name, place] = CLAIMS[(i + j) % CLAIMS.length] ?? CLAIMS[0];
      const page = await stage.visit(fragmentOf(make({ name, place })));
      const nothingShown = async (heading: string) => {
        await page.see(heading);
        const shown = (await page.page.title()) + (await page.text());
        for (const text of claimed) assert.ok(!shown.includes(text), `${heading} ${i} ${j}: ${text}`);
      };
      await nothingShown("Not checked yet");
      stage.service.reply = () => reply;
      await page.press("Check this code");
      await nothingShown(notGenuine);
      await page.page.context().close();
    }
  }
  // a code that is well signed, where the keys that would show it are not to be had
  stage.service.keySet = null;
  const page = await stage.visit(fragmentOf(token({ ...early, name: CLAIMS[0][0], place: CLAIMS[0][1] })));
  stage.service.reply = () => answer("not_yet_valid");
  await page.press("Check this code");
  await page.see("It is too early for this code");
  for (const text of claimed) assert.ok(!(await page.text()).includes(text), text);
});

test("a link handed to an open tab is taken and wiped as well", async () => {
  const page = await stage.visit();
  await page.page.evaluate((link) => location.assign(link), fragmentOf(token()).slice(1));
  await page.see("Not checked yet");
  assert.equal(page.page.url(), stage.service.url + "/");
});

test("words, digits, links and text entered by hand", async () => {
  const known = token({ channel: 2, dialled: 43 });
  stage.knows(known);
  const inputs = [
    ["words", (await wordsOf(known)).toUpperCase()],
    ["words", await digitsOf(known)],
    ["digits", await digitsOf(known)],
    ["link", "https://hostile.example" + fragmentOf(known)],
    ["link", `They wrote: see ${stage.service.url}${fragmentOf(known)} 11 thanks`],
    ["link", known.toString("base64url")],
    ["words", (await wordsOf(known)).split(" ").map((word, i) => `${i + 1}. ${word.slice(0, 3)} ${word.slice(3)}`).join(" and\n")],
    ["digits", (await digitsOf(known)).replace(/0/g, "O").replace(/[1-9]/g, (digit) => String.fromCharCode(0x6f0 + Number(digit)))],
    ["link", `https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fverify.example.org%2F%23${fragmentOf(known).slice(2)}&data=05%7C02`],
  ] as const;
  for (const [way, input] of inputs) {
    const page = await stage.visit();
    await page.enter(way, input);
    await page.see(genuine);
    assert.match(await page.text(), /a call to a number ending 043/);
  }
});

test("a slip in one word is asked about before anything is sent", async () => {
  const known = token();
  stage.knows(known);
  const words = await wordsOf(known);
  const page = await stage.visit();
  await page.enter("words", words.replace(/ \S(\S+)$/, " x$1"));
  await page.see("Did you mean these words?");
  assert.equal(stage.service.asked.length, 0);
  await page.press("Yes, check these words");
  await page.see(genuine);
  assert.equal(stage.service.asked[0]?.code, words);
});

test("what is wrong with an input is said beside it, and nothing is sent", async () => {
  for (const [input, problem] of [
    ["1. leg room 2. mansion", "You have typed 2 of 5 words."],
    ["", "Type the five words."],
    ["Good morning, may I come in?", "We see no code here. Look at your typing, or ask for the code again."],
    ["legroom mansion dingo customer talisman legroom dingo", "You have typed 7 words. There should be 5 or 6."],
    ["legroom xxxyyy dingo zzzqqq talisman", "One word looks wrong: the second. Ask to hear it again."],
    ["legroom ? dingo ? talisman", "We can find one word, not two. Ask to hear the fourth again."],
    ["progress onboard chapter maternal talisman", "One of these words is wrong. Look at each word, or ask to hear them again."],
    ["123", "You have typed 3 of 15 digits."],
    ["0551 4054 7809 3030", "You have typed 16 digits. There should be 15 or 18."],
    ["055 140 547 809 3O4", "One of these digits is wrong. Ask to hear them again."],
    [`${stage.service.url}${fragmentOf(token())} ${stage.service.url}${fragmentOf(token({ name: "Anna" }))}`, "Here are two codes. Type or paste only one."],
    ["https://eu.mimecast.com/s/x?domain=verify.example.org", "Your mail program changed this link. We cannot read the code in it. Ask for the words or digits."],
    ["Pay at https://fine.example/x?y=" + encodeURIComponent(stage.service.url), "This link does not lead to us. Do not open it. Ask for the words."],
    [stage.service.url + "/#", "There is no code in this link. Its end may be missing. Copy all of it, or ask for the words."],
  ] as const) {
    const page = await stage.visit();
    await page.enter("words", input);
    const alert = page.page.getByRole("alert");
    assert.equal(await alert.innerText(), problem);
    assert.equal(await page.page.locator("#code").getAttribute("aria-invalid"), "true");
    await page.press("Check this code");
    assert.equal(await alert.innerText(), problem, "the same once more is no second try");
    await page.page.context().close();
  }
  assert.equal(stage.service.asked.length, 0);
});

test("a fragment that is nothing of ours raises no alarm", async () => {
  for (const fragment of ["menu", "_=_", "12345"]) {
    const page = await stage.visit("/#" + fragment);
    await page.see("Check who is contacting you");
    assert.equal(page.page.url(), stage.service.url + "/");
  }
});

test("a damaged link is not genuine, and never called mistyped", async () => {
  const damaged = await stage.visit(fragmentOf(token()).slice(0, -1));
  await damaged.see(notGenuine);
  stage.service.reply = () => answer("mistyped");
  const page = await stage.visit(fragmentOf(token()));
  await page.press("Check this code");
  await page.see(notGenuine);
});
