//! The only place where an error becomes a status. RFC 9457 problem details: one sentence for the reader, never
//! internal text.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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
    advice: Option<Advice>,
}

/// What a client may do about a refusal, as a header says it.
#[derive(Debug)]
pub enum Advice {
    /// Try again after so many seconds.
    RetryAfter(u32),
    /// Prove who you are, in one of these ways (RFC 9110, 11.6.1).
    Challenge(&'static str),
    /// Send this media type.
    Accept(&'static str),
    /// Send this content coding.
    AcceptEncoding(&'static str),
}

/// The challenge to somebody without a session. No scheme is registered for cookies; browsers ask nobody for a password because of
/// one that they do not know.
const NO_SESSION: Advice = Advice::Challenge("Session realm=\"countersign\"");

impl Advice {
    fn header(self) -> (HeaderName, HeaderValue) {
        match self {
            Self::RetryAfter(seconds) => (header::RETRY_AFTER, seconds.into()),
            Self::Challenge(ways) => (header::WWW_AUTHENTICATE, HeaderValue::from_static(ways)),
            Self::Accept(media) => (header::ACCEPT, HeaderValue::from_static(media)),
            Self::AcceptEncoding(coding) => (header::ACCEPT_ENCODING, HeaderValue::from_static(coding)),
        }
    }
}

impl Problem {
    /// A problem of a kind, with a sentence that says what, which and what to do.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), members: Map::new(), advice: None }
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
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(10)
    }

    /// Something that every answer needs fails.
    pub fn not_ready() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "this process cannot do its work now; send requests to another")
    }

    /// The process is about to stop.
    pub fn leaving() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "leaving", "this process is about to stop; send new requests to another")
    }

    /// The client wanted another version than the current one.
    pub fn not_current() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "not-current", "what is here now is not what If-Match asks for")
    }

    /// Too many wrong codes came from one address.
    pub fn too_many(retry_after: u32) -> Self {
        let detail = "too many codes that name nothing came from this address; wait some minutes, or scan the code instead";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).retry_after(retry_after)
    }

    /// One person has as many requests under way as anybody may have.
    pub fn too_many_at_once() -> Self {
        let detail = "too many of your requests are under way; wait until some of them are answered";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-at-once", detail).retry_after(1)
    }

    /// All that may be under way at once is.
    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too much is under way now; try again in a moment").retry_after(1)
    }

    /// Nobody was recognised.
    pub fn unauthorized(kind: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, kind, detail)
    }

    /// With what the client may do about it.
    #[must_use]
    pub fn advising(self, advice: Advice) -> Self {
        Self { advice: Some(advice), ..self }
    }

    /// Where nobody was recognised: in which ways somebody may be.
    #[must_use]
    pub fn with_challenge(self, ways: &'static str) -> Self {
        if self.status == StatusCode::UNAUTHORIZED { self.advising(Advice::Challenge(ways)) } else { self }
    }

    fn retry_after(self, seconds: u32) -> Self {
        self.advising(Advice::RetryAfter(seconds))
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    fn into_members(self) -> (StatusCode, Option<Advice>, Map<String, Value>) {
        let mut members = self.members;
        members.insert("type".into(), format!("urn:countersign:problem:{}", self.kind).into());
        members.insert("title".into(), self.status.canonical_reason().unwrap_or("Problem").into());
        members.insert("status".into(), self.status.as_u16().into());
        members.insert("detail".into(), self.detail.into());
        let challenge = (self.status == StatusCode::UNAUTHORIZED).then_some(NO_SESSION);
        (self.status, self.advice.or(challenge), members)
    }

    /// The same status with a page for people.
    pub fn with_page(self, page: Document, wrap: Wrap, entropy: &dyn Entropy) -> Response {
        let mut headers = document_headers(&page);
        headers.extend(self.advice.map(Advice::header));
        even_page(self.status, headers, page.html, wrap, entropy)
    }

    /// The answer of `/v1/verify`, where every answer has one length.
    pub fn into_even_response(self, wrap: Wrap, entropy: &dyn Entropy) -> Response {
        let (status, advice, members) = self.into_members();
        even_answer(status, headers(advice), &members, wrap, entropy)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, advice, members) = self.into_members();
        (status, headers(advice), Value::Object(members).to_string()).into_response()
    }
}

fn headers(advice: Option<Advice>) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ]);
    headers.extend(advice.map(Advice::header));
    headers
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
            Refused::AskerSuspended(_) => Self::new(StatusCode::CONFLICT, "asker-suspended", said),
            Refused::AlreadyIs(_) => Self::new(StatusCode::CONFLICT, "already-decided", said),
            Refused::Choose(list) => Self::new(StatusCode::CONFLICT, "choose-authorisation", said).with("authorisations", json!(list)),
            Refused::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", said),
            Refused::CannotShow(cti) => Self::new(StatusCode::CONFLICT, "issued-before", said).with("id", json!(cti.to_string())),
            Refused::TooManyAsked => Self::new(StatusCode::CONFLICT, "too-many-asked", said),
            Refused::TooManyLookUps => Self::new(StatusCode::CONFLICT, "too-many-look-ups", said),
            Refused::TooManyLive => Self::new(StatusCode::CONFLICT, "too-many-live", said),
            Refused::TooManyToSort => Self::new(StatusCode::CONFLICT, "too-many-to-sort", said),
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
