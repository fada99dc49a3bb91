// Builds what the binary embeds: for the page its script and style, the scanner and the service worker, and the same for the
// officers' console.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");

// The browsers of about ten years back, for style and for scripts. What they lack besides is feature-detected in the code.
const BROWSERS = ["chrome55", "safari10.1", "firefox52"];
const SYNTAX = "es2017";
// the console runs on devices that are looked after
const CONSOLE = { target: "es2020" };

mkdirSync(here("public/dist"), { recursive: true });
mkdirSync(here("officer/dist"), { recursive: true });
const withQr = { plugins: [plainFields()], banner: { js: `/*! Contains @nuintun/qrcode.\n${read("node_modules/@nuintun/qrcode/LICENSE")}*/` } };
write("scan.js", await bundle("scan/scan.ts", withQr));
// the words that the service itself reads codes by
const words = read("../src/token/words.txt").trim();
write("enter.js", (await bundle("enter/enter.ts", { define: { WORDS: JSON.stringify(words) } })).trim());
write("sw.js", await bundle("offline/sw.ts", {}));
write("clean.js", await bundle("offline/clean.ts", {}));
// browsers close the element at this text wherever it stands
write("page.js", (await bundle("public/main.ts", {})).trim().replace(/<\/script/g, "<\\/script"));
write("page.css", (await bundle("public/page.css", { target: BROWSERS })).trim());

const shell = {
  "console.js": await bundle("officer/main.ts", { ...CONSOLE, ...withQr }),
  "console.css": await bundle("officer/console.css", CONSOLE),
};
// the worker keeps the shell under its digest: another shell is another worker
const version = createHash("sha256");
for (const file of [...Object.values(shell), read("officer/index.html"), read("officer/manifest.webmanifest"), read("officer/icon.svg")]) version.update(file);
const worker = await bundle("officer/worker/sw.ts", { ...CONSOLE, define: { SHELL_VERSION: JSON.stringify(version.digest("hex").slice(0, 16)) } });
for (const [name, content] of Object.entries({ ...shell, "sw.js": worker })) write(name, content, "officer");

async function bundle(entry, options) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
    format: "iife",
    target: SYNTAX,
    legalComments: "none",
    ...options,
  });
  return result.outputFiles[0].text;
}

/** Private fields of the decoder as plain ones: lowered to WeakMaps they would make it four times slower. */
function plainFields() {
  const setup = ({ onLoad }) =>
    onLoad({ filter: /@nuintun[\\/]qrcode/ }, ({ path }) => ({ contents: readFileSync(path, "utf8").replace(/#(?=[a-z])/gi, "_") }));
  return { name: "plain fields", setup };
}

function write(name, content, part = "public") {
  writeFileSync(here(`${part}/dist/${name}`), content);
}
