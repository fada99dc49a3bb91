import { type Bytes, fromBase64url, toBase64url } from "../shared/bytes.ts";
import { type Parse, Unreadable, list, nullable, object, oneOf, record, text, whole } from "./parse.ts";
import { type Result, done, failed } from "./result.ts";

// Passkeys between the service's JSON and the browser's buffers, by hand: not every browser does it itself.

const bytes: Parse<Bytes> = (value) => {
  const read = fromBase64url(text(value));
  if (read === null) throw new Unreadable("not base64url");
  return read;
};
/** Of the COSE registry, where most are negative. */
const algorithm: Parse<number> = (value) => {
  if (typeof value !== "number") throw new Unreadable("not an algorithm");
  return value;
};
const publicKey = oneOf(["public-key"]);
const verification = nullable(oneOf(["required", "preferred", "discouraged"]));
const descriptors = nullable(list(record({ id: bytes, type: publicKey, transports: nullable(list(text)) })));

const creation = record({
  challenge: bytes,
  rp: record({ id: nullable(text), name: text }),
  user: record({ id: bytes, name: text, displayName: text }),
  pubKeyCredParams: list(record({ type: publicKey, alg: algorithm })),
  timeout: nullable(whole),
  excludeCredentials: descriptors,
  authenticatorSelection: nullable(
    record({
      authenticatorAttachment: nullable(oneOf(["platform", "cross-platform"])),
      residentKey: nullable(oneOf(["required", "preferred", "discouraged"])),
      requireResidentKey: (value) => value === true,
      userVerification: verification,
    }),
  ),
  attestation: nullable(oneOf(["none", "indirect", "direct", "enterprise"])),
  extensions: nullable(object),
});

const request = record({
  challenge: bytes,
  rpId: nullable(text),
  timeout: nullable(whole),
  allowCredentials: descriptors,
  userVerification: verification,
  extensions: nullable(object),
});

/** What the browser needs to make a passkey. */
export function readCreation(options: unknown): PublicKeyCredentialCreationOptions {
  return present(creation(options)) as unknown as PublicKeyCredentialCreationOptions;
}

/** What the browser needs to use one. */
export function readRequest(options: unknown): PublicKeyCredentialRequestOptions {
  return present(request(options)) as unknown as PublicKeyCredentialRequestOptions;
}

/** Makes a passkey on this device, as the service takes it. */
export function createPasskey(options: unknown): Promise<Result<object>> {
  return perform(() => navigator.credentials.create({ publicKey: readCreation(options) }));
}

/** Confirms with a passkey of this device, as the service takes it. */
export function usePasskey(options: unknown): Promise<Result<object>> {
  return perform(() => navigator.credentials.get({ publicKey: readRequest(options) }));
}

async function perform(ask: () => Promise<Credential | null>): Promise<Result<object>> {
  // absent where the page has no secure address, and in browsers that know no passkeys
  if (typeof PublicKeyCredential !== "function") return failed("no-passkeys");
  try {
    const credential = await ask();
    return credential instanceof PublicKeyCredential ? done(toJson(credential)) : failed("cancelled");
  } catch (error) {
    if (error instanceof Unreadable) return failed("unreadable");
    return failed(kindOf(error instanceof Error ? error.name : ""));
  }
}

function kindOf(name: string): string {
  if (name === "NotAllowedError" || name === "AbortError") return "cancelled";
  return name === "InvalidStateError" ? "passkey-here" : "passkey-failed";
}

function toJson(credential: PublicKeyCredential): object {
  const { id, type, rawId, response } = credential;
  return { id, type, rawId: encode(rawId), response: responseJson(response), clientExtensionResults: extensionsOf(credential) };
}

function responseJson(response: AuthenticatorResponse): object {
  const clientDataJSON = encode(response.clientDataJSON);
  if (response instanceof AuthenticatorAttestationResponse) {
    // older browsers do not tell
    const transports = typeof response.getTransports === "function" ? response.getTransports() : [];
    return { clientDataJSON, attestationObject: encode(response.attestationObject), transports };
  }
  const { authenticatorData, signature, userHandle } = response as AuthenticatorAssertionResponse;
  return {
    clientDataJSON,
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    userHandle: userHandle === null ? null : encode(userHandle),
  };
}

/** Of the extensions only what is plain JSON and says whether the passkey can be found without a name. */
function extensionsOf(credential: PublicKeyCredential): object {
  const { credProps } = credential.getClientExtensionResults();
  return credProps === undefined ? {} : { credProps: { rk: credProps.rk === true } };
}

function encode(buffer: ArrayBuffer): string {
  return toBase64url(new Uint8Array(buffer));
}

/** The same without the members that are null, which browsers would read as the text "null". */
function present(value: object): object {
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([name, member]) => [name, presentMember(member)]));
}

function presentMember(member: unknown): unknown {
  if (isList(member)) return member.map(presentMember);
  return isPlain(member) ? present(member) : member;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
