#!/bin/sh
# zxing-cpp 3.1.1, OpenCV 5.0.0, jsQR 1.4.0 and pyzbar 0.1.9: one part of a text that is spread over three QR symbols is read in four ways.
#
# One would guess: a reader joins the symbols of a structured append, or says that this is part 1 of 3, or finds nothing. Place, number of
# parts and a check octet of the whole are in each symbol for that.
#
# Seen on 2026-11-30 with symbols by segno 1.6.6, drawn without a flaw: zxing-cpp's Python module gives the part as a text, valid and
# without an error, and none of its attributes says that more belongs to it. OpenCV's detectAndDecode gives the part as well, while its
# detectAndDecodeMulti reads nothing from the same picture and joins the three when it sees them all. jsQR reports a hit with an empty
# text. pyzbar, before zbar 0.23.92, raises "4294967295 is not a valid ZBarOrientation" as soon as such a symbol is in the picture, and
# the sound symbol beside it is lost too.
#
# What helps: texts that fit into one symbol, and a check in the text that it is whole, such as a signature, since a hit does not say so.
# Take an empty text for no hit, and a pyzbar that raises for a picture to be taken again.
#
# Output seen:
#   all in one
#     zxing         "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     opencv        "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     jsqr          "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     zbar          "alpha-beta-gamma-delta-epsilon-zeta-eta."
#   part 1
#     zxing         "alpha-beta-gam"
#     opencv        "alpha-beta-gam"
#     opencv_multi  nothing
#     jsqr          ""
#     zbar          ValueError
#   parts 1 to 3
#     zxing         "alpha-beta-gam" | "lon-zeta-eta." | "ma-delta-epsi"
#     opencv        nothing
#     opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     jsqr          nothing
#     zbar          ValueError
#   all in one, part 1
#     zxing         "alpha-beta-gam" | "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     opencv        nothing
#     opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
#     jsqr          nothing
#     zbar          ValueError
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib segno==1.6.6 zxing-cpp==3.1.1 \
    opencv-python-headless==5.0.0.93 pyzbar==0.1.9
npm install --silent --no-audit --no-fund --prefix . jsqr@1.4.0 > npm.log 2>&1 || { cat npm.log; exit 1; }
apt-get download libzbar0=0.23.92-7+deb12u1 libdbus-1-3 libv4l-0 libv4lconvert0 libx11-6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 \
    libjpeg62-turbo >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(dirname "$(find . -name 'libzbar.so.0')")

cat > jsqr.mjs <<'JS'
import { readFileSync } from "node:fs";
import jsqr from "jsqr";

const [file, width, height] = process.argv.slice(2);
const pixels = Uint8ClampedArray.from([...readFileSync(file)].flatMap((grey) => [grey, grey, grey, 255]));
const hit = (jsqr.default ?? jsqr)(pixels, Number(width), Number(height));
process.stdout.write(hit === null ? "nothing" : JSON.stringify(hit.data));
JS

cat > read.py <<'PY'
import ctypes, glob, subprocess
import cv2, numpy, segno, zxingcpp
import ctypes.util

named = ctypes.util.find_library
ctypes.util.find_library = lambda name: glob.glob("**/libzbar.so.0", recursive=True)[0] if name == "zbar" else named(name)
from pyzbar import pyzbar

TEXT = "alpha-beta-gamma-delta-epsilon-zeta-eta."


def draw(symbol):
    modules = numpy.pad(numpy.array([list(row) for row in symbol.matrix], dtype=numpy.uint8), 4)
    return numpy.kron(255 - 255 * modules, numpy.ones((6, 6), numpy.uint8))


def shown(texts):
    return " | ".join(f'"{text}"' for text in texts) or "nothing"


def zxing(picture):
    hits = zxingcpp.read_barcodes(picture)
    assert all(hit.valid and hit.error is None and not any("equence" in word for word in [*dir(hit), *hit.extra]) for hit in hits)
    return shown(sorted(hit.text for hit in hits))


def opencv(picture):
    text, corners, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    return shown([text] if text else [])


def opencv_multi(picture):
    _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(picture)
    return shown(filter(None, texts))


def jsqr(picture):
    picture.tofile("picture")
    height, width = picture.shape
    return subprocess.run(["node", "jsqr.mjs", "picture", str(width), str(height)], check=True, capture_output=True, text=True).stdout


def zbar(picture):
    try:
        return shown(hit.data.decode() for hit in pyzbar.decode(picture))
    except ValueError:
        return "ValueError"


plain = draw(segno.make_qr(TEXT))
parts = [draw(symbol) for symbol in segno.make_sequence(TEXT, symbol_count=3)]
high = max(len(plain), len(parts[0]))
beside = [numpy.pad(picture, ((0, high - len(picture)), (0, 0)), constant_values=255) for picture in (plain, parts[0])]
pictures = {"all in one": plain, "part 1": parts[0], "parts 1 to 3": numpy.hstack(parts), "all in one, part 1": numpy.hstack(beside)}
for name, picture in pictures.items():
    print(name)
    for reader in (zxing, opencv, opencv_multi, jsqr, zbar):
        print(f"  {reader.__name__:<12}  {reader(numpy.ascontiguousarray(picture))}")
PY
LD_LIBRARY_PATH="$libraries" PYTHONPATH=lib python3 -W ignore read.py > seen
cat seen

cat > expected <<'OUT'
all in one
  zxing         "alpha-beta-gamma-delta-epsilon-zeta-eta."
  opencv        "alpha-beta-gamma-delta-epsilon-zeta-eta."
  opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
  jsqr          "alpha-beta-gamma-delta-epsilon-zeta-eta."
  zbar          "alpha-beta-gamma-delta-epsilon-zeta-eta."
part 1
  zxing         "alpha-beta-gam"
  opencv        "alpha-beta-gam"
  opencv_multi  nothing
  jsqr          ""
  zbar          ValueError
parts 1 to 3
  zxing         "alpha-beta-gam" | "lon-zeta-eta." | "ma-delta-epsi"
  opencv        nothing
  opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
  jsqr          nothing
  zbar          ValueError
all in one, part 1
  zxing         "alpha-beta-gam" | "alpha-beta-gamma-delta-epsilon-zeta-eta."
  opencv        nothing
  opencv_multi  "alpha-beta-gamma-delta-epsilon-zeta-eta."
  jsqr          nothing
  zbar          ValueError
OUT
diff expected seen
