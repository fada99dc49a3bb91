import type { Api, Confirmation } from "./api.ts";
import type { Ceremony } from "./model.ts";
import { usePasskey } from "./passkeys.ts";
import { type Result, done } from "./result.ts";

/** A ceremony lives two minutes; younger than this it is still good when the press comes. */
const FRESH_MS = 90000;

/** Confirms an issue with the passkey. What that needs is fetched ahead, so that a press leads straight to the device's dialog. */
export class Confirming {
  private ahead: { readonly at: number; readonly ceremony: Promise<Result<Ceremony>> } | null = null;

  constructor(private readonly api: Api) {}

  /** Fetches what the next confirmation needs. */
  prepare(): void {
    if (this.ahead !== null && Date.now() - this.ahead.at <= FRESH_MS) return;
    const ahead = { at: Date.now(), ceremony: this.api.confirmation() };
    this.ahead = ahead;
    // what did not arrive is asked for again at the press
    void ahead.ceremony.then(({ ok }) => !ok && this.ahead === ahead && this.forget());
  }

  forget(): void {
    this.ahead = null;
  }

  /** Somebody signed in again: what was fetched belongs to the session before. */
  renew(): void {
    const was = this.ahead;
    this.forget();
    if (was !== null) this.prepare();
  }

  /** Asks for the passkey. A ceremony is used up once it was confirmed; one that was cancelled serves again. */
  async confirm(): Promise<Result<Confirmation>> {
    this.prepare();
    const begun = this.ahead;
    const result = begun === null ? await this.api.confirmation() : await begun.ceremony;
    if (!result.ok) {
      this.forget();
      return result;
    }
    const { ceremony, options } = result.value;
    const used = await usePasskey(options.publicKey);
    if (!used.ok) return used;
    this.forget();
    return done({ ceremony, credential: used.value });
  }
}
