#!/bin/sh
# SoftHSM 2.6.1: asked for Ed25519ph or for Ed25519 with a context, it signs plain Ed25519 and answers CKR_OK; and a public key without
# its wrapping is taken, but no signature is ever valid under it.
#
# One would guess: a token that does not know CK_EDDSA_PARAMS answers CKR_MECHANISM_PARAM_INVALID, as the mechanism's definition has it,
# and C_CreateObject refuses a CKA_EC_POINT that the token cannot read.
#
# Seen on 2026-11-30 with Debian 12's libsofthsm2 2.6.1-2.1, called by ctypes, and checked by pycryptodome 3.23.0, which knows all three
# signatures: phFlag and context change nothing, and the 64 octets are the plain signature each time. Code that was only ever tried
# against SoftHSM with itself signs and verifies well, and disagrees with the first token or verifier that reads the parameters. The
# bare 32 octets as CKA_EC_POINT, the form of PKCS#11 3.1, make an object; C_Verify with it says CKR_SIGNATURE_INVALID of a sound
# signature, as if the signature were at fault. Wrapped in a DER OCTET STRING, as SoftHSM itself gives it out, the same key says CKR_OK.
#
# What helps: check each kind of signature once with another program, and after putting a public key into a token verify one known
# signature with it before it counts as stored.
#
# Output seen:
#   sign, no parameter            CKR_OK                 plain
#   sign, context "a"             CKR_OK                 plain
#   sign, prehash                 CKR_OK                 plain
#   sign, prehash, context "a"    CKR_OK                 plain
#   public key, OCTET STRING      CKR_OK                 C_Verify: CKR_OK
#   public key, 32 octets         CKR_OK                 C_Verify: CKR_SIGNATURE_INVALID
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get download libsofthsm2=2.6.1-2.1 softhsm2=2.6.1-2.1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target lib pycryptodome==3.23.0

mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder" > softhsm.conf
export SOFTHSM2_CONF="$folder/softhsm.conf"
usr/bin/softhsm2-util --module usr/lib/softhsm/libsofthsm2.so --init-token --free --label t --so-pin 1234 --pin 1234 >/dev/null

cat > ask.py <<'PY'
import ctypes
from ctypes import byref, c_ubyte, c_ulong, c_void_p, cast, create_string_buffer, sizeof
from Crypto.Hash import SHA512
from Crypto.Signature import eddsa

NAMES = {0x00: "CKR_OK", 0x13: "CKR_ATTRIBUTE_VALUE_INVALID", 0x71: "CKR_MECHANISM_PARAM_INVALID", 0xC0: "CKR_SIGNATURE_INVALID"}
CLASS, TOKEN, KEY_TYPE, SIGN, VERIFY, EC_PARAMS, EC_POINT = 0x00, 0x01, 0x100, 0x108, 0x10A, 0x180, 0x181
KEY_PAIR_GEN, EDDSA = 0x1055, 0x1057
CURVE = bytes.fromhex("06032b6570")
MESSAGE = b"the message"


class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


class EddsaParams(ctypes.Structure):
    _fields_ = [("prehash", c_ubyte), ("length", c_ulong), ("context", c_void_p)]


token = ctypes.CDLL("usr/lib/softhsm/libsofthsm2.so")
kept = []


def call(name, *arguments):
    return NAMES.get(code := getattr(token, name)(*arguments), hex(code))


def sure(name, *arguments):
    assert (answer := call(name, *arguments)) == "CKR_OK", (name, answer)


def template(**values):
    made = []
    for name, value in values.items():
        octets = value if isinstance(value, bytes) else bytes([value]) if isinstance(value, bool) else value.to_bytes(sizeof(c_ulong), "little")
        kept.append(create_string_buffer(octets, len(octets)))
        made.append(Attribute(globals()[name], cast(kept[-1], c_void_p), len(octets)))
    return (Attribute * len(made))(*made), c_ulong(len(made))


sure("C_Initialize", None)
slots, count = (c_ulong * 9)(), c_ulong(9)
sure("C_GetSlotList", c_ubyte(1), slots, byref(count))
session = c_ulong()
sure("C_OpenSession", c_ulong(slots[0]), c_ulong(6), None, None, byref(session))
sure("C_Login", session, c_ulong(1), b"1234", c_ulong(4))

public, private = c_ulong(), c_ulong()
generate = Mechanism(KEY_PAIR_GEN, None, 0)
sure("C_GenerateKeyPair", session, byref(generate), *template(EC_PARAMS=CURVE, VERIFY=True), *template(SIGN=True), byref(public), byref(private))
buffer = create_string_buffer(99)
point = Attribute(EC_POINT, cast(buffer, c_void_p), 99)
sure("C_GetAttributeValue", session, public, byref(point), c_ulong(1))
raw = buffer.raw[:point.length][-32:]
key = eddsa.import_public_key(raw)


def kind(signature):
    for name, context, message in (("plain", b"", MESSAGE), ("context", b"a", MESSAGE), ("prehash", b"", SHA512.new(MESSAGE)),
                                   ("prehash, context", b"a", SHA512.new(MESSAGE))):
        try:
            eddsa.new(key, "rfc8032", context=context).verify(message, signature)
            return name
        except ValueError:
            pass
    return "none"


def sign(prehash, context):
    parameter = EddsaParams(prehash, len(context), cast(ctypes.c_char_p(context), c_void_p))
    plain = not prehash and not context
    mechanism = Mechanism(EDDSA, None if plain else cast(byref(parameter), c_void_p), 0 if plain else sizeof(parameter))
    if (answer := call("C_SignInit", session, byref(mechanism), private)) != "CKR_OK":
        return answer, b""
    signature, length = create_string_buffer(64), c_ulong(64)
    return call("C_Sign", session, MESSAGE, c_ulong(len(MESSAGE)), signature, byref(length)), signature.raw


for words, prehash, context in (("no parameter", 0, b""), ('context "a"', 0, b"a"), ("prehash", 1, b""), ('prehash, context "a"', 1, b"a")):
    answer, signature = sign(prehash, context)
    print(f"{'sign, ' + words:<28}  {answer:<21}  {kind(signature)}")

_, signature = sign(0, b"")
for words, value in (("OCTET STRING", b"\x04\x20" + raw), ("32 octets", raw)):
    made = c_ulong()
    answer = call("C_CreateObject", session, *template(CLASS=2, KEY_TYPE=0x40, TOKEN=False, EC_PARAMS=CURVE, EC_POINT=value, VERIFY=True), byref(made))
    verify = "-"
    if answer == "CKR_OK":
        mechanism = Mechanism(EDDSA, None, 0)
        sure("C_VerifyInit", session, byref(mechanism), made)
        verify = call("C_Verify", session, MESSAGE, c_ulong(len(MESSAGE)), signature, c_ulong(64))
    print(f"{'public key, ' + words:<28}  {answer:<21}  C_Verify: {verify}")
PY
PYTHONPATH=lib python3 ask.py > seen
cat seen

cat > expected <<'OUT'
sign, no parameter            CKR_OK                 plain
sign, context "a"             CKR_OK                 plain
sign, prehash                 CKR_OK                 plain
sign, prehash, context "a"    CKR_OK                 plain
public key, OCTET STRING      CKR_OK                 C_Verify: CKR_OK
public key, 32 octets         CKR_OK                 C_Verify: CKR_SIGNATURE_INVALID
OUT
diff expected seen
