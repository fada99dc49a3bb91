import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// the packages lie under web/, where node does not look from here
const load = createRequire(new URL("../../web/package.json", import.meta.url));

export const { chromium } = load("playwright-core") as typeof import("playwright-core");
export const esbuild = load("esbuild") as typeof import("esbuild");
export const { PNG } = load("pngjs") as typeof import("pngjs");
export const { default: readQr } = load("jsqr") as typeof import("jsqr");
/** The script of axe-core, to be run inside a page. */
export const axeSource = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
