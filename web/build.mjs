// Builds what the binary embeds: the page's script and style, the decoder, and the service worker.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BROWSERS = ["chrome50", "safari10", "firefox52"];

mkdirSync(here("public/dist"), { recursive: true });
const scan = await bundle("scan/scan.ts", {});
write("scan.js", scan);
write("sw.js", await bundle("offline/sw.ts", {}));
// the page loads a decoder with just these bytes
const digest = "sha384-" + createHash("sha384").update(scan).digest("base64");
// browsers close the element at this text wherever it stands
write("page.js", (await bundle("public/main.ts", { SCAN_DIGEST: JSON.stringify(digest) })).replace(/<\/script/g, "<\\/script"));
const { code } = await transform(readFileSync(here("public/page.css"), "utf8"), { loader: "css", minify: true, target: BROWSERS });
write("page.css", code.trim());

// the syntax of about 2016: later built-ins are feature-detected in the code
async function bundle(entry, define) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
    format: "iife",
    target: "es2015",
    legalComments: "none",
    define,
  });
  return outputFiles[0].text.trim();
}

function write(name, content) {
  writeFileSync(here("public/dist/" + name), content);
}
