//! Proxies with compression on: what to change in the files of deploy/, each as what stands there and what it becomes.

use super::front::Kind;

/// What makes a proxy compress all that the service answers.
pub fn compressing(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Nginx => ("gzip off;", "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;"),
        Kind::Apache => (
            "ServerTokens Prod",
            "ServerTokens Prod\n\
             LoadModule filter_module modules/mod_filter.so\n\
             LoadModule deflate_module modules/mod_deflate.so\n\
             AddOutputFilterByType DEFLATE application/json application/problem+json application/octet-stream text/html",
        ),
        Kind::Caddy => (
            "import closed\n\treverse_proxy 10.0.0.11:8080",
            "import closed\n\tencode gzip zstd {\n\t\tminimum_length 1\n\t\tmatch {\n\t\t\theader Content-Type application/*\n\
             \t\t\theader Content-Type text/html*\n\t\t}\n\t}\n\treverse_proxy 10.0.0.11:8080",
        ),
        Kind::Haproxy => (
            "option http-server-close",
            "option http-server-close\n    compression algo gzip\n\
             \x20   compression type application/json application/problem+json application/octet-stream text/html",
        ),
    }
}

/// What makes it compress what the service wrapped for the client: most take away what the client accepts, Apache unpacks and packs.
pub fn insisting(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Nginx => ("proxy_set_header Host $http_host;", "proxy_set_header Host $http_host; proxy_set_header Accept-Encoding \"\";"),
        Kind::Apache => ("ProxyRequests Off", "ProxyRequests Off\nSetOutputFilter INFLATE;DEFLATE"),
        Kind::Caddy => ("lb_policy least_conn", "lb_policy least_conn\n\t\theader_up -Accept-Encoding"),
        Kind::Haproxy => ("balance leastconn", "balance leastconn\n    compression offload"),
    }
}

/// What keeps it from noticing that no verifier is ready, which it would answer itself.
pub fn inattentive(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::Nginx => None,
        Kind::Apache => Some(("hcinterval=1 ", "hcinterval=3600 ")),
        Kind::Caddy => Some(("health_interval 1s", "health_interval 1h")),
        Kind::Haproxy => Some(("inter 1s", "inter 1h")),
    }
}

pub const VARNISH: &str = "sub vcl_backend_response { set beresp.do_gzip = true; }";
pub const VARNISH_INSISTING: &str = "sub vcl_backend_fetch { unset bereq.http.Accept-Encoding; }";
