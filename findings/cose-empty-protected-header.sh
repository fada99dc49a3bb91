#!/bin/sh
# pycose 1.1.0, cwt 3.3.0, @auth0/cose 1.0.2 and coset 0.4.2: a protected header without entries, sent as a map, is verified in three ways.
#
# One would guess: a protected header without entries may come as no octets or as an encoded empty map (a0). RFC 9052 wants both to be
# accepted (3) and puts no octets under the signature for either (4.4), so the four verify the same messages.
#
# Seen on 2026-11-30 with one Ed25519 key: sent as no octets, all is well. Sent as a0, cwt alone does as the RFC says in both kinds of
# message; coset and @auth0/cose take what was sent as signed, in both; pycose does as the RFC says in COSE_Sign1 and as the other two in
# COSE_Sign. So a message with a0 is refused by someone whichever of the two was signed, and the error is that of a false signature.
#
# What helps: never sign with an empty protected header. Put alg into it in COSE_Sign1, and a content type or the like in COSE_Sign.
#
# Output seen ("-" is no octets):
#                              pycose       cwt          @auth0/cose  coset
#   Sign1 sent -  signed -     yes          yes          yes          yes
#   Sign1 sent a0 signed -     yes          yes          no           no
#   Sign1 sent a0 signed a0    no           no           yes          yes
#   Sign  sent -  signed -     yes          yes          yes          yes
#   Sign  sent a0 signed -     no           yes          no           no
#   Sign  sent a0 signed a0    yes          no           yes          yes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib pycose==1.1.0 cwt==3.3.0 cbor2==5.9.0 \
    cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . @auth0/cose@1.0.2 jose@6.2.18 > npm.log 2>&1 || { cat npm.log; exit 1; }

mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "check"
version = "0.0.0"
edition = "2024"

[dependencies]
coset = "=0.4.2"
ed25519-dalek = "=2.2.0"
hex = "=0.4.3"
TOML
cat > src/main.rs <<'RUST'
use coset::{CoseSign, CoseSign1, TaggedCborSerializable};
use ed25519_dalek::{Signature, SignatureError, VerifyingKey};

fn main() {
    let [public, message] = [1, 2].map(|n| hex::decode(std::env::args().nth(n).unwrap()).unwrap());
    let key = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let verify = |signature: &[u8], signed: &[u8]| -> Result<(), SignatureError> {
        key.verify_strict(signed, &Signature::from_slice(signature)?)
    };
    let sound = match CoseSign1::from_tagged_slice(&message) {
        Ok(message) => message.verify_signature(b"", verify),
        Err(_) => CoseSign::from_tagged_slice(&message).unwrap().verify_signature(0, b"", verify),
    };
    println!("{}", if sound.is_ok() { "yes" } else { "no" });
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > check.mjs <<'JS'
import { Sign, Sign1 } from "@auth0/cose";
import { importJWK } from "jose";

const [x, text] = process.argv.slice(2).map((part) => Buffer.from(part, "hex"));
const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: x.toString("base64url"), alg: "EdDSA" });
const message = text[0] === 0xd2 ? Sign1.decode(text) : Sign.decode(text);
console.log(await message.verify(key).then(() => "yes", (error) => (error.code === "ERR_COSE_SIGNATURE_VERIFICATION_FAILED" ? "no" : error)));
JS

cat > check.py <<'PY'
import subprocess
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey, VerifyError
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage

private = Ed25519PrivateKey.generate()
public = private.public_key().public_bytes_raw()
ALG = {1: -8}


def sign1(sent, signed):
    signature = private.sign(cbor2.dumps(["Signature1", signed, b"", b"words"]))
    return cbor2.dumps(cbor2.CBORTag(18, [sent, ALG, b"words", signature]))


def sign(sent, signed):
    own = cbor2.dumps(ALG)
    signature = private.sign(cbor2.dumps(["Signature", signed, own, b"", b"words"]))
    return cbor2.dumps(cbor2.CBORTag(98, [sent, {}, b"words", [[own, {}, signature]]]))


def pycose(message):
    decoded = CoseMessage.decode(message)
    signed = decoded.signers[0] if hasattr(decoded, "signers") else decoded
    signed.key = OKPKey(crv=Ed25519, x=public)
    return "yes" if signed.verify_signature() else "no"


def cwt(message):
    try:
        COSE.new().decode(message, [COSEKey.new({1: 1, 3: -8, -1: 6, -2: public})])
        return "yes"
    except VerifyError:
        return "no"


def other(*command):
    return lambda message: subprocess.run([*command, public.hex(), message.hex()], check=True, capture_output=True, text=True).stdout.strip()


readers = {"pycose": pycose, "cwt": cwt, "@auth0/cose": other("node", "check.mjs"), "coset": other("target/debug/check")}
print(f"{'':<27}" + "  ".join(f"{name:<11}" for name in readers).rstrip())
for name, make in (("Sign1", sign1), ("Sign", sign)):
    for sent, signed in ((b"", b""), (b"\xa0", b""), (b"\xa0", b"\xa0")):
        words = f"{name:<5} sent {sent.hex() or '-':<2} signed {signed.hex() or '-':<2}"
        print(f"{words:<27}" + "  ".join(f"{read(make(sent, signed)):<11}" for read in readers.values()).rstrip())
PY
PYTHONPATH=lib python3 -W ignore check.py > seen
cat seen

cat > expected <<'OUT'
                           pycose       cwt          @auth0/cose  coset
Sign1 sent -  signed -     yes          yes          yes          yes
Sign1 sent a0 signed -     yes          yes          no           no
Sign1 sent a0 signed a0    no           no           yes          yes
Sign  sent -  signed -     yes          yes          yes          yes
Sign  sent a0 signed -     no           yes          no           no
Sign  sent a0 signed a0    yes          no           yes          yes
OUT
diff expected seen
