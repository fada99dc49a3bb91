import type { Said } from "../shared/i18n.ts";

/** Who runs this service and where; baked into the page by the server or by the export. */
export interface Deployment {
  readonly issuer: string;
  /** Prefix of the API's addresses; empty for the page's own origin. */
  readonly api: string;
  /** The addresses that lead to the service. */
  readonly own: readonly string[];
  /** The public key of the root that signs key sets, in base64url. */
  readonly root: string;
  readonly minimum_key_set: number;
  readonly organisation: Organisation;
  /** The zone in which the organisation tells the time, by its IANA name. */
  readonly time_zone: string;
  /** The digest by which alone scan.js is loaded. */
  readonly scan: string;
  /** The same for enter.js. */
  readonly enter: string;
  /** The keys of all texts, packed. */
  readonly keys: string;
  /** What this page says in the language that it came in, in the order of the keys. */
  readonly texts: readonly Said[];
  readonly languages: readonly [Language, ...Language[]];
}

/** A language of the page. */
export interface Language {
  readonly tag: string;
  /** What its speakers call it. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  /** The digest by which alone its texts are loaded; null for the language that the page came in. */
  readonly integrity: string | null;
}

/** The file with the texts of a language. */
export function fileOf({ tag }: Language): string {
  return `language-${tag}.json`;
}

export interface Organisation {
  readonly name: string;
  readonly telephone: string;
  readonly address: string;
  /** Whom to ring in danger; may be empty. */
  readonly emergency: string;
  /** Where reports go: a telephone number or an address that begins with https://; may be empty. */
  readonly report: string;
}

/** Reads the deployment from the page; null while it has not been filled in. */
export function readDeployment(): Deployment | null {
  const holder = document.getElementById("deployment");
  return parse((holder && holder.textContent) || "");
}

/** Reads the deployment from the HTML of a page; null where there is none. */
export function deploymentIn(html: string): Deployment | null {
  const holder = / id="deployment">([^<]*)</.exec(html);
  return parse((holder && holder[1]) || "");
}

function parse(json: string): Deployment | null {
  try {
    // written by our own server from checked settings, so its members need no second check
    return JSON.parse(json) as Deployment;
  } catch {
    return null;
  }
}
