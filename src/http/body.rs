//! Bodies in and out.

use axum::{
    Json,
    body::Bytes,
    extract::{
        FromRequest, Request,
        rejection::{BytesRejection, JsonRejection},
    },
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::Problem;

/// The largest body that is read. Bytes.
pub const MAX_BODY: usize = 8 * 1_024;

/// A JSON object, whatever its members. For the public side, which names each wrong member itself.
pub struct JsonObject(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media.split(';').next().map(str::trim) != Some("application/json") {
            return Err(not_json());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(Problem::bad_request("the body is not a JSON object")),
        }
    }
}

/// A JSON body of a known shape. For the private side, where the sentence may name the member as the decoder saw it.
pub struct Decoded<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Decoded<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(decoded)) => Ok(Self(decoded)),
            Err(JsonRejection::JsonDataError(error)) => Err(Problem::invalid(format!("the body does not fit: {}", cause(&error)))),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(not_json()),
            Err(JsonRejection::BytesRejection(rejection)) => Err(unread(&rejection)),
            Err(_) => Err(Problem::bad_request("the body is not JSON")),
        }
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().and_then(|json| json.source().map(ToString::to_string).or_else(|| Some(json.to_string()))).unwrap_or_default()
}

fn not_json() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "send the body as application/json")
}

/// Too long, too slow, or broken off.
fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("the body is longer than {MAX_BODY} bytes"))
        }
        _ => Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not arrive whole and in time"),
    }
}
