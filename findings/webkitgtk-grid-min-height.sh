#!/bin/sh
# WebKitGTK 2.50.6: what has a min-height in a grid whose rows are `auto` keeps its height when the grid gets narrower, and its text runs
# over what follows.
#
# One would guess: a row of height auto fits what is in it, at every width, whatever least height the item has.
#
# Seen on 2026-12-01 with Debian 12's packages, driven by WebKitWebDriver: a grid of one column with one item of text is 1000 px wide,
# then 200 px, because of what it lies in. Without min-height the item grows with its text; with any, also 1px, its height stays and the text overflows (the other
# way round it stays too high). `align-items: start`, `grid-auto-rows: minmax(1px, auto)`, a min-height of something inside, and flex all
# avoid it. Firefox 153.8 and Chromium 156 have the guessed heights. So a phone that is turned shows text over text.
#
# What helps: `grid-auto-rows: minmax(1px, auto)` on such grids.
#
# Output seen (does the item hold its text at 1000 px and at 200 px):
#   no min-height             holds, holds
#   min-height                holds, overflows
#   min-height, align start   holds, holds
#   min-height, minmax rows   holds, holds
#   min-height, flex          holds, holds
set -eu

# A browser does not run from a folder of its own like the packages of the other scripts, so these are installed where they are missing.
version='2.50.6-1~deb12u2'
[ "$(dpkg-query -W -f '${Version}' webkit2gtk-driver 2>/dev/null)" = "$version" ] && command -v Xvfb >/dev/null ||
    apt-get install --yes --no-install-recommends "webkit2gtk-driver=$version" "libwebkit2gtk-4.1-0=$version" \
        "libjavascriptcoregtk-4.1-0=$version" xvfb >/dev/null 2>&1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > drive.py <<'PY'
import glob, http.server, json, os, socket, subprocess, tempfile, threading, time, urllib.request

TEXT = " ".join(["word"] * 40)
PAGE = f'<!doctype html><div id="outer"><div id="list"><div id="item">{TEXT}</div></div></div>'
FILES = {"/": ("text/html", PAGE.encode())}
CASES = {
    "no min-height": ("display:grid", ""),
    "min-height": ("display:grid", "min-height:1px"),
    "min-height, align start": ("display:grid;align-items:start", "min-height:1px"),
    "min-height, minmax rows": ("display:grid;grid-auto-rows:minmax(1px,auto)", "min-height:1px"),
    "min-height, flex": ("display:flex;flex-direction:column", "min-height:1px"),
}
LOOK = """
    const [outer, list, item] = ["outer", "list", "item"].map((id) => document.getElementById(id));
    [list.style.cssText, item.style.cssText] = %s;
    const holds = (width) => {
        outer.style.width = width;
        return item.scrollHeight > item.clientHeight ? "overflows" : "holds";
    };
    return [holds("1000px"), holds("200px")].join(", ");
"""


class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = FILES.get(self.path, ("text/plain", b""))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def origin():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://localhost:{server.server_port}/"


class Browser:
    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(dir=".")
        reading, writing = os.pipe()
        self.display = subprocess.Popen(["Xvfb", "-displayfd", str(writing)], pass_fds=[writing], stderr=subprocess.DEVNULL)
        number = os.read(reading, 9).decode().strip()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        home = os.path.abspath(self.home.name)
        folders = {f"XDG_{name}": home for name in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR")}
        self.driver = subprocess.Popen(["WebKitWebDriver", f"--port={self.port}"], stderr=subprocess.DEVNULL,
                                       env={**os.environ, **folders, "HOME": home, "DISPLAY": f":{number}"})
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.1)
        binary = glob.glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")[0]
        wanted = {"webkitgtk:browserOptions": {"binary": binary, "args": ["--automation"]}}
        self.session = ""
        self.session = "/" + self.ask("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self.ask("/timeouts", {"script": 60000})
        return self

    def __exit__(self, *_):
        try:
            self.ask("", method="DELETE")
        finally:
            for process in (self.driver, self.display):
                process.terminate()
                process.wait()

    def ask(self, path, body=None, method="POST"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/session{self.session}{path}", json.dumps(body or {}).encode(), method=method)
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]

    def go(self, url):
        self.ask("/url", {"url": url})

    def run(self, code):
        script = f"const done = arguments[0]; (async () => {{ {code} }})().then(done, (error) => done('' + error));"
        return self.ask("/execute/async", {"script": script, "args": []})


url = origin()
with Browser() as browser:
    for name, styles in CASES.items():
        browser.go(url)
        print(f"{name:<25} {browser.run(LOOK % json.dumps(styles))}")
PY
python3 drive.py > seen
cat seen

cat > expected <<'OUT'
no min-height             holds, holds
min-height                holds, overflows
min-height, align start   holds, holds
min-height, minmax rows   holds, holds
min-height, flex          holds, holds
OUT
diff expected seen
