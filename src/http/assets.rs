//! The page, embedded in the binary, with what the deployment fills in and the headers that hold it in place.

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    config::Organisation,
    keyring::{IssuerName, PublicKey},
    token::SpokenSize,
};

const INDEX: &str = include_str!("../../web/public/dist/index.html");
const ICON: &str = include_str!("../../web/public/icon.svg");
/// The style that the page and the plain form share.
pub const STYLE: &str = include_str!("../../web/public/dist/page.css");

/// What a deployment tells its pages.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The issuer name.
    pub issuer: IssuerName,
    /// Where the public side is reached.
    pub public_url: String,
    /// The pinned root key.
    pub root: PublicKey,
    /// How long spoken codes are.
    pub spoken: SpokenSize,
    /// Who runs the service.
    pub organisation: Organisation,
}

impl Deployment {
    fn json(&self) -> Value {
        let organisation = &self.organisation;
        json!({
            "issuer": self.issuer.as_str(),
            "public_url": self.public_url,
            "api": "",
            "root": {"kty": "OKP", "crv": "Ed25519", "x": self.root.jwk_x(), "kid": self.root.id().to_string()},
            "minimum_key_set": 1,
            "spoken_words": self.spoken.words(),
            "organisation": {
                "name": organisation.name, "telephone": organisation.telephone, "address": organisation.address,
                "exit_url": organisation.exit_url,
            },
            "languages": organisation.languages,
        })
    }
}

/// An HTML document with the policy under which alone it may run.
#[derive(Clone)]
pub struct Document {
    html: Bytes,
    policy: HeaderValue,
}

impl Document {
    /// The page for the person approached.
    pub fn index(deployment: &Deployment) -> Self {
        // `<` escaped: no value can close the element that holds the JSON (threat 24).
        let data = deployment.json().to_string().replace('<', "\\u003c");
        let html = INDEX
            .replace("__ORGANISATION_NAME__", &escape(&deployment.organisation.name))
            .replace("__ORGANISATION_TELEPHONE__", &escape(&deployment.organisation.telephone))
            .replace("__DEPLOYMENT__", &data);
        let scripts = hashes(&html, "<script>", "</script>");
        Self::new(html, &format!("script-src {scripts}; connect-src 'self'"))
    }

    /// A document without any script.
    pub fn plain(html: String) -> Self {
        Self::new(html, "script-src 'none'")
    }

    fn new(html: String, allowed: &str) -> Self {
        let styles = hashes(&html, "<style>", "</style>");
        let policy = format!(
            "default-src 'none'; {allowed}; style-src {styles}; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        // Hashes and fixed words are always a valid header; an empty policy would only be stricter: nothing would load.
        let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { html: html.into(), policy }
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, self.policy),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.html).into_response()
    }
}

/// The icon: a plain shape that says nothing to somebody who looks over a shoulder or into a history.
pub async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")];
    (headers, ICON)
}

/// The headers of every public answer.
pub fn guard(headers: &mut HeaderMap) {
    const GUARDS: [(HeaderName, HeaderValue); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static("camera=(self)")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    headers.extend(GUARDS);
}

/// CSP sources for every inline element between `open` and `close`.
fn hashes(html: &str, open: &str, close: &str) -> String {
    html.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .map(|content| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content))))
        .collect::<Vec<_>>()
        .join(" ")
}

fn escape(text: &str) -> String {
    maud::html! { (text) }.into_string()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::SigningKey;

    #[test]
    fn no_setting_can_break_out_of_its_place() {
        let hostile = "</script><script>alert(1)</script>&\"'";
        let deployment = Deployment {
            issuer: "verify.example.org".parse().unwrap(),
            public_url: hostile.into(),
            root: SigningKey::from_seed(&Zeroizing::new([1; 32])).public(),
            spoken: SpokenSize::Five,
            organisation: Organisation { name: hostile.into(), telephone: hostile.into(), ..Organisation::default() },
        };
        let page = Document::index(&deployment);
        assert!(!std::str::from_utf8(&page.html).unwrap().contains("<script>alert"));
        let policy = page.policy.to_str().unwrap();
        assert!(policy.contains("script-src 'sha256-") && policy.contains("style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
