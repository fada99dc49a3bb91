import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BrowserContextOptions, Page } from "playwright-core";
import { DESKTOP, Visit, startBrowser } from "./browser.ts";
import { Seat } from "./console/seat.ts";
import { Film } from "./film.ts";
import { RealService } from "./harness.ts";

// Takes the pictures of README.md and docs/ from the real service, of the public page and of the officers' console: npm run pictures

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1, permissions: ["camera"] };

mkdirSync(FOLDER, { recursive: true });
const film = new Film();
const browser = await startBrowser([...film.switches, "--use-fake-ui-for-media-stream"]);
const service = await RealService.start();

async function picture(name: string, address: string, go: (visit: Visit) => Promise<unknown>, options: BrowserContextOptions = {}): Promise<void> {
  const visit = await Visit.open(browser, address, { ...PHONE, ...options });
  await go(visit);
  await visit.page.screenshot({ path: `${FOLDER}${name}.png` });
  await visit.close();
}

const see = (heading: string) => (visit: Visit) => visit.see(heading);
const check = (heading: string, ...next: string[]) => async (visit: Visit) => {
  await visit.press("Check this code");
  await visit.see(heading);
  for (const press of next) await visit.press(press);
};
const issue = (...more: string[]) => service.issue("--channel", "in-person", "--name", "Anna", "--place", "Bridge Street", ...more);
const used = async () => {
  const { link } = issue();
  await picture("genuine", link, check("This code is genuine"));
  return link;
};
const sent = (page: Page) => page.route("**/v1/verify", (route) => route.abort());

await picture("start", service.url, see("Check who is contacting you"));
await picture("start-welsh", service.url, see("Gwiriwch pwy sy’n cysylltu â chi"), { locale: "cy-GB" });
await picture("opened", issue().link, see("Not checked yet"));
await picture("already-checked", await used(), check("This code was checked before"));
await picture("genuine-dark", issue().link, check("This code is genuine"), { colorScheme: "dark" });
await picture("it-matches", issue().link, check("This code is genuine", "Yes"));
await picture("stop", issue().link, check("This code is genuine", "No, or not sure"));
await picture("number-needed", issue("--challenge", "417092").link, check("This code needs a number"));

const { link } = issue();
await picture("not-genuine", link.slice(0, -1) + (link.endsWith("0") ? "1" : "0"), check("This code is not genuine"));

const { id, link: taken } = issue();
service.withdraw(id);
await picture("withdrawn", taken, check("This code was withdrawn"));

await picture("no-answer", issue().link, async (visit) => {
  await sent(visit.page);
  await check("We could not check this code")(visit);
});
await picture("cannot-check", service.url, async (visit) => {
  await sent(visit.page);
  await visit.enter("words", issue("--spoken").spoken?.words ?? "");
  await visit.see("We cannot check right now");
});

film.show("https://example.org/menu", { size: 0.5 });
await picture("scan", service.url, async (visit) => {
  await visit.page.getByRole("button", { name: /^Scan a code/ }).click();
  await visit.page.getByText("This is not one of our codes.").waitFor();
});
await picture("words", service.url, async (visit) => {
  await visit.page.getByRole("button", { name: /^Type the words/ }).click();
  await visit.page.locator("#code").pressSequentially("legroom mansion dimg");
});

const noScript = { javaScriptEnabled: false };
await picture("plain-form", service.url + "/check", see("Check who is contacting you"), noScript);
await picture("plain-answer", service.url + "/check", async (visit) => {
  await visit.page.getByLabel("The code").fill(issue().token);
  await check("This code is genuine")(visit);
}, noScript);
const sheet = { ...noScript, viewport: { width: 794, height: 1123 }, deviceScaleFactor: 1 };
await picture("poster", pathToFileURL(service.poster()).href, see("Check who is contacting you"), sheet);

const shoot = (seat: Seat, name: string) => seat.page.screenshot({ path: `${FOLDER}${name}.png` });
const outside = await Seat.take(browser, service.consoleUrl, PHONE);
await outside.see("Sign in");
await shoot(outside, "console-sign-in");
await outside.close();
const officer = await Seat.enrol(browser, service.link("kestrel"), PHONE);
await officer.press("In person");
for (const digit of "417092") await officer.press(digit);
await officer.page.evaluate(() => window.scrollTo(0, 0));
await officer.page.mouse.move(0, 0);
await shoot(officer, "console-issue");
await officer.press("Make code");
await officer.read("Not checked yet");
await shoot(officer, "console-live");
await officer.press("Done");
await officer.press("By telephone");
await officer.page.getByLabel("Last three digits you dialled").fill("143");
await officer.press("Make code");
await officer.read("Not checked yet");
await shoot(officer, "console-telephone");
await officer.press("Done");
await officer.press("Prepare one for later");
await officer.page.getByLabel("Place").fill("Old Mill");
await officer.press("Make code");
await officer.read(/is kept on this device/);
await officer.untilKept();
await officer.page.context().setOffline(true);
await officer.page.reload();
await officer.see("Not connected");
await shoot(officer, "console-offline");
await officer.page.context().setOffline(false);
await officer.press("Try again");
await officer.see("Make a code");
await shoot(officer, "console-codes");
await officer.press("Ask for an authorisation");
await officer.page.getByLabel("Reference").fill("Case 2041");
await officer.page.getByLabel("What it is for").fill("Return a lost bag");
await officer.press("Send request");
await officer.read("Waiting for an approver");
await officer.close();

const approver = await Seat.enrol(browser, service.link("heron"), PHONE);
await approver.read("Case 2041");
await shoot(approver, "console-approver");
await approver.press("In use");
await approver.press("Review");
await approver.read("You can allow kestrel more or less. Your change counts at once.");
await shoot(approver, "console-review");
await approver.close();

const administrator = await Seat.enrol(browser, service.enrol("wren", "administrator"), { ...DESKTOP, deviceScaleFactor: 1 });
await administrator.page.getByRole("heading", { name: "wren" }).waitFor();
await administrator.page.mouse.move(0, 0);
await shoot(administrator, "console-people");
await administrator.close();

await service.stop();
await browser.close();
film.remove();
