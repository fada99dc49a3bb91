import type { Scanner } from "../scan/scan.ts";
import { el } from "../shared/dom.ts";
import { trusted } from "./trusted.ts";

/** The digest of scan.js, which the build writes here. */
declare const SCAN_INTEGRITY: string;

let scanner: Promise<Scanner> | null = null;

/** Loads the scanner on first use. A failure is forgotten, so that the next press tries again. */
export function loadScanner(): Promise<Scanner> {
  scanner = scanner || load();
  scanner.catch(() => {
    scanner = null;
  });
  return scanner;
}

function load(): Promise<Scanner> {
  return new Promise((resolve, reject) => {
    const script = el("script", { integrity: SCAN_INTEGRITY });
    script.onload = () => (window.countersignScan ? resolve(window.countersignScan) : reject(new Error("scan.js is broken")));
    script.onerror = () => reject(new Error("scan.js did not load"));
    script.src = trusted("scan.js");
    document.head.appendChild(script);
  });
}
