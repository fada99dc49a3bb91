#!/bin/sh
# WebKitGTK 2.50.6: a page is controlled by its service worker, and getRegistration and getRegistrations say that there is none.
#
# One would guess: navigator.serviceWorker.ready, controller and getRegistration tell of one thing, and what another origin did before has
# no part in it. A page that counts or removes its workers by getRegistrations can trust the list.
#
# Seen on 2026-11-30 with Debian 12's packages, driven by WebKitWebDriver, each case in a fresh profile with two origins on localhost:
# origin A has registered a worker and unregistered it, and its page has gone; in the next window that is opened, origin B registers a
# worker and loads its page again. The page is controlled, and ready resolves to its registration, while getRegistration gives undefined
# and getRegistrations an empty list. They still do when the page is loaded once more. One window later B sees its registration. None
# of this happens when A's worker stays, when A's page stays, or in the window that A had. So a clean-up that goes by the list leaves
# the worker where it is, and tests that share a browser between services fail in the second for what the first did.
#
# What helps: ask ready as well, with a time limit, before calling a page free of workers; in tests a fresh browser for each service.
#
# Output seen (what A did before B's window was opened; what B then sees):
#   nothing                     ready, controlled, getRegistration one, getRegistrations 1
#   registered                  ready, controlled, getRegistration one, getRegistrations 1
#   unregistered                ready, controlled, getRegistration one, getRegistrations 1
#   unregistered, gone          ready, controlled, getRegistration none, getRegistrations 0
#   ... one window later        ready, controlled, getRegistration one, getRegistrations 1
#   unregistered, gone, no new  ready, controlled, getRegistration one, getRegistrations 1
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

FILES = {
    "/": ("text/html", b"<!doctype html><title>page</title>"),
    "/worker.js": ("text/javascript", b"oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim());"),
}
REGISTER = "await navigator.serviceWorker.register('/worker.js'); await navigator.serviceWorker.ready;"
UNREGISTER = "return await (await navigator.serviceWorker.getRegistration()).unregister();"
LOOK = """
    const workers = navigator.serviceWorker;
    const ready = await Promise.race([workers.ready, new Promise((done) => setTimeout(done, 5000, null))]);
    const one = await workers.getRegistration();
    const all = await workers.getRegistrations();
    const words = [ready ? "ready" : "not ready", workers.controller ? "controlled" : "free", `getRegistration ${one ? "one" : "none"}`];
    return [...words, `getRegistrations ${all.length}`].join(", ");
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

    def window(self):
        self.ask("/window", {"handle": self.ask("/window/new", {"type": "window"})["handle"]})


for name in ("nothing", "registered", "unregistered", "unregistered, gone", "unregistered, gone, no new"):
    a, b = origin(), origin()
    with Browser() as browser:
        if "registered" in name:
            browser.go(a)
            browser.run(REGISTER)
            browser.go(a)
        if "unregistered" in name:
            assert browser.run(UNREGISTER) is True
        if "gone" in name:
            browser.go("about:blank")
        if "no new" not in name:
            browser.window()
        browser.go(b)
        browser.run(REGISTER)
        browser.go(b)
        seen = browser.run(LOOK)
        browser.go(b)
        assert browser.run(LOOK) == seen
        print(f"{name:<26}  {seen}")
        if name == "unregistered, gone":
            browser.window()
            browser.go(b)
            print(f"{'... one window later':<26}  {browser.run(LOOK)}")
PY
python3 drive.py > seen
cat seen

cat > expected <<'OUT'
nothing                     ready, controlled, getRegistration one, getRegistrations 1
registered                  ready, controlled, getRegistration one, getRegistrations 1
unregistered                ready, controlled, getRegistration one, getRegistrations 1
unregistered, gone          ready, controlled, getRegistration none, getRegistrations 0
... one window later        ready, controlled, getRegistration one, getRegistrations 1
unregistered, gone, no new  ready, controlled, getRegistration one, getRegistrations 1
OUT
diff expected seen
