#!/bin/sh
# @auth0/cose 1.0.2: no other reader takes the COSE_Sign that it makes.
#
# One would guess: Sign.sign and Sign.verify agree with other programs, as Sign1 does. A round trip through the library, and messages from
# other programs, all verify.
#
# Seen on 2026-11-30 with one Ed25519 key: in each signature of the message the protected header is a bare map, where RFC 9052 (4.1 with 3)
# has an octet string that holds the map. The signature under it is right: put into an octet string, the same map makes a message that
# the others verify. Its reader takes both forms, so nothing shows inside the library: it verifies its own messages and those of pycose
# 1.1.0 and cwt 3.3.0. pycose stops with a TypeError and cwt with "Failed to decode".
#
# What helps: COSE_Sign1, which it writes as it should; or wrap the header before the message leaves. Only another program's verdict
# counts in a test of an encoder.
#
# Output seen (maker, protected header of the signature; then who verifies it):
#                              @auth0/cose  pycose  cwt
#   pycose       octet string  yes          yes     yes
#   cwt          octet string  yes          yes     yes
#   @auth0/cose  map           yes          no      no
#   ... wrapped  octet string  yes          yes     yes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib pycose==1.1.0 cwt==3.3.0 cbor2==5.9.0 \
    cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . @auth0/cose@1.0.2 jose@6.2.18 > npm.log 2>&1 || { cat npm.log; exit 1; }

cat > auth0.mjs <<'JS'
import { Algorithms, Headers, Sign } from "@auth0/cose";
import { importJWK } from "jose";

const [text, message] = process.argv.slice(2);
const key = await importJWK(JSON.parse(text));
if (message === undefined) {
  const signer = { key, protectedHeaders: [[Headers.Algorithm, Algorithms.EdDSA]], unprotectedHeaders: [] };
  const signed = await Sign.sign([[Headers.ContentType, 0]], [], Buffer.from("words"), [signer]);
  console.log(Buffer.from(signed.encode()).toString("hex"));
} else {
  await Sign.decode(Buffer.from(message, "hex")).verify(key);
}
JS

cat > cross.py <<'PY'
import base64, json, subprocess
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey, Signer
from pycose.algorithms import EdDSA
from pycose.headers import Algorithm, ContentType
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage, SignMessage
from pycose.messages.signer import CoseSignature

key = Ed25519PrivateKey.generate()
d, x = key.private_bytes_raw(), key.public_key().public_bytes_raw()
text = lambda octets: base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
public = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": text(x)}


def auth0(jwk, *message):
    return subprocess.run(["node", "auth0.mjs", json.dumps(jwk), *message], check=True, capture_output=True, text=True).stdout.strip()


def by_pycose():
    signer = CoseSignature(phdr={Algorithm: EdDSA}, key=OKPKey(crv=Ed25519, x=x, d=d))
    return SignMessage(phdr={ContentType: 0}, payload=b"words", signers=[signer]).encode()


def by_cwt():
    signer = Signer.new(cose_key=COSEKey.new({1: 1, 3: -8, -1: 6, -2: x, -4: d}), protected={1: -8})
    return COSE.new().encode(b"words", protected={3: 0}, signers=[signer])


def read_auth0(message):
    auth0(public, message.hex())


def read_pycose(message):
    signature = CoseMessage.decode(message).signers[0]
    signature.key = OKPKey(crv=Ed25519, x=x)
    assert signature.verify_signature()


def read_cwt(message):
    assert COSE.new().decode(message, [COSEKey.new({1: 1, 3: -8, -1: 6, -2: x})]) == b"words"


def wrapped(message):
    body, unprotected, payload, [[own, *rest]] = cbor2.loads(message).value
    return cbor2.dumps(cbor2.CBORTag(98, [body, unprotected, payload, [[cbor2.dumps(own), *rest]]]))


def verdict(read, message):
    try:
        read(message)
        return "yes"
    except Exception:
        return "no"


made = bytes.fromhex(auth0({**public, "d": text(d)}))
print(f"{'':<27}@auth0/cose  pycose  cwt")
for name, message in (("pycose", by_pycose()), ("cwt", by_cwt()), ("@auth0/cose", made), ("... wrapped", wrapped(made))):
    kind = {bytes: "octet string", dict: "map"}[type(cbor2.loads(message).value[3][0][0])]
    words = [verdict(read, message) for read in (read_auth0, read_pycose, read_cwt)]
    print(f"{name:<11}  {kind:<12}  {words[0]:<11}  {words[1]:<6}  {words[2]}")
PY
PYTHONPATH=lib python3 -W ignore cross.py > seen
cat seen

cat > expected <<'OUT'
                           @auth0/cose  pycose  cwt
pycose       octet string  yes          yes     yes
cwt          octet string  yes          yes     yes
@auth0/cose  map           yes          no      no
... wrapped  octet string  yes          yes     yes
OUT
diff expected seen
