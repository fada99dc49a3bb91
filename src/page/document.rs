use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha384};

use super::{SCRIPT, STYLE};

/// An HTML document with the Content Security Policy under which alone it may run.
#[derive(Clone)]
pub struct Document {
    /// The HTML.
    pub html: String,
    /// The policy, as the value of its header.
    pub policy: String,
}

impl Document {
    /// A document without any script.
    pub(super) fn plain(html: String) -> Self {
        let policy = format!("{}; script-src 'none'; img-src 'self'; trusted-types 'none'; {UNFRAMED}", common());
        Self { html, policy }
    }
}

/// No frame may hold a page. Browsers take this from the header alone.
pub(super) const UNFRAMED: &str = "frame-ancestors 'none'";

/// The policy of the page with its script, without what only a header can say. `api` is the origin of the service
/// where that is not the page's own.
pub(super) fn script_policy(api: &str) -> String {
    let allowed = [
        // 'self' is for scan.js, which the page loads by its digest alone.
        format!("script-src {} 'self'", source(SCRIPT)),
        format!("connect-src 'self' {api}"),
        "worker-src 'self'".into(),
        // A photo from the gallery is read from a blob.
        "img-src 'self' blob:".into(),
        "trusted-types countersign".into(),
    ];
    format!("{}; {}", common(), allowed.map(|part| part.trim_end().to_owned()).join("; "))
}

fn common() -> String {
    let style = source(STYLE);
    format!("default-src 'none'; style-src {style}; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'")
}

/// The digest by which alone a page loads a file, as Subresource Integrity writes it.
pub(super) fn integrity(content: &str) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

/// An inline element is known by its digest, so that nothing that was slipped in can run.
fn source(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
}
