#!/bin/sh
# nginx 1.22.1, Apache 2.4.68, Caddy 2.6.2 and Varnish 7.1.1 compress an upstream's response that says no-transform.
#
# One would guess: Cache-Control: no-transform keeps a response's bytes and length as they are, whatever proxy stands before the
# service. RFC 9110 (7.7) and RFC 9111 (5.2.2.6) forbid an intermediary to change such content, so padding to one length, or a length
# that must not tell what is inside, looks safe behind it.
#
# Seen on 2026-11-30 with Debian 12's packages, each before the same small upstream with its usual switch for gzip on: four of the five
# compress the marked response just like the unmarked one, and hand on the mark that they broke. Only HAProxy 2.6.12 leaves it. What
# already has a Content-Encoding passes all five untouched, also when it is gzip of stored blocks, which is nothing but the plain bytes
# in a frame that is longer than they are.
#
# What helps: for clients that accept gzip, send gzip made at level 0. Its length depends on the length of the body alone, and no proxy
# here compresses it again. The mark is not enough, and to tell every operator to switch gzip off is a rule that nobody sees broken.
#
# Output seen (unmarked, marked, marked and sent as gzip of stored blocks):
#   nginx    compressed  compressed (mark kept)  as sent (mark kept)
#   apache   compressed  compressed (mark kept)  as sent (mark kept)
#   caddy    compressed  compressed (mark kept)  as sent (mark kept)
#   varnish  compressed  compressed (mark kept)  as sent (mark kept)
#   haproxy  compressed  as sent (mark kept)     as sent (mark kept)
set -eu

folder=$(mktemp -d)
started=
trap 'kill $started 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"

apt-get download nginx=1.22.1-9+deb12u9 haproxy=2.6.12-1+deb12u3 apache2-bin=2.4.68-1~deb12u1 caddy=2.6.2-5 varnish=7.1.1-2+deb12u1 \
    libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2 libapr1 libaprutil1 libjansson4 liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 \
    libedit2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$folder/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
export LD_LIBRARY_PATH="$libraries:$libraries/varnish" HOME="$folder" XDG_DATA_HOME="$folder" XDG_CONFIG_HOME="$folder"

cat > ports.py <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
print(*(s.getsockname()[1] for s in held))
PY
set -- $(python3 ports.py)
origin=$1 nginx=$2 apache=$3 caddy=$4 varnish=$5 haproxy=$6

cat > origin.py <<'PY'
import gzip, http.server, sys


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"the same words over and over\n" * 200
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        if "marked" in self.path:
            self.send_header("Cache-Control", "no-transform")
        if "stored" in self.path:
            body = gzip.compress(body, 0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
PY
python3 origin.py "$origin" 2> origin.log & started="$started $!"

cat > nginx.conf <<CONF
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $folder/n1; proxy_temp_path $folder/n2; fastcgi_temp_path $folder/n3; uwsgi_temp_path $folder/n4; scgi_temp_path $folder/n5;
    gzip on; gzip_types text/plain; gzip_proxied any;
    server { listen 127.0.0.1:$nginx; location / { proxy_pass http://127.0.0.1:$origin; } }
}
CONF
usr/sbin/nginx -c "$folder/nginx.conf" -e "$folder/nginx.log" & started="$started $!"

cat > apache.conf <<CONF
ServerRoot "$folder/usr/lib/apache2"
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule filter_module modules/mod_filter.so
LoadModule deflate_module modules/mod_deflate.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
ServerName localhost
Listen 127.0.0.1:$apache
PidFile $folder/apache.pid
DefaultRuntimeDir $folder
ErrorLog $folder/apache.log
AddOutputFilterByType DEFLATE text/plain
ProxyPass / http://127.0.0.1:$origin/
CONF
usr/sbin/apache2 -D FOREGROUND -f "$folder/apache.conf" & started="$started $!"

cat > Caddyfile <<CONF
{
    admin off
}
http://127.0.0.1:$caddy {
    encode gzip
    reverse_proxy 127.0.0.1:$origin
}
CONF
usr/bin/caddy run --config Caddyfile --adapter caddyfile 2> caddy.log & started="$started $!"

cat > varnish.vcl <<CONF
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "$origin"; }
sub vcl_backend_response { set beresp.do_gzip = true; }
CONF
usr/sbin/varnishd -F -j none -n "$folder/varnish" -a "127.0.0.1:$varnish" -f "$folder/varnish.vcl" -p vmod_path="$libraries/varnish/vmods" \
    -p vcl_path="$folder/usr/share/varnish/vcl" > varnish.log 2>&1 & started="$started $!"

cat > haproxy.cfg <<CONF
defaults
    mode http
    timeout client 10s
    timeout connect 10s
    timeout server 10s
frontend front
    bind 127.0.0.1:$haproxy
    compression algo gzip
    compression type text/plain
    default_backend back
backend back
    server origin 127.0.0.1:$origin
CONF
usr/sbin/haproxy -db -f haproxy.cfg 2> haproxy.log & started="$started $!"

cat > ask.py <<'PY'
import gzip, http.client, sys, time


def get(port, path):
    deadline = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            if answer.status < 500:  # 502 and 503 while the origin starts
                return answer, answer.read()
        except OSError:
            pass
        if time.monotonic() > deadline:
            sys.exit(f"no answer through port {port}")
        time.sleep(0.05)


stored = len(gzip.compress(b"the same words over and over\n" * 200, 0))
for name, port in (argument.split("=") for argument in sys.argv[1:]):
    words = []
    for path in ("/plain", "/marked", "/marked/stored"):
        answer, body = get(int(port), path)
        coded = answer.getheader("Content-Encoding", "")
        if path.endswith("stored"):
            word = "as sent" if (coded, len(body)) == ("gzip", stored) else "changed"
        else:
            word = {"": "as sent", "gzip": "compressed"}[coded]
        if "marked" in path:
            word += " (mark kept)" if answer.getheader("Cache-Control") == "no-transform" else " (mark lost)"
        words.append(word)
    print(f"{name:<8} {words[0]:<11} {words[1]:<23} {words[2]}")
PY
python3 ask.py nginx=$nginx apache=$apache caddy=$caddy varnish=$varnish haproxy=$haproxy > seen
cat seen

cat > expected <<'OUT'
nginx    compressed  compressed (mark kept)  as sent (mark kept)
apache   compressed  compressed (mark kept)  as sent (mark kept)
caddy    compressed  compressed (mark kept)  as sent (mark kept)
varnish  compressed  compressed (mark kept)  as sent (mark kept)
haproxy  compressed  as sent (mark kept)     as sent (mark kept)
OUT
diff expected seen
