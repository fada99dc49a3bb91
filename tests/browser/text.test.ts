import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type Server, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RealService } from "./harness.ts";
import { Terminal } from "./terminal.ts";

// Debian's text browsers fill in the plain form and send it. They send neither Origin nor Sec-Fetch-Site.

let service: RealService;
let front: Server;
const folder = mkdtempSync(join(tmpdir(), "countersign-text-"));
const [key, certificate, editor] = ["key.pem", "certificate.pem", "editor.sh"].map((name) => join(folder, name)) as [string, string, string];
/** Headers of each form that came over TLS. */
const seen: string[] = [];

before(async () => {
  service = await RealService.start();
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
  ], { stdio: "ignore" });
  front = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (asked, answer) => {
    if (asked.method === "POST") seen.push(Object.keys(asked.headers).sort().join(" "));
    const { method, headers, url: path } = asked;
    const onward = request(service.url + path, { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    asked.pipe(onward.on("error", () => answer.destroy()));
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
});

after(async () => {
  front.closeAllConnections();
  front.close();
  await service.stop();
  rmSync(folder, { recursive: true });
});

interface TextBrowser {
  readonly start: (address: string) => Terminal;
  /** Fills in the form that is on the screen, and sends it. */
  readonly send: (terminal: Terminal, code: string, number: string) => Promise<void>;
  /** Draws the whole screen afresh: of a new page only what differs is drawn. */
  readonly redraw: string;
}

const FORM = /Check this code/;
const NUMBER = /Your number (\d{3} \d{3}) Write .*Check this code/;

const browsers: { readonly [name: string]: TextBrowser } = {
  lynx: {
    start: (address) => Terminal.run(`env SSL_CERT_FILE=${certificate} lynx -nopause -cookies=off ${address}`, folder),
    // the exit, the number to ring and the other language come first
    send: (terminal, code, number) => terminal.type(FORM, `\t\t\t${code}\t${number}\t\r`),
    redraw: "\u0017",
  },
  w3m: {
    start: (address) => Terminal.run(`w3m -no-cookie -o editor=${editor} -o ssl_ca_file=${certificate} ${address}`, folder),
    // what has several lines is written in an editor
    send: async (terminal, code, number) => {
      writeFileSync(editor, `#!/bin/sh\nprintf '%s' '${code}' > "$1"\n`, { mode: 0o755 });
      await terminal.type(FORM, "\t\t\t\t\r");
      await terminal.type(new RegExp(code.split(" ")[0] ?? ""), "\t\r");
      await terminal.type(/TEXT:/, `${number}\r`);
      await terminal.type(/./, "\t\r");
    },
    redraw: "\f",
  },
};

for (const [name, browser] of Object.entries(browsers)) {
  for (const scheme of ["http", "https"] as const) {
    test(`${name} fills in the plain form and sends it by ${scheme.toUpperCase()}`, async (t) => {
      if (!existsSync("/usr/bin/" + name)) return t.skip(`NOT RUN: Debian's ${name} is not installed`);
      const address = (scheme === "http" ? service.url : `https://localhost:${(front.address() as AddressInfo).port}`) + "/check";
      const screen = async (code: (number: string) => string, says: RegExp): Promise<void> => {
        const terminal = browser.start(address);
        t.after(() => terminal.stop());
        const number = NUMBER.exec(await terminal.see(NUMBER, browser.redraw))?.[1] ?? "";
        await browser.send(terminal, code(number.replace(" ", "")), number);
        await terminal.see(says, browser.redraw);
        terminal.stop();
      };
      let words = "";
      const issue = (number: string): string => {
        words = service.issue("--channel", "telephone", "--challenge", number, "--name", "Anna").spoken?.words ?? "";
        return words;
      };
      await screen(issue, /This code is genuine .* Anna .*the number that you typed.*\(London time\)/);
      // with another number, for it is another form
      await screen(() => words, /This code was not made with your number|We do not know this code/);
      await screen(() => words.replace(/^\w+/, "abacus"), /Check your typing/);
    });
  }
}

test("neither of them says where it comes from", (t) => {
  if (seen.length === 0) return t.skip("NOT RUN: no text browser is installed");
  for (const headers of seen) assert.doesNotMatch(headers, /origin|sec-fetch/);
});
