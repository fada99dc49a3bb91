#!/bin/sh
# Orca 43.1 with Chromium 156: a heading that takes the focus from a button that is removed is not spoken, nor is main with its name.
#
# One would guess: moving the focus to the new h1, or to main, is how a page of one document has its next screen announced, as guides to
# such pages say. Both are silent here; the person hears "return", and then nothing. The same page is spoken in Firefox with the same Orca.
#
# Seen on 2026-11-30 with Debian 12's packages. Orca runs on a display of its own and speaks into a program that writes each sentence down;
# Return is a key of the display. Orca's own log says why: the button's removal has Orca move to the first text that is left, without a
# word, and that is the heading in which the focus then arrives, so that for Orca nothing changes. Tests of the accessibility tree, axe-core
# and virtual screen readers see a heading with the focus and find all well.
#
# What helps: put the focus on a group around heading and first sentences, named by the one (aria-labelledby) and described by the others
# (aria-describedby). Both browsers then have both spoken.
#
# Output seen (what the click does; the browser; what is said after Return):
#   focus the heading             Chromium  -
#   focus the heading             Firefox   Second screen heading level 1.
#   focus main, named by it       Chromium  -
#   focus main, named by it       Firefox   main content Second screen.
#   focus a group, named by it    Chromium  Second screen panel. / It says this.
#   focus a group, named by it    Firefox   Second screen panel. / It says this.
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
<main><h1>First screen</h1><button>Next</button></main>
<script>
// as many pages do that have one screen at a time
const make = (name, text, attributes = {}) => {
  const made = Object.assign(document.createElement(name), { textContent: text });
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
};
const main = document.querySelector("main");
const show = {
  heading() {
    main.replaceChildren(make("h1", "Second screen", { tabindex: -1 }), make("p", "It says this."));
    main.querySelector("h1").focus();
  },
  main() {
    main.replaceChildren(make("h1", "Second screen", { id: "title" }), make("p", "It says this."));
    main.tabIndex = -1;
    main.setAttribute("aria-labelledby", "title");
    main.focus();
  },
  group() {
    const group = make("div", "", { role: "group", tabindex: -1, "aria-labelledby": "title", "aria-describedby": "said" });
    group.append(make("h1", "Second screen", { id: "title" }), make("p", "It says this.", { id: "said" }));
    main.replaceChildren(group);
    group.focus();
  },
};
document.querySelector("button").onclick = () => {
  show[location.hash.slice(1)]();
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
WAYS = {"heading": "focus the heading", "main": "focus main, named by it", "group": "focus a group, named by it"}


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
        x("search", "--sync", "--onlyvisible", "--class", kind, "windowactivate", "--sync")
        until(lambda: has_title("first"), "the page")
        silence(2)
        # where nothing is: from there Tab leads to the button, and keys go to the page
        x("getactivewindow", "mousemove", "--window", "%1", "20", "500", "click", "1")
        silence(2)
        x("key", "Tab")
        until(lambda: any(text.startswith("Next") for text in said()[-2:]), "the button")
        silence(1)
        before = len(said())
        x("key", "Return")
        until(lambda: has_title("second"), "the second screen")
        silence(4)
        texts = [text for text in said()[before:] if text.strip() not in ("return", "clickable.")]
        return " / ".join(texts) or "-"
    finally:
        os.killpg(browser.pid, 15)
        browser.wait()


for way, words in WAYS.items():
    for name in BROWSERS:
        print(f"{words:<28}  {name:<8}  {heard_after(name, way)}", flush=True)
PY
unshare --pid --fork --kill-child --mount-proc bash -c 'xvfb-run "$@"; exit $?' first -a -n 399 -s "-screen 0 1280x1024x24" \
    dbus-run-session -- sh session.sh > session.log 2>&1 || cat session.log
cat seen

cat > expected <<'OUT'
focus the heading             Chromium  -
focus the heading             Firefox   Second screen heading level 1.
focus main, named by it       Chromium  -
focus main, named by it       Firefox   main content Second screen.
focus a group, named by it    Chromium  Second screen panel. / It says this.
focus a group, named by it    Firefox   Second screen panel. / It says this.
OUT
diff expected seen
