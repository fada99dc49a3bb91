//! The only place where an error becomes a status. RFC 9457 problem details: one sentence for the reader, never
//! internal text.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    assets::document_headers,
    padding::{Wrap, even_answer, even_page},
};
use crate::{entropy::Entropy, health::Recurring, issuer::Refused, page::Document, verifier::Verdict};

/// A refusal as the client sees it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    members: Map<String, Value>,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem of a kind, with a sentence that says what, which and what to do.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), members: Map::new(), retry_after: None }
    }

    /// The body is not what it should be as a whole.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// One member of the body has a wrong value.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// Nothing has this address.
    pub fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")
    }

    /// Our own side fails.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the service cannot reach its records; try again in a moment")
    }

    /// No keys can be published: when they were last read is too long ago, or they are over.
    pub fn no_keys() -> Self {
        let detail = "the service has no keys to publish now; try again in a moment";
        let retry_after = Some(10);
        Self { retry_after, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// Something that every answer needs fails.
    pub fn not_ready() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "this process cannot do its work now; send requests to another")
    }

    /// The process is about to stop.
    pub fn leaving() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "leaving", "this process is about to stop; send new requests to another")
    }

    /// Too many wrong codes came from one address.
    pub fn too_many(retry_after: u32) -> Self {
        let detail = "too many codes that name nothing came from this address; wait some minutes, or scan the code instead";
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail) }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    fn into_members(self) -> (StatusCode, Option<u32>, Map<String, Value>) {
        let mut members = self.members;
        members.insert("type".into(), format!("urn:countersign:problem:{}", self.kind).into());
        members.insert("title".into(), self.status.canonical_reason().unwrap_or("Problem").into());
        members.insert("status".into(), self.status.as_u16().into());
        members.insert("detail".into(), self.detail.into());
        (self.status, self.retry_after, members)
    }

    /// The same status, told by a page for people.
    pub fn with_page(self, page: Document, wrap: Wrap, entropy: &dyn Entropy) -> Response {
        let mut headers = document_headers(&page);
        retry(&mut headers, self.retry_after);
        even_page(self.status, headers, page.html, wrap, entropy)
    }

    /// The answer of `/v1/verify`, where every answer has one length.
    pub fn into_even_response(self, wrap: Wrap, entropy: &dyn Entropy) -> Response {
        let (status, retry_after, members) = self.into_members();
        even_answer(status, headers(retry_after), &members, wrap, entropy)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after, members) = self.into_members();
        (status, headers(retry_after), Value::Object(members).to_string()).into_response()
    }
}

fn headers(retry_after: Option<u32>) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ]);
    retry(&mut headers, retry_after);
    headers
}

fn retry(headers: &mut HeaderMap, after: Option<u32>) {
    if let Some(seconds) = after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
}

/// The status of a verdict: all but one are answers.
pub fn status(verdict: Verdict) -> StatusCode {
    if verdict == Verdict::CannotCheck { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let said = refused.to_string();
        match refused {
            Refused::OldReaders => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", said),
            Refused::NotAllowed(_) => Self::new(StatusCode::FORBIDDEN, "not-allowed", said),
            Refused::Suspended => Self::new(StatusCode::FORBIDDEN, "suspended", said),
            Refused::OutOfScope(_) => Self::new(StatusCode::FORBIDDEN, "out-of-scope", said),
            Refused::NotConfirmed => Self::new(StatusCode::FORBIDDEN, "not-confirmed", said),
            Refused::AccessRevoked => Self::new(StatusCode::FORBIDDEN, "access-revoked", said),
            Refused::SignIn => Self::new(StatusCode::UNAUTHORIZED, "sign-in", said),
            Refused::LinkOver => Self::new(StatusCode::GONE, "link-over", said),
            Refused::OwnRequest => Self::new(StatusCode::FORBIDDEN, "own-request", said),
            Refused::NotAuthorised(_) => Self::new(StatusCode::FORBIDDEN, "not-authorised", said),
            Refused::Unknown { .. } | Refused::Hidden { .. } | Refused::UnknownKey(_) => Self::new(StatusCode::NOT_FOUND, "unknown", said),
            Refused::Taken(_) => Self::new(StatusCode::CONFLICT, "taken", said),
            Refused::Over => Self::new(StatusCode::CONFLICT, "over", said),
            Refused::TooFew(_) => Self::new(StatusCode::CONFLICT, "too-few", said),
            Refused::AlreadyIs(_) => Self::new(StatusCode::CONFLICT, "already-decided", said),
            Refused::Choose(list) => Self::new(StatusCode::CONFLICT, "choose-authorisation", said).with("authorisations", json!(list)),
            Refused::TooManyLive => Self::new(StatusCode::CONFLICT, "too-many-live", said),
            Refused::TooManyOfYours(_) => Self::new(StatusCode::CONFLICT, "too-many-yours", said),
            Refused::CannotSpeak => Self::new(StatusCode::CONFLICT, "cannot-speak", said),
            Refused::Claim(_) | Refused::Authorisation(_) | Refused::CredentialLasts | Refused::NoScope | Refused::Reason => {
                Self::invalid(said)
            }
            Refused::BornExpired => Self::new(StatusCode::SERVICE_UNAVAILABLE, "born-expired", said),
            Refused::Clock => Self::new(StatusCode::SERVICE_UNAVAILABLE, "clock", said),
            Refused::Ring(_) | Refused::Sign(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-key", said),
            // The housekeeper tries to sign too, and its alarm says why, again and again.
            Refused::Unsound(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "ledger-unsound", said),
            Refused::Unsigned(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "ledger-unsigned", said),
            Refused::Custody(error) => internal(&error),
            Refused::Entropy(error) => internal(&error),
            Refused::Store(error) => internal(&error),
        }
    }
}

static REQUESTS: Recurring = Recurring::new("requests");

/// The cause goes to the log, a plain sentence to the client.
fn internal(error: &dyn std::error::Error) -> Problem {
    REQUESTS.failed(&format!("a request failed on our side: {error}"));
    Problem::unavailable()
}

/// Sees from the answers of the private side when requests no longer fail.
pub async fn note_recovery(response: Response) -> Response {
    if response.status().is_success() {
        REQUESTS.ok();
    }
    response
}
