/** Who runs this service and where; baked into the page by the server or by the export. */
export interface Deployment {
  readonly issuer: string;
  /** Prefix of the API's addresses; empty for the page's own origin. */
  readonly api: string;
  /** The public key of the root that signs key sets, in base64url. */
  readonly root: string;
  readonly minimum_key_set: number;
  readonly organisation: Organisation;
  /** The zone in which the organisation tells the time, by its IANA name. */
  readonly time_zone: string;
  /** The keys of all texts, packed. */
  readonly keys: string;
  readonly languages: readonly [Language, ...Language[]];
  /** The words that codes are spoken in, packed. */
  readonly words: string;
}

/** A language of the page, with everything that the page says in it. */
export interface Language {
  readonly tag: string;
  /** What its speakers call it. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  /** In the order of the deployment's keys. */
  readonly texts: readonly string[];
}

export interface Organisation {
  readonly name: string;
  readonly telephone: string;
  readonly address: string;
}

/** Reads the deployment from the page; null while it has not been filled in. */
export function readDeployment(): Deployment | null {
  const holder = document.getElementById("deployment");
  try {
    // written by our own server from checked settings, so its members need no second check
    return JSON.parse((holder && holder.textContent) || "") as Deployment;
  } catch {
    return null;
  }
}
