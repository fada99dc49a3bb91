import { type Bytes, asciiBytes, fromBase64url, joinBytes, toBase64url } from "../../../web/shared/bytes.ts";

// Runs inside a page, in a browser whose tests have no device of their own: takes the place of the browser's passkeys. It answers as a
// device does that holds one passkey and finds the person's finger right. That a browser can use passkeys, and how it asks for them,
// is not shown by it.

/** What the device holds. */
export interface Held {
  readonly id: string;
  readonly key: JsonWebKey;
  /** Whose passkey it is, once it was made. */
  handle: string | null;
}
declare const held: Held;

const [PRESENT_AND_VERIFIED, HOLDS_A_KEY] = [0b101, 0b1000000];

class Credential {
  readonly type = "public-key";
  readonly id = held.id;
  readonly rawId = read(held.id).buffer;

  constructor(readonly response: object) {}

  getClientExtensionResults(): object {
    return {};
  }
}

class Attestation {
  constructor(
    readonly clientDataJSON: ArrayBuffer,
    readonly attestationObject: ArrayBuffer,
  ) {}
}

class Assertion {
  readonly userHandle = held.handle === null ? null : read(held.handle).buffer;

  constructor(
    readonly clientDataJSON: ArrayBuffer,
    readonly authenticatorData: ArrayBuffer,
    readonly signature: ArrayBuffer,
  ) {}
}

async function create({ publicKey }: { readonly publicKey: PublicKeyCredentialCreationOptions }): Promise<Credential> {
  const { x = "", y = "" } = held.key;
  const [id, aaguid] = [read(held.id), new Uint8Array(16)];
  const cose = joinBytes(bytes(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32), read(x), bytes(0x22, 0x58, 32), read(y));
  const data = joinBytes(await authenticatorData(publicKey.rp.id, HOLDS_A_KEY), aaguid, bytes(0, id.length), id, cose);
  // {"fmt": "none", "attStmt": {}, "authData": data} in CBOR
  const object = joinBytes(bytes(0xa3, 0x63), asciiBytes("fmt"), bytes(0x64), asciiBytes("none"), bytes(0x67), asciiBytes("attStmt"), bytes(0xa0, 0x68), asciiBytes("authData"), bytes(0x58, data.length), data);
  held.handle = toBase64url(new Uint8Array(publicKey.user.id as ArrayBuffer));
  return new Credential(new Attestation(clientData("webauthn.create", publicKey.challenge).buffer, object.buffer));
}

async function get({ publicKey }: { readonly publicKey: PublicKeyCredentialRequestOptions }): Promise<Credential> {
  const [data, client] = [await authenticatorData(publicKey.rpId, 0), clientData("webauthn.get", publicKey.challenge)];
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", held.key, curve, false, ["sign"]);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, joinBytes(data, await digest(client)));
  return new Credential(new Assertion(client.buffer, data.buffer, der(new Uint8Array(signature)).buffer));
}

async function authenticatorData(host = location.hostname, more: number): Promise<Bytes> {
  // it counts nothing, as those that are synchronised between devices
  return joinBytes(await digest(asciiBytes(host)), bytes(PRESENT_AND_VERIFIED | more, 0, 0, 0, 0));
}

function clientData(type: string, challenge: BufferSource): Bytes {
  const said = { type, challenge: toBase64url(challenge as Bytes), origin: location.origin, crossOrigin: false };
  return asciiBytes(JSON.stringify(said));
}

/** A signature as two numbers of ASN.1. */
function der(raw: Bytes): Bytes {
  const parts = [raw.slice(0, 32), raw.slice(32)].map((part) => {
    const from = part.findIndex((byte) => byte !== 0);
    const number = joinBytes((part[from] ?? 0) > 127 ? bytes(0) : bytes(), part.slice(from));
    return joinBytes(bytes(2, number.length), number);
  });
  const both = joinBytes(...parts);
  return joinBytes(bytes(0x30, both.length), both);
}

async function digest(of: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", of));
}

function bytes(...all: readonly number[]): Bytes {
  return Uint8Array.from(all);
}

function read(text: string): Bytes {
  return fromBase64url(text) ?? bytes();
}

Object.assign(window, { PublicKeyCredential: Credential, AuthenticatorAttestationResponse: Attestation, AuthenticatorAssertionResponse: Assertion });
Object.defineProperty(navigator, "credentials", { value: { create, get }, configurable: true });
