#!/usr/bin/env bash
# Every test, stage by stage, with the time that each took. Installs what is missing and may be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

stage() {
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@"
    times+=("$(printf '%5ds  %s' $((SECONDS - start)) "$name")")
}
times=()

# Debian's Chromium drives the page's tests; a machine without it and without the right to install it is told so.
browser() {
    if [ -x /usr/bin/chromium ]; then return; fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium >/dev/null || {
        echo "The browser tests need Debian's chromium, which could not be installed; install it and run make test again." >&2
        return 1
    }
}

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --document-private-items; }

stage "page: build" make --no-print-directory web
stage "page: types" npm --prefix web run --silent typecheck
stage "page: unit tests" npm --prefix web run --silent test
stage "rust: format" cargo fmt --check
stage "rust: clippy" cargo clippy --quiet --all-targets -- -D warnings
stage "rust: documentation" docs
stage "rust: build" cargo test --quiet --no-run
stage "rust: tests" cargo test --quiet
stage "browser: install" browser
stage "browser: tests" npm --prefix web run --silent test:browser

printf '\n== time\n'
printf '%s\n' "${times[@]}"
