//! HTTPS, which a proxy in front of us speaks.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use crate::page::STRICT_TRANSPORT;

/// Adds to every answer that browsers shall come by HTTPS alone (RFC 6797), where `url` says that people do. For this host and no
/// other: what runs under its sub-domains is not ours to say.
pub fn strict(url: &str) -> impl Fn(Response) -> Response + Clone + use<> {
    let is_https = url.starts_with("https://");
    move |mut response| {
        if is_https {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_people_come_by_https() {
        let said = |url| strict(url)(Response::default()).headers().get(header::STRICT_TRANSPORT_SECURITY).cloned();
        assert_eq!(said("https://verify.example.org").unwrap(), "max-age=63072000");
        assert_eq!(said("http://localhost:8080"), None);
    }
}
