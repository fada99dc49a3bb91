#!/bin/sh
# Firefox 153.8 on Linux: every voice of the machine's own synthesiser says localService false.
#
# One would guess: SpeechSynthesisVoice.localService is true for a voice of a synthesiser on the device (Web Speech API), so a page that
# must not send its text away can go by it, and Firefox and Chromium say the same of the same voices.
#
# Seen on 2026-11-30 with Debian 12's packages: espeak-ng 1.51 behind speech-dispatcher 0.11.4, reached by a Unix socket, in a network
# namespace of its own without an address. Chromium (with --enable-speech-dispatcher) says true of all its voices, Firefox of the same
# ones false; and yet Firefox speaks with one there, where no text can leave the machine. WebKitGTK was not tried.
#
# What helps: nothing in a page. One that insists on localService offers no reading aloud in Firefox on Linux.
#
# Output seen (voices, how many of them are local, what became of a sentence):
#   firefox   voices yes  local none  spoken start end
#   chromium  voices yes  local all   spoken start end
set -eu

# Browsers and speech-dispatcher do not run from a folder of their own like the packages of the other scripts, so these are installed
# where they are missing. The synthesiser does.
firefox='153.8.0esr-1~deb12u1' chromium='156.0.8078.114-1~deb12u1' dispatcher='0.11.4-2' espeak='1.51+dfsg-10+deb12u2'
has() { [ "$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null)" = "$2" ]; }
has firefox-esr "$firefox" && has chromium "$chromium" && has speech-dispatcher "$dispatcher" && has libspeechd2 "$dispatcher" ||
    apt-get install --yes --no-install-recommends "firefox-esr=$firefox" "chromium=$chromium" "speech-dispatcher=$dispatcher" \
        "libspeechd2=$dispatcher" >/dev/null 2>&1
printf '# %s\n' "$(firefox-esr --version)" "$(chromium --version 2>/dev/null)"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download "speech-dispatcher-espeak-ng=$dispatcher" "libespeak-ng1=$espeak" "espeak-ng-data=$espeak" libpcaudio0=1.2-2 \
    libsonic0=0.2.0-12 >/dev/null 2>&1
for package in *.deb; do dpkg-deb --extract "$package" root; done
libraries=$(dirname "$(find "$folder/root" -name 'libespeak-ng.so.1')")
mkdir -p speechd/modules
touch speechd/modules/espeak-ng.conf
cat > speechd/speechd.conf <<CONF
AudioOutputMethod "alsa"
AddModule "espeak-ng" "$folder/root/usr/lib/speech-dispatcher-modules/sd_espeak-ng" "espeak-ng.conf"
DefaultModule espeak-ng
CONF
# a machine that tests has no sound card
printf 'pcm.!default { type null }\nctl.!default { type null }\n' > .asoundrc

cat > drive.py <<'PY'
import http.server, os, queue, signal, subprocess, tempfile, threading

PAGE = b"""<!doctype html><title>page</title><script>
const heard = [];
const say = () => {
  const voices = speechSynthesis.getVoices();
  const voice = voices.filter((one) => /^en/.test(one.lang))[0];
  if (heard.length > 0 || voice === undefined) return;
  const utterance = new SpeechSynthesisUtterance("Hello");
  utterance.voice = voice;
  const local = voices.filter((one) => one.localService).length;
  const report = (what) => {
    heard.push(what);
    if (what === "start") return;
    const share = local === 0 ? "none" : local === voices.length ? "all" : "some";
    navigator.sendBeacon("/", `voices yes  local ${share.padEnd(4)}  spoken ${heard.join(" ")}`);
  };
  for (const what of ["start", "end", "error"]) utterance.addEventListener(what, () => report(what));
  speechSynthesis.speak(utterance);
};
speechSynthesis.addEventListener("voiceschanged", say);
addEventListener("click", say);
setTimeout(say, 3000);
</script>"""
said = queue.Queue()


class Files(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(PAGE)

    def do_POST(self):
        said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answer(b"")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://localhost:{server.server_port}/"
for name in ("firefox", "chromium"):
    with tempfile.TemporaryDirectory(dir=".", ignore_cleanup_errors=True) as home:
        home = os.path.abspath(home)
        command = {
            "firefox": ["firefox-esr", "--headless", "--no-remote", "--profile", home, url],
            "chromium": ["chromium", "--headless", "--no-sandbox", "--no-first-run", "--enable-speech-dispatcher",
                         "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={home}", url],
        }[name]
        browser = subprocess.Popen(command, env={**os.environ, "HOME": home}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            print(f"{name:<9} {said.get(timeout=60)}")
        except queue.Empty:
            print(f"{name:<9} nothing")
        os.killpg(browser.pid, signal.SIGTERM)
        browser.wait()
PY
cat > run.sh <<'SH'
ip link set lo up 2>/dev/null || true
speech-dispatcher --run-single --config-dir "$PWD/speechd" --socket-path "$PWD/speechd.sock" --timeout 0 >/dev/null 2>&1 & dispatcher=$!
trap 'kill $dispatcher' EXIT
for _ in $(seq 100); do [ -S speechd.sock ] && break; sleep 0.1; done
python3 drive.py
SH
env HOME="$folder" XDG_RUNTIME_DIR="$folder" SPEECHD_ADDRESS="unix_socket:$folder/speechd.sock" LD_LIBRARY_PATH="$libraries" \
    ESPEAK_DATA_PATH="$libraries" unshare --user --map-root-user --net sh run.sh > seen
cat seen

cat > expected <<'OUT'
firefox   voices yes  local none  spoken start end
chromium  voices yes  local all   spoken start end
OUT
diff expected seen
