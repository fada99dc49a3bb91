#!/bin/sh
# PyJWT 2.15.1, Authlib 1.9.10, joserfc 1.8.0 and npm's jose 6.2.18: one and the same Ed25519 key is refused for the name of its alg.
#
# One would guess: EdDSA and, since RFC 9864, Ed25519 are two names for the same signature by an OKP key with crv Ed25519. A reader
# that does not know the newer name leaves the optional alg of a JWK aside, or says that it does not know it.
#
# Seen on 2026-11-30 with the current versions, one key, sound signatures, and every JWK alone in a JWK set:
# - PyJWT refuses a JWK marked Ed25519 whatever the token says. Beside another key the set is read without it and without a word; alone,
#   the error asks whether cryptography is installed, which it is. A service that brings in its next key under the newer name is
#   "unknown" to these readers on the day of the change.
# - Authlib reads the JWK with either mark and refuses the token that is headed Ed25519.
# - joserfc and jose know both names and keep them apart: a JWK marked with the one is no key for a token headed with the other. jose
#   says then that the set has no applicable key, though the kid is the same.
# - jwcrypto 1.6.1 reads all six.
#
# What helps: publish the JWK without alg, and head tokens EdDSA: that is one of the two pairs which all five read. A service that wants
# the newer name must change the JWK, the tokens and the readers on one day.
#
# Output seen (alg of the JWK / alg of the token):
#             none/EdDSA  none/Ed25519  EdDSA/EdDSA  EdDSA/Ed25519  Ed25519/EdDSA  Ed25519/Ed25519
#   PyJWT     reads       refuses       reads        refuses        refuses        refuses
#   Authlib   reads       refuses       reads        refuses        reads          refuses
#   joserfc   reads       reads         reads        refuses        refuses        reads
#   jwcrypto  reads       reads         reads        reads          reads          reads
#   jose      reads       reads         reads        refuses        refuses        reads
#   PyJWT reads of a set with a P-256 key and the Ed25519 key: P-256
#   PyJWT says of the Ed25519 key alone: The JWK Set did not contain any usable keys. Perhaps 'cryptography' is not installed?
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib PyJWT==2.15.1 Authlib==1.9.10 \
    joserfc==1.8.0 jwcrypto==1.6.1 cryptography==50.0.2
npm install --silent --no-audit --no-fund --prefix . jose@6.2.18 > npm.log 2>&1 || { cat npm.log; exit 1; }

cat > read.py <<'PY'
import base64, json, subprocess, sys, warnings

warnings.simplefilter("ignore")
import jwt
import joserfc.jwk, joserfc.jwt
import jwcrypto.jwk, jwcrypto.jwt
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

text = lambda octets: base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
private = Ed25519PrivateKey.generate()
public = {"kty": "OKP", "crv": "Ed25519", "kid": "Ed25519", "x": text(private.public_key().public_bytes_raw())}


def jwks(name):
    return {"keys": [public if name == "none" else {**public, "alg": name}]}


def token(name):
    signed = ".".join(text(json.dumps(part).encode()) for part in ({"alg": name, "kid": "Ed25519"}, {"sub": "a"}))
    return f"{signed}.{text(private.sign(signed.encode()))}"


def pyjwt(keys, signed, name):
    return jwt.decode(signed, jwt.PyJWKSet.from_dict(keys)["Ed25519"], algorithms=[name])


def authlib(keys, signed, name):
    return JsonWebToken([name]).decode(signed, JsonWebKey.import_key_set(keys))


def rfc(keys, signed, name):
    return joserfc.jwt.decode(signed, joserfc.jwk.KeySet.import_key_set(keys), algorithms=[name]).claims


def crypto(keys, signed, name):
    return json.loads(jwcrypto.jwt.JWT(jwt=signed, key=jwcrypto.jwk.JWKSet.from_json(json.dumps(keys)), algs=[name]).claims)


def jose(keys, signed, name):
    program = """
        import { createLocalJWKSet, jwtVerify } from "jose";
        const [keys, signed, name] = JSON.parse(process.argv[1]);
        const { payload } = await jwtVerify(signed, createLocalJWKSet(keys), { algorithms: [name] });
        console.log(JSON.stringify(payload));
    """
    command = ["node", "--input-type=module", "-e", program, json.dumps([keys, signed, name])]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


pairs = [(key, head) for key in ("none", "EdDSA", "Ed25519") for head in ("EdDSA", "Ed25519")]
print(f"{'':<10}" + "  ".join(f"{key}/{head}" for key, head in pairs))
for name, read in {"PyJWT": pyjwt, "Authlib": authlib, "joserfc": rfc, "jwcrypto": crypto, "jose": jose}.items():
    line = f"{name:<10}"
    for key, head in pairs:
        try:
            assert dict(read(jwks(key), token(head), head)) == {"sub": "a"}
            word = "reads"
        except Exception:
            word = "refuses"
        line += f"{word:<{len(key) + len(head) + 3}}"
    print(line.rstrip())

point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
x, y = (text(part.to_bytes(32, "big")) for part in (point.x, point.y))
other = {"kty": "EC", "crv": "P-256", "kid": "P-256", "alg": "ES256", "x": x, "y": y}
both = jwt.PyJWKSet.from_dict({"keys": [other, *jwks("Ed25519")["keys"]]})
print("PyJWT reads of a set with a P-256 key and the Ed25519 key:", *(key.key_id for key in both.keys))
try:
    jwt.PyJWKSet.from_dict(jwks("Ed25519"))
except jwt.PyJWKSetError as error:
    print("PyJWT says of the Ed25519 key alone:", error)
PY
PYTHONPATH=lib python3 read.py > seen 2> errors || { cat errors; exit 1; }
cat seen

cat > expected <<'OUT'
          none/EdDSA  none/Ed25519  EdDSA/EdDSA  EdDSA/Ed25519  Ed25519/EdDSA  Ed25519/Ed25519
PyJWT     reads       refuses       reads        refuses        refuses        refuses
Authlib   reads       refuses       reads        refuses        reads          refuses
joserfc   reads       reads         reads        refuses        refuses        reads
jwcrypto  reads       reads         reads        reads          reads          reads
jose      reads       reads         reads        refuses        refuses        reads
PyJWT reads of a set with a P-256 key and the Ed25519 key: P-256
PyJWT says of the Ed25519 key alone: The JWK Set did not contain any usable keys. Perhaps 'cryptography' is not installed?
OUT
diff expected seen
