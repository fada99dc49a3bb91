#!/bin/sh
# Orca 43.1 with Firefox 153: an element with role=alert that is there already is not spoken when its text changes.
#
# One would guess: role=alert is by definition an assertive live region (WAI-ARIA 1.2, alert), so an empty one waits in the page, and a
# text that is written into it is spoken, as it is with aria-live=assertive. That is what guides to error messages do.
#
# Seen on 2026-12-01 with Debian 12's packages. The same page is spoken in Chromium. In Firefox an alert is spoken as it is put into the
# page, and aria-live=assertive as its text changes. Tests of the
# accessibility tree and virtual screen readers see an alert with a text and find all well.
#
# What helps: put a new element with role=alert in at each message.
#
# Output seen (what the click does; the browser; what is said after Return):
#   text into role=alert           Chromium  A word is missing.
#   text into role=alert           Firefox   -
#   text into aria-live=assertive  Chromium  A word is missing.
#   text into aria-live=assertive  Firefox   A word is missing.
#   role=alert with text put in    Chromium  A word is missing.
#   role=alert with text put in    Firefox   A word is missing.
set -eu

# A browser and a screen reader do not run from a folder of their own, so these are installed where they are missing.
versions='orca=43.1-1 chromium=156.0.8078.114-1~deb12u1 firefox-esr=153.8.0esr-1~deb12u1 at-spi2-core=2.46.0-5 speech-dispatcher=0.11.4-2'
others='python3-pyatspi gir1.2-atspi-2.0 xvfb xauth xdotool openbox dbus dbus-x11'
for package in $versions; do
    [ "$(dpkg-query -W -f '${Version}' "${package%%=*}" 2>/dev/null)" = "${package#*=}" ] || missing=1
done
for package in $others; do dpkg-query -W "$package" >/dev/null 2>&1 || missing=1; done
# shellcheck disable=SC2086
[ -z "${missing:-}" ] || apt-get install --yes --no-install-recommends $versions $others >/dev/null 2>&1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p home/.local/share/orca run speechd/modules
chmod 700 run

cat > page.html <<'HTML'
<!doctype html>
<html lang="en">
<title>first</title>
<body style="margin: 100px">
<main><h1>One screen</h1><button>Next</button><p id="alert" role="alert"></p><p id="live" aria-live="assertive"></p><p id="plain"></p></main>
<script>
const say = {
  text: () => document.getElementById("alert").textContent = "A word is missing.",
  live: () => document.getElementById("live").textContent = "A word is missing.",
  put() {
    const alert = document.createElement("span");
    alert.setAttribute("role", "alert");
    alert.textContent = "A word is missing.";
    document.getElementById("plain").append(alert);
  },
};
document.querySelector("button").onclick = () => {
  say[location.hash.slice(1)]();
  document.title = "second";
};
</script>
HTML

printf 'pcm.!default { type null }\nctl.!default { type null }\n' > home/.asoundrc
cat > speechd/speechd.conf <<'CONF'
AudioOutputMethod "alsa"
AddModule "logger" "sd_generic" "logger.conf"
DefaultModule logger
DefaultLanguage "en"
SymbolsPreproc "none"
CONF
cat > speechd/modules/logger.conf <<CONF
GenericExecuteSynth "printf '%s\\\\n' '\$DATA' >> $folder/heard"
GenericMaxChunkLength 3000
GenericRateAdd 1
GenericPitchAdd 1
GenericVolumeAdd 1
GenericLanguage "en" "en" "utf-8"
AddVoice "en" "male1" "en-voice"
DefaultVoice "en-voice"
CONF
cat > home/.local/share/orca/user-settings.conf <<'CONF'
{ "general": { "speechServerFactory": "speechdispatcherfactory", "enableSpeech": true, "enableBraille": false, "sayAllOnLoad": false,
    "activeProfile": ["Default", "default"], "startingProfile": ["Default", "default"] },
  "profiles": { "default": { "profile": ["Default", "default"], "pronunciations": {}, "keybindings": {},
    "speechServerFactory": "speechdispatcherfactory", "enableSpeech": true, "sayAllOnLoad": false } },
  "pronunciations": {}, "keybindings": {} }
CONF

cat > session.sh <<'SH'
export HOME="$PWD/home" XDG_RUNTIME_DIR="$PWD/run" GNOME_ACCESSIBILITY=1 GTK_MODULES=gail:atk-bridge LC_ALL=C.UTF-8
export SPEECHD_ADDRESS="unix_socket:$PWD/run/speechd.sock"
: > heard
openbox > openbox.log 2>&1 &
for property in IsEnabled ScreenReaderEnabled; do
    until dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \
        string:org.a11y.Status "string:$property" variant:boolean:true > dbus.log 2>&1; do sleep 0.1; done
done
speech-dispatcher -s -C speechd -S run/speechd.sock -t 0 > speechd.log 2>&1 &
until [ -S run/speechd.sock ]; do sleep 0.1; done
orca --disable=braille > orca.log 2>&1 &
until grep -q . heard; do sleep 0.1; done
exec python3 drive.py > seen
SH

cat > drive.py <<'PY'
import os, subprocess, sys, time

PAGE = "file://" + os.path.abspath("page.html")
BROWSERS = {
    "Chromium": ("chromium", ["chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--force-renderer-accessibility"]),
    "Firefox": ("firefox", ["firefox-esr", "--new-instance"]),
}
WAYS = {"text": "text into role=alert", "live": "text into aria-live=assertive", "put": "role=alert with text put in"}


def said():
    with open("heard", encoding="utf-8") as heard:
        return heard.read().splitlines()


def until(done, what):
    end = time.monotonic() + 30
    while not done():
        if time.monotonic() > end:
            sys.exit(f"{what} never came; said: {said()}")
        time.sleep(0.05)


def silence(seconds):
    count, since = -1, 0
    while count != len(said()) or time.monotonic() - since < seconds:
        if count != len(said()):
            count, since = len(said()), time.monotonic()
        time.sleep(0.05)


def x(*words):
    return subprocess.run(["xdotool", *words], check=True, capture_output=True, text=True, timeout=30).stdout


def has_title(title):
    return subprocess.run(["xdotool", "getactivewindow", "getwindowname"], capture_output=True, text=True).stdout.startswith(title)


def activate(kind):
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", kind, "windowactivate", "--sync"], capture_output=True)
    return found.returncode == 0


def heard_after(name, way):
    kind, command = BROWSERS[name]
    profile = os.path.abspath(f"profile-{name}-{way}")
    os.mkdir(profile)
    if name == "Firefox":
        with open(profile + "/user.js", "w") as prefs:
            prefs.write('user_pref("accessibility.force_disabled", -1);\nuser_pref("browser.aboutwelcome.enabled", false);\n'
                        'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n')
    where = ["--profile", profile] if name == "Firefox" else [f"--user-data-dir={profile}"]
    with open("browser.log", "w") as log:
        browser = subprocess.Popen([*command, *where, f"{PAGE}#{way}"], stdout=log, stderr=log, start_new_session=True)
    try:
        # a window of the start may be gone before it is activated
        until(lambda: activate(kind) and has_title("first"), "the page")
        silence(2)
        # where nothing is: from there Tab leads to the button, and keys go to the page
        x("getactivewindow", "mousemove", "--window", "%1", "20", "500", "click", "1")
        silence(2)
        x("key", "Tab")
        until(lambda: any(text.startswith("Next") for text in said()[-2:]), "the button")
        silence(1)
        before = len(said())
        x("key", "Return")
        until(lambda: has_title("second"), "the message")
        silence(4)
        texts = [text for text in said()[before:] if text.strip() not in ("return", "clickable.")]
        return " / ".join(texts) or "-"
    finally:
        os.killpg(browser.pid, 15)
        browser.wait()


for way, words in WAYS.items():
    for name in BROWSERS:
        print(f"{words:<29}  {name:<8}  {heard_after(name, way)}", flush=True)
PY
unshare --pid --fork --kill-child --mount-proc bash -c 'xvfb-run "$@"; exit $?' first -a -n 399 -s "-screen 0 1280x1024x24" \
    dbus-run-session -- sh session.sh > session.log 2>&1 || cat session.log
cat seen

cat > expected <<'OUT'
text into role=alert           Chromium  A word is missing.
text into role=alert           Firefox   -
text into aria-live=assertive  Chromium  A word is missing.
text into aria-live=assertive  Firefox   A word is missing.
role=alert with text put in    Chromium  A word is missing.
role=alert with text put in    Firefox   A word is missing.
OUT
diff expected seen
