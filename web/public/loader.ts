import type { Entry } from "../enter/enter.ts";
import type { Scanner } from "../scan/scan.ts";
import { el } from "../shared/dom.ts";
import { trusted } from "./trusted.ts";

/** A line that is silent for so long will not bring it. */
const PATIENCE_MS = 10000;

/** What the page needs only for some ways to give a code, and loads by a digest. */
export interface Parts {
  readonly scan: Part<Scanner>;
  readonly enter: Part<Entry>;
}

/** A script beside the page, and what it gives. */
export class Part<T> {
  private coming: Promise<T> | null = null;

  constructor(
    private readonly name: "scan.js" | "enter.js",
    private readonly integrity: string,
    /** What the script left, once it is here. */
    readonly given: () => T | undefined,
  ) {}

  /** Loads it on first use. A failure is forgotten, so that the next press tries again. */
  load(): Promise<T> {
    const coming = this.coming || this.fetch();
    this.coming = coming;
    coming.catch(() => {
      this.coming = null;
    });
    return coming;
  }

  private fetch(): Promise<T> {
    return new Promise((resolve, reject) => {
      const script = el("script", { integrity: this.integrity });
      // nobody reads why it is not there: the screen says the same of every failure
      const failed = (): void => reject(new Error("none"));
      script.onload = () => {
        const given = this.given();
        if (given) resolve(given);
        else failed();
      };
      script.onerror = failed;
      setTimeout(failed, PATIENCE_MS);
      script.src = trusted(this.name);
      document.head.appendChild(script);
    });
  }
}

/** The parts of a deployment's page. */
export function partsOf({ scan, enter }: { readonly scan: string; readonly enter: string }): Parts {
  return {
    scan: new Part("scan.js", scan, () => window.countersignScan),
    enter: new Part("enter.js", enter, () => window.countersignEnter),
  };
}
