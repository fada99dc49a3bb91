import type { Scanner } from "../scan/scan.ts";
import { el } from "../shared/dom.ts";
import { trusted } from "./trusted.ts";

let scanner: Promise<Scanner> | null = null;

/** Loads the scanner on first use. A failure is forgotten, so that the next press tries again. */
export function loadScanner(integrity: string): Promise<Scanner> {
  scanner = scanner || load(integrity);
  scanner.catch(() => {
    scanner = null;
  });
  return scanner;
}

function load(integrity: string): Promise<Scanner> {
  return new Promise((resolve, reject) => {
    const script = el("script", { integrity });
    // nobody reads why it is not there: the screen says the same of every failure
    const failed = (): void => reject(new Error("none"));
    script.onload = () => (window.countersignScan ? resolve(window.countersignScan) : failed());
    script.onerror = failed;
    script.src = trusted("scan.js");
    document.head.appendChild(script);
  });
}
