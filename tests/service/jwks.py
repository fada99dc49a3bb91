"""Loads a JWK set into stock libraries, and verifies one signature with the key that each finds in it.

Reads {"jwks", "kid", "message", "signature"} from its input, the last two in hex; prints the libraries that could do it.
"""

import json
import sys

import joserfc.jwk
import jwcrypto.jwk
import jwt
from authlib.jose import JsonWebKey

given = json.load(sys.stdin)
message, signature = bytes.fromhex(given["message"]), bytes.fromhex(given["signature"])
libraries = {
    "PyJWT": lambda jwks, kid: jwt.PyJWKSet.from_dict(jwks)[kid].key,
    "jwcrypto": lambda jwks, kid: jwcrypto.jwk.JWKSet.from_json(json.dumps(jwks)).get_key(kid).get_op_key("verify"),
    "joserfc": lambda jwks, kid: joserfc.jwk.KeySet.import_key_set(jwks).get_by_kid(kid).get_op_key("verify"),
    "Authlib": lambda jwks, kid: JsonWebKey.import_key_set(jwks).find_by_kid(kid).get_public_key(),
}
for name, find in libraries.items():
    key = find(given["jwks"], given["kid"])
    key.verify(signature, message)
    try:
        key.verify(signature, message + b"x")
    except Exception:
        print(name)
