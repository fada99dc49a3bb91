#!/bin/sh
# Firefox 153.8 and WebKitGTK 2.50.6: a sandboxed page sends a Referer, with the origin that it must not have; Chromium sends none.
#
# One would guess: a page without an origin of its own (sandbox without allow-same-origin) sends no referrer, as the Referrer Policy says
# (8.3: where the document's origin is opaque, return no referrer). A service that knows its own forms by Origin, or where that says
# nothing by Referer, then never takes a form of a sandboxed page, such as a file that a stranger uploaded, for its own.
#
# Seen on 2026-11-30 with Debian 12's packages: a page that the header Content-Security-Policy: sandbox, or a frame, sandboxes posts a
# form to its host. Origin is null and Sec-Fetch-Site cross-site in all three, as the standards say. Firefox adds the Referer
# of its host, WebKitGTK the whole address. With the policy no-referrer none sends one: Origin is null there too, so null alone does
# not tell a hostile page from a careful one, and Sec-Fetch-Site does.
#
# What helps: go by Sec-Fetch-Site and Origin, and never by a Referer beside "Origin: null".
#
# Output seen (what came with the form):
#   firefox   plain        Origin own   Sec-Fetch-Site same-origin  Referer address
#   firefox   no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
#   firefox   sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer host
#   firefox   framed       Origin null  Sec-Fetch-Site cross-site   Referer host
#   chromium  plain        Origin own   Sec-Fetch-Site same-origin  Referer address
#   chromium  no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
#   chromium  sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer none
#   chromium  framed       Origin null  Sec-Fetch-Site cross-site   Referer none
#   webkitgtk plain        Origin own   Sec-Fetch-Site same-origin  Referer address
#   webkitgtk no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
#   webkitgtk sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer address
#   webkitgtk framed       Origin null  Sec-Fetch-Site cross-site   Referer address
set -eu

# Browsers do not run from a folder of their own like the packages of the other scripts, so these are installed where they are missing.
firefox='153.8.0esr-1~deb12u1' chromium='156.0.8078.114-1~deb12u1' webkit='2.50.6-1~deb12u2'
has() { [ "$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null)" = "$2" ]; }
has firefox-esr "$firefox" && has chromium "$chromium" && has webkit2gtk-driver "$webkit" && command -v xvfb-run >/dev/null ||
    apt-get install --yes --no-install-recommends "firefox-esr=$firefox" "chromium=$chromium" "webkit2gtk-driver=$webkit" \
        "libwebkit2gtk-4.1-0=$webkit" "libjavascriptcoregtk-4.1-0=$webkit" xvfb xauth >/dev/null 2>&1
printf '# %s\n' "$(firefox-esr --version)" "$(chromium --version 2>/dev/null)" "WebKitGTK $webkit"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > drive.py <<'PY'
import glob, http.server, os, queue, signal, subprocess, tempfile, threading

FORM = """<!doctype html>%s<form id="f" method="post" action="http://localhost:%d/form"><input name="a" value="b"></form>
<script>setTimeout(() => document.getElementById("f").submit(), 100)</script>"""
FRAME = '<!doctype html><iframe sandbox="allow-scripts allow-forms" src="/plain"></iframe>'
seen = queue.Queue()


class Files(http.server.BaseHTTPRequestHandler):
    def answer(self, body, headers=()):
        self.send_response(200)
        for name, value in (("Content-Type", "text/html"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        port = self.server.server_port
        policy = '<meta name="referrer" content="no-referrer">' if self.path == "/no-referrer" else ""
        sandbox = [("Content-Security-Policy", "sandbox allow-scripts allow-forms")] if self.path == "/sandboxed" else []
        self.answer(FRAME if self.path == "/framed" else FORM % (policy, port), sandbox)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        own = f"http://localhost:{self.server.server_port}"
        origin = self.headers.get("Origin", "none").replace(own, "own")
        referer = {"none": "none", own + "/": "host"}.get(self.headers.get("Referer", "none"), "address")
        seen.put(f"Origin {origin:<5} Sec-Fetch-Site {self.headers.get('Sec-Fetch-Site', 'none'):<12} Referer {referer}")
        self.answer("")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("firefox", "chromium", "webkitgtk"):
    for page in ("plain", "no-referrer", "sandboxed", "framed"):
        with tempfile.TemporaryDirectory(dir=".", ignore_cleanup_errors=True) as home:
            home = os.path.abspath(home)
            url = f"http://localhost:{server.server_port}/{page}"
            command = {
                "firefox": ["firefox-esr", "--headless", "--no-remote", "--profile", home, url],
                "chromium": ["chromium", "--headless", "--no-sandbox", "--no-first-run", f"--user-data-dir={home}", url],
                "webkitgtk": ["xvfb-run", "--auto-servernum", *glob.glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser"), url],
            }[name]
            folders = {f"XDG_{kind}": home for kind in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR")}
            browser = subprocess.Popen(command, env={**os.environ, **folders, "HOME": home}, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                print(f"{name:<9} {page:<12} {seen.get(timeout=60)}")
            except queue.Empty:
                print(f"{name:<9} {page:<12} nothing")
            os.killpg(browser.pid, signal.SIGTERM)
            browser.wait()
PY
python3 drive.py > seen
cat seen

cat > expected <<'OUT'
firefox   plain        Origin own   Sec-Fetch-Site same-origin  Referer address
firefox   no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
firefox   sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer host
firefox   framed       Origin null  Sec-Fetch-Site cross-site   Referer host
chromium  plain        Origin own   Sec-Fetch-Site same-origin  Referer address
chromium  no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
chromium  sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer none
chromium  framed       Origin null  Sec-Fetch-Site cross-site   Referer none
webkitgtk plain        Origin own   Sec-Fetch-Site same-origin  Referer address
webkitgtk no-referrer  Origin null  Sec-Fetch-Site same-origin  Referer none
webkitgtk sandboxed    Origin null  Sec-Fetch-Site cross-site   Referer address
webkitgtk framed       Origin null  Sec-Fetch-Site cross-site   Referer address
OUT
diff expected seen
