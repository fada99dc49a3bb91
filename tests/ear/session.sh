#!/usr/bin/env bash
# Runs a command where Orca listens: a display, a window manager, the accessibility bus and a speech service that writes down what it
# is to say. run.sh starts this within a process namespace, since Orca takes any other Orca for its own, and a bus and display of its own.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
export HOME=$EAR_FOLDER/home XDG_RUNTIME_DIR=$EAR_FOLDER/run EAR_HEARD=$EAR_FOLDER/heard EAR_SAY=$here/say.py
export SPEECHD_ADDRESS=unix_socket:$XDG_RUNTIME_DIR/speechd.sock
export GNOME_ACCESSIBILITY=1 GTK_MODULES=gail:atk-bridge LC_ALL=C.UTF-8

mkdir -p "$HOME/.local/share/orca" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
printf 'pcm.!default { type null }\nctl.!default { type null }\n' >"$HOME/.asoundrc"
cp "$here/orca.conf" "$HOME/.local/share/orca/user-settings.conf"
: >"$EAR_HEARD"

# Waits for something that another program is to do.
until_true() {
    local name=$1 tries
    shift
    for tries in {1..150}; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "$name did not come up:" >&2
    tail -n 5 "$EAR_FOLDER"/*.log >&2
    exit 1
}

openbox >"$EAR_FOLDER/openbox.log" 2>&1 &
accessible() {
    dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \
        string:org.a11y.Status "string:$1" variant:boolean:true
}
for property in IsEnabled ScreenReaderEnabled; do until_true "the accessibility bus" accessible $property; done
speech-dispatcher -s -C "$here/speechd" -S "$XDG_RUNTIME_DIR/speechd.sock" -t 0 >"$EAR_FOLDER/speechd.log" 2>&1 &
until_true speech-dispatcher test -S "$XDG_RUNTIME_DIR/speechd.sock"
orca --disable=braille --debug-file="$EAR_FOLDER/orca-debug.txt" >"$EAR_FOLDER/orca.log" 2>&1 &
until_true Orca grep -q END "$EAR_HEARD"
"$@"
