#!/usr/bin/env bash
# Listens to page and console with Orca in Debian's Chromium and Firefox: "run.sh short" two scenes, "run.sh all" every one,
# "run.sh all --test-name-pattern=Welsh" those so named. Where it cannot run it says NOT RUN and why, and does not fail.
set -euo pipefail
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: the page by ear: $1"
    exit 0
}

missing=()
has() { [ -e "$2" ] || missing+=("$1"); }
has orca /usr/bin/orca
has at-spi2-core /usr/libexec/at-spi-bus-launcher
has python3-pyatspi /usr/lib/python3/dist-packages/pyatspi
has speech-dispatcher /usr/bin/speech-dispatcher
has xvfb /usr/bin/Xvfb
has xauth /usr/bin/xauth
has xdotool /usr/bin/xdotool
has openbox /usr/bin/openbox
has dbus-daemon /usr/bin/dbus-run-session
has chromium /usr/bin/chromium
has firefox-esr /usr/bin/firefox-esr
compgen -G '/usr/lib/*/girepository-1.0/Atspi-2.0.typelib' >/dev/null || missing+=(gir1.2-atspi-2.0)
[ ${#missing[@]} -eq 0 ] || not_run "install Debian's ${missing[*]}"

# Processes of its own; without root that needs a user namespace for that.
apart=(unshare --pid --fork --kill-child --mount-proc)
[ "$(id -u)" -eq 0 ] || apart=(unshare --user --map-root-user --pid --fork --kill-child --mount-proc)
"${apart[@]}" true 2>/dev/null || not_run "unshare may not make a process namespace here"

# Each browser in a session of its own, side by side: a voice spends most of the time speaking.
session() {
    local folder status=0
    folder=$(mktemp -d)
    # The namespace's first process is a shell: to it an X server does not say that it is ready, nor does dbus-run-session reap quietly.
    EAR_BROWSER=$1 EAR_FOLDER=$folder "${apart[@]}" bash -c 'xvfb-run "$@"; exit $?' first -a -n "$2" -s "-screen 0 1280x1024x24" \
        dbus-run-session -- ../tests/ear/session.sh node --import tsx --test --test-timeout=600000 "${@:3}" ../tests/ear/scenes.test.ts || status=$?
    # EAR_KEEP=1 leaves what was heard, and Orca's own log, which says why something is silent.
    if [ -n "${EAR_KEEP:-}" ]; then echo "kept: $folder"; else rm -rf "$folder"; fi
    return $status
}

export EAR_SCENES=${1:-all}
cd web
second=$(mktemp)
trap 'rm -f "$second"' EXIT
session Firefox 199 "${@:2}" >"$second" 2>&1 &
status=0
session Chromium 99 "${@:2}" || status=$?
wait $! || status=$?
cat "$second"
exit $status
