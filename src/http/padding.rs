//! Answers of one length, on the wire and behind proxies (threat 13).
//!
//! Padding alone is not enough: a proxy may compress a body in spite of `no-transform`, and padding compresses to almost nothing. There
//! are two remedies. To a client that takes gzip the body goes out as gzip of stored blocks: proxies do not compress what is compressed
//! already. A proxy may also remove `Accept-Encoding`, or decompress the body and compress it again; then only a body that is random
//! keeps its length. So our own page asks for its answers masked.

use std::cell::RefCell;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use libdeflater::{CompressionLvl, Compressor};
use serde::Serialize;

use super::negotiation::accepts_gzip;
use crate::entropy::Entropy;

/// Every JSON answer of `/v1/verify` has exactly this many bytes before it is wrapped.
pub const ANSWER: usize = 2_048;
/// A masked one has this many, and as many of its mask. nginx has zlib look at an answer of 4,096 bytes in parts of 4,095 symbols, and whether
/// there is a second part would hang on three bytes that stand twice by chance: how often they do tells how much of it is padding.
const MASKED_ANSWER: usize = 2_000;
/// Every answer of `/check` has this many, or a multiple, before it is wrapped.
pub const PAGE: usize = 24 * 1_024;
/// What the reason phrase and our headers of an answer come to, filled up by [`PADDING`]: more than any of them needs.
const ANSWER_HEAD: usize = 320;
/// The same for a page, which comes with its policy.
const PAGE_HEAD: usize = 1_024;
static PAD: &str = match str::from_utf8(&[b'-'; PAGE_HEAD]) {
    Ok(pad) => pad,
    Err(_) => "",
};

/// Fills up the head of each answer. nginx takes `x-pad` away.
pub const PADDING: &str = "x-padding";
/// The media type by which a page asks for a masked answer, and by which it recognises one.
pub const MASKED: &str = "application/octet-stream";

/// Writes members, of which there is at least one, as JSON, padded to `length` bytes by a last member `pad`.
fn padded(members: &impl Serialize, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(ANSWER);
    // Into memory, and with names that are text: nothing that could fail.
    let _ = serde_json::to_writer(&mut text, members);
    // Without the closing brace, so that one more member can follow.
    text.pop();
    text.extend_from_slice(br#","pad":""#);
    text.resize(text.len().max(length - 2), b'-');
    text.extend_from_slice(br#""}"#);
    text
}

/// A page, padded to a multiple of [`PAGE`] bytes.
fn padded_page(html: String) -> Vec<u8> {
    let mut page = html.into_bytes();
    page.resize(page.len().next_multiple_of(PAGE), b' ');
    page
}

/// How the client wants a body; with neither, as it is, where a proxy that compresses may tell answers apart by their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// As many random bytes, and the body with these laid over it.
    masked: bool,
    /// Then gzip of stored blocks (RFC 1951 section 3.2.4). Around what is masked too: nginx compresses what went well and no error.
    stored: bool,
}

impl Wrap {
    /// For an answer that a program reads.
    pub fn of_answer(request: &HeaderMap) -> Self {
        let masked = request.get(header::ACCEPT).is_some_and(|wanted| wanted == MASKED);
        Self { masked, ..Self::of_page(request) }
    }

    /// For an answer that a person reads in a browser without our program.
    pub fn of_page(request: &HeaderMap) -> Self {
        Self { masked: false, stored: accepts_gzip(request) }
    }
}

/// An answer of `/v1/verify`: its head and body have the length of all others that are wrapped so.
pub fn even_answer(status: StatusCode, headers: HeaderMap, members: &impl Serialize, wrap: Wrap, entropy: &dyn Entropy) -> Response {
    let length = if wrap.masked { MASKED_ANSWER } else { ANSWER };
    even(status, headers, (padded(members, length), ANSWER_HEAD), wrap, entropy)
}

/// An answer of `/check`, the same.
pub fn even_page(status: StatusCode, headers: HeaderMap, html: String, wrap: Wrap, entropy: &dyn Entropy) -> Response {
    even(status, headers, (padded_page(html), PAGE_HEAD), wrap, entropy)
}

fn even(status: StatusCode, mut headers: HeaderMap, (mut body, head): (Vec<u8>, usize), wrap: Wrap, entropy: &dyn Entropy) -> Response {
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    if let Some(masked) = Some(&body).filter(|_| wrap.masked).and_then(|body| masked(body, entropy)) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MASKED));
        body = masked;
    }
    if let Some(stored) = Some(&body).filter(|_| wrap.stored).and_then(|body| stored(body)) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        body = stored;
    }
    fill(status, &mut headers, head);
    (status, headers, Bytes::from(body)).into_response()
}

thread_local! {
    /// Kept, because making one costs more than what it does here: it works out its codes, which level 0 never uses.
    static COMPRESSOR: RefCell<Option<Compressor>> = RefCell::new(CompressionLvl::new(0).ok().map(Compressor::new));
}

fn stored(body: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = compressor.as_mut()?;
        let mut gzip = vec![0; compressor.gzip_compress_bound(body.len())];
        let length = compressor.gzip_compress(body, &mut gzip).ok()?;
        gzip.truncate(length);
        Some(gzip)
    })
}

/// The mask goes out with the body, so it keeps nothing secret. Its only purpose is that no compressor finds anything to shorten.
fn masked(body: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 2 * body.len()];
    let (mask, covered) = bytes.split_at_mut(body.len());
    entropy.fill(mask).ok()?;
    covered.iter_mut().zip(body).zip(mask).for_each(|((covered, byte), mask)| *covered = byte ^ *mask);
    Some(bytes)
}

/// Fills the head up: status lines and headers are of different lengths.
fn fill(status: StatusCode, headers: &mut HeaderMap, head: usize) {
    const NAME: HeaderName = HeaderName::from_static(PADDING);
    let line = |name: usize, value: usize| name + value + ": \r\n".len();
    let reason = status.canonical_reason().unwrap_or_default().len();
    let used = reason + headers.iter().map(|(name, value)| line(name.as_str().len(), value.len())).sum::<usize>();
    let left = head.saturating_sub(used + line(NAME.as_str().len(), 0)).min(PAD.len());
    headers.insert(NAME, HeaderValue::from_static(&PAD[..left]));
}
