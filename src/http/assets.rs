//! The page and its files as they go out: whole, compressed once, when somebody first asks for them, and with the headers that hold them in place.

use std::sync::{Arc, LazyLock, OnceLock};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use libdeflater::{CompressionLvl, Compressor};

use super::negotiation::accepts_gzip;
use crate::{
    page::{Document, ENTER, HEADERS, ICON, Pages, SCAN, WORKER},
    words::{Language, choose},
};

/// A file of the page.
#[derive(Clone)]
pub struct Asset {
    media: &'static str,
    policy: HeaderValue,
    plain: Bytes,
    /// Filled by the first who takes it: a tenth of a start would go into files that nobody asks for.
    gzip: Arc<OnceLock<Bytes>>,
}

/// All files of the page.
pub struct Assets {
    indexes: Vec<(Language, Asset)>,
    languages: Vec<(Language, Asset)>,
    /// The decoder.
    pub scan: Asset,
    /// The screens for those who type.
    pub enter: Asset,
    /// The service worker.
    pub worker: Asset,
    /// The icon.
    pub icon: Asset,
}

impl Assets {
    /// The files of a deployment's page.
    pub fn new(pages: &Pages) -> Self {
        let index = |Document { html, policy }| Asset::new("text/html; charset=utf-8", &policy, html);
        // A worker lives under its own policy, not under the page's.
        let policy = pages.for_reader("").index().policy;
        let file = |media, content: &str| Asset::new(media, &policy, content.to_owned());
        Self {
            indexes: pages.each().map(|page| (page.words.language, index(page.index()))).collect(),
            languages: pages.each().map(|page| (page.words.language, file("application/json", &page.texts()))).collect(),
            scan: file("text/javascript; charset=utf-8", SCAN),
            enter: file("text/javascript; charset=utf-8", ENTER),
            worker: file("text/javascript; charset=utf-8", WORKER),
            icon: file("image/svg+xml", ICON),
        }
    }

    /// The page in the language that the browser asks for.
    pub fn index(&self, request: &HeaderMap) -> Option<&Asset> {
        let languages: Vec<Language> = self.indexes.iter().map(|(language, _)| *language).collect();
        find(&self.indexes, choose(&languages, wanted(request)))
    }

    /// What the page says in a language, if the deployment has it.
    pub fn language(&self, language: Language) -> Option<&Asset> {
        find(&self.languages, language)
    }
}

fn find(files: &[(Language, Asset)], wanted: Language) -> Option<&Asset> {
    files.iter().find(|(language, _)| *language == wanted).map(|(_, file)| file)
}

/// The languages that a browser asks for; nothing where it says none.
pub fn wanted(request: &HeaderMap) -> &str {
    request.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

impl Asset {
    /// A file with the policy that it lives under.
    pub fn new(media: &'static str, policy: &str, content: String) -> Self {
        Self { media, policy: policy_value(policy), plain: content.into(), gzip: Arc::default() }
    }

    /// Compressed where the browser takes that: nothing secret and nothing of the request is in it.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let mut headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(self.media)),
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            // Kept nowhere: a copy on the phone would tell that somebody checked.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ]);
        let gzip = accepts_gzip(request).then(|| self.gzip.get_or_init(|| compress(&self.plain)));
        // One that could not be compressed is only slower.
        let Some(gzip) = gzip.filter(|gzip| !gzip.is_empty()) else {
            return (headers, self.plain.clone()).into_response();
        };
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        (headers, gzip.clone()).into_response()
    }
}

/// As small as it gets, which takes milliseconds; nothing if it cannot be.
fn compress(plain: &[u8]) -> Bytes {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut gzip = vec![0; compressor.gzip_compress_bound(plain.len())];
    // The space is enough by that bound.
    let length = compressor.gzip_compress(plain, &mut gzip).unwrap_or(0);
    gzip.truncate(length);
    gzip.into()
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        (document_headers(&self), self.html).into_response()
    }
}

/// The headers that a document comes with.
pub fn document_headers(document: &Document) -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy_value(&document.policy)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ])
}

/// Digests, fixed words and an address are always a header; an empty policy would only be stricter: nothing would load.
fn policy_value(policy: &str) -> HeaderValue {
    HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The headers of every public answer.
pub fn guard(headers: &mut HeaderMap) {
    // Names are looked up once, not with every answer.
    static PARSED: LazyLock<[(HeaderName, HeaderValue); HEADERS.len()]> =
        LazyLock::new(|| HEADERS.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))));
    headers.extend(PARSED.iter().cloned());
}
