// Builds the page: one self-contained file, and its style for the page without JavaScript.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");

const PLACES = { organisation: "__ORGANISATION_NAME__", telephone: "__ORGANISATION_TELEPHONE__" };

// the syntax of about 2016: later built-ins are feature-detected in the code
const bundle = await build({
  entryPoints: [here("public/main.ts")],
  bundle: true,
  write: false,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: "es2015",
  legalComments: "none",
});
// browsers close the element at this text wherever it stands
const script = bundle.outputFiles[0].text.trim().replace(/<\/script/g, "<\\/script");
const BROWSERS = ["chrome50", "safari10", "firefox52"];
const { code } = await transform(read("public/page.css"), { loader: "css", minify: true, target: BROWSERS });
const style = code.trim();

const catalogue = JSON.parse(read("shared/i18n/en.json"));
const shell = read("public/index.html").replace(/\{\{([a-z_.0-9]+)\}\}/g, (_, key) => textOf(key));
// replaced by functions, since a replacement text would give "$&" a meaning
const page = shell.replace("/*STYLE*/", () => style).replace("/*SCRIPT*/", () => script);

mkdirSync(here("public/dist"), { recursive: true });
writeFileSync(here("public/dist/index.html"), page);
writeFileSync(here("public/dist/page.css"), style);

function textOf(key) {
  const text = catalogue[key];
  if (text === undefined) throw new Error(`index.html names the text ${key}, which en.json does not have`);
  const filled = text.replace(/\{([a-z_]+)\}/g, (whole, name) => PLACES[name] ?? whole);
  return filled.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
