//! Bodies of requests, read in one way on both sides.

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{Form, FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    json::{self, NotJson},
    media,
    problem::{Advice, Problem},
    shape,
};

/// The largest body that is read. Bytes.
pub const MAX_BODY: usize = 8 * 1_024;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A JSON object, whatever its members. For the public side, which names each wrong member itself.
pub struct JsonObject(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match json(request, state).await? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Problem::bad_request("the body is not a JSON object")),
        }
    }
}

/// A JSON body of a known shape. For the private side, where the sentence may name the member as the decoder saw it.
pub struct Decoded<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Decoded<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let value = json(request, state).await?;
        let decoded = shape::decode(value);
        decoded.map(Self).map_err(|error| Problem::invalid(format!("the body does not fit: {error}")))
    }
}

/// The same where the body may be left out: then it has no members.
pub struct Sparse<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sparse<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            let empty = shape::decode(Value::Object(Map::new()));
            return empty.map(Self).map_err(|error| Problem::invalid(format!("the body does not fit: {error}")));
        }
        Decoded::from_request(request, state).await.map(|Decoded(value)| Self(value))
    }
}

/// The fields of a form.
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = whole(request, state, FORM, "not-a-form").await?;
        // In a request of our own, because axum knows the type in lower case alone.
        let mut form = Request::new(Body::from(bytes));
        *form.method_mut() = Method::POST;
        form.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
        let fields = Form::from_request(form, state).await;
        fields.map(|Form(fields)| Self(fields)).map_err(|_| Problem::invalid("a field of the form cannot be read, or is there twice"))
    }
}

async fn json<S: Send + Sync>(request: Request, state: &S) -> Result<Value, Problem> {
    let bytes = whole(request, state, JSON, "not-json").await?;
    json::parse(&bytes).map_err(|error| match error {
        NotJson::Malformed => Problem::bad_request("the body is not JSON"),
        NotJson::Twice(name) => {
            let name: String = name.chars().take(40).collect();
            Problem::bad_request(format!("the member {name:?} is there twice; send it once"))
        }
    })
}

/// All bytes of a body of this media type.
async fn whole<S: Send + Sync>(request: Request, state: &S, media: &'static str, kind: &'static str) -> Result<Bytes, Problem> {
    if !media::is(request.headers(), media) {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, format!("send the body as {media}"));
        return Err(problem.advising(Advice::Accept(media)));
    }
    if is_coded(request.headers()) {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "coded", "send the body as it is, without a Content-Encoding");
        return Err(problem.advising(Advice::AcceptEncoding("identity")));
    }
    // Before any of it is asked for, where its length is said.
    if request.body().size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))
}

/// Whether the body is compressed or otherwise coded (RFC 9110, 8.4).
fn is_coded(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONTENT_ENCODING).into_iter().map(HeaderValue::as_bytes);
    let codings = lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    codings.filter(|coding| !coding.is_empty()).any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("the body is longer than {MAX_BODY} bytes"))
}

/// Too long, too slow, or broken off.
fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not arrive whole and in time"),
    }
}
