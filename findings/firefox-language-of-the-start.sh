#!/bin/sh
# Firefox 153: once a document's language was changed, a part that says in its own lang what the language now is, is given out in the first.
#
# One would guess: assistive technology is given the language that HTML defines, that of the nearest lang attribute. At least an element
# that was made after the change, with a lang of its own, should be in that; only its surroundings might be out of date.
#
# Seen on 2026-11-30 with Debian 12's packages, by the text attributes of AT-SPI, from which screen readers choose a voice: the document
# keeps the language that it came in, and for an element another is noted only where it is not that of the element around it. So after
# html went from English to Welsh, a new paragraph is English to a screen reader, with lang="cy" as well as without, while one in Polish
# is Polish. A page that changes its language without being loaded again, as one-page sites do, is read by the wrong voice for as long as
# it is open. Chromium 156 gives all of them as HTML has it.
#
# What helps: leave the first language on an element around what is new (main), and say the new one on each part in it.
#
# Output seen (the paragraph; its language in Firefox; in Chromium):
#   from the start, lang=cy                     cy  cy
#   new, after html became cy                   en  cy
#   new, with lang=cy                           en  cy
#   new, with lang=pl                           pl  pl
#   new, with lang=cy, in a section lang=en     cy  cy
set -eu

# Browsers do not run from a folder of their own, so these are installed where they are missing.
versions='chromium=156.0.8078.114-1~deb12u1 firefox-esr=153.8.0esr-1~deb12u1 at-spi2-core=2.46.0-5'
others='python3-pyatspi gir1.2-atspi-2.0 xvfb xauth dbus'
for package in $versions; do
    [ "$(dpkg-query -W -f '${Version}' "${package%%=*}" 2>/dev/null)" = "${package#*=}" ] || missing=1
done
for package in $others; do dpkg-query -W "$package" >/dev/null 2>&1 || missing=1; done
# shellcheck disable=SC2086
[ -z "${missing:-}" ] || apt-get install --yes --no-install-recommends $versions $others >/dev/null 2>&1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p home run
chmod 700 run

cat > page.html <<'HTML'
<!doctype html>
<html lang="en">
<title>page</title>
<main><p lang="cy">from the start, lang=cy</p></main>
<script>
const change = () => {
  document.documentElement.lang = "cy";
  document.querySelector("main").insertAdjacentHTML("beforeend", `
    <p>new, after html became cy</p>
    <p lang="cy">new, with lang=cy</p>
    <p lang="pl">new, with lang=pl</p>
    <section lang="en"><p lang="cy">new, with lang=cy, in a section lang=en</p></section>`);
};
// assistive technology has the page by then: the driver fails unless it has seen it without what is new
setTimeout(change, 15000);
</script>
HTML

cat > look.py <<'PY'
import os, subprocess, sys, time
import pyatspi

PAGE = "file://" + os.path.abspath("page.html")
COMMANDS = {
    "Firefox": ["firefox-esr", "--new-instance", "--profile", "firefox"],
    "Chromium": ["chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--force-renderer-accessibility", "--user-data-dir=chromium"],
}
LAST = "new, with lang=cy, in a section lang=en"


def below(one):
    yield one
    for child in one:
        if child is not None:
            yield from below(child)


def paragraphs(browser):
    found = {}
    for one in browser_objects(browser):
        if one.getRole() == pyatspi.ROLE_PARAGRAPH:
            text = one.queryText()
            attributes = dict(each.split(":", 1) for each in text.getDefaultAttributes().split(";") if ":" in each)
            found[text.getText(0, -1).strip()] = attributes.get("language", "-").strip()
    return found


def browser_objects(browser):
    for application in pyatspi.Registry.getDesktop(0):
        if application is not None and browser.lower() in application.name.lower():
            yield from below(application)


def until(look, what):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except Exception:
            pass  # a part of the tree that goes while it is read
        time.sleep(0.2)
    sys.exit(f"{what} never came")


def languages(browser):
    os.mkdir(browser.lower())
    with open("firefox/user.js", "w") as settings:
        settings.write('user_pref("accessibility.force_disabled", -1);\nuser_pref("browser.aboutwelcome.enabled", false);\n'
                       'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n')
    with open("browser.log", "w") as log:
        started = subprocess.Popen([*COMMANDS[browser], PAGE], stdout=log, stderr=log, start_new_session=True)
    try:
        if LAST in until(lambda: paragraphs(browser), "the page"):
            sys.exit("the page was too slow to be seen before its change")
        return until(lambda: LAST in (found := paragraphs(browser)) and found, "what is new")
    finally:
        os.killpg(started.pid, 15)
        started.wait()


firefox, chromium = languages("Firefox"), languages("Chromium")
with open("seen", "w") as seen:
    for text in firefox:
        seen.write(f"{text:<42}  {firefox[text]:<2}  {chromium.get(text, '-')}\n")
PY

cat > session.sh <<'SH'
export HOME="$PWD/home" XDG_RUNTIME_DIR="$PWD/run" GNOME_ACCESSIBILITY=1 LC_ALL=C.UTF-8
for property in IsEnabled ScreenReaderEnabled; do
    until dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \
        string:org.a11y.Status "string:$property" variant:boolean:true; do sleep 0.1; done
done
exec /usr/bin/python3 look.py
SH
unshare --pid --fork --kill-child --mount-proc bash -c 'xvfb-run "$@"; exit $?' first -a -n 499 -s "-screen 0 1280x1024x24" \
    dbus-run-session -- sh session.sh > session.log 2>&1 || cat session.log
cat seen

cat > expected <<'OUT'
from the start, lang=cy                     cy  cy
new, after html became cy                   en  cy
new, with lang=cy                           en  cy
new, with lang=pl                           pl  pl
new, with lang=cy, in a section lang=en     cy  cy
OUT
diff expected seen
