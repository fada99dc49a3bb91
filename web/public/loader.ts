import type { Scanner } from "../scan/scan.ts";
import { el } from "./dom.ts";

/** The digest of scan.js, which the build writes here. */
declare const SCAN_INTEGRITY: string;

/** The scripts that the page may load, beside it: no other address passes. */
const OWN_SCRIPTS: readonly string[] = ["scan.js"];

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string };
}

const rules = {
  createScriptURL(address: string): string {
    if (OWN_SCRIPTS.indexOf(address) < 0) throw new Error("not a script of this page");
    return address;
  },
};
// where Trusted Types are not known, the rules alone decide
const { trustedTypes } = window as { readonly trustedTypes?: PolicyFactory };
const policy = trustedTypes ? trustedTypes.createPolicy("countersign", rules) : rules;

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
    script.src = policy.createScriptURL("scan.js");
    document.head.appendChild(script);
  });
}
