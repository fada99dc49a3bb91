import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// the packages lie under web/, where node does not look from here
const load = createRequire(new URL("../../web/package.json", import.meta.url));

export const { chromium } = load("playwright-core") as typeof import("playwright-core");
export const esbuild = load("esbuild") as typeof import("esbuild");
/** Drives Firefox. */
export const puppeteer = (load("puppeteer-core") as typeof import("puppeteer-core")).default;
/** Drives WebKit. */
export const selenium = load("selenium-webdriver") as typeof import("selenium-webdriver");
export const { DriverService } = load("selenium-webdriver/remote") as typeof import("selenium-webdriver/remote");
export const { PNG } = load("pngjs") as typeof import("pngjs");
export const { default: readQr } = load("jsqr") as typeof import("jsqr");
/** The script of axe-core, to be run inside a page. */
export const axeSource = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
/** Reads key sets as other people's programs do. */
export const jose = (await import(pathToFileURL(load.resolve("jose")).href)) as typeof import("jose");
