//! Lists in pages, with a link to the next one (RFC 8288).

use axum::{
    Json,
    extract::{FromRequestParts, Query},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use super::{private::no_store, problem::Problem};
use crate::store::{MOST_LISTED, Page};

/// Items on a page where no `limit` is given.
const USUAL: u16 = 100;

/// Which page is asked for: `?after=` as the link of the page before names it, `&limit=`.
pub struct Asked<P>(pub Page<P>);

#[derive(Deserialize)]
struct Parameters {
    after: Option<String>,
    limit: Option<u16>,
}

impl<P: std::str::FromStr<Err: ToString>, S: Send + Sync> FromRequestParts<S> for Asked<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = || Problem::invalid(format!("`limit` must be a whole number from 1 to {MOST_LISTED}"));
        let Query(Parameters { after, limit }) = Query::from_request_parts(parts, state).await.map_err(|_| wrong())?;
        let most = limit.unwrap_or(USUAL);
        if !(1..=MOST_LISTED).contains(&most) {
            return Err(wrong());
        }
        let after = after.map(|text| text.parse()).transpose().map_err(|error: P::Err| Problem::invalid(error.to_string()))?;
        Ok(Self(Page { after, most }))
    }
}

/// The page, and where the next one is. Places are made of characters that need no escape.
pub fn listed(path: &str, most: u16, items: &impl Serialize, next: Option<impl ToString>) -> Response {
    let mut response = (no_store(), Json(items)).into_response();
    let link = next.map(|place| format!("<{path}?after={}&limit={most}>; rel=\"next\"", place.to_string()));
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}
