//! Lists in pages, with a link to the next one (RFC 8288).

use axum::{
    Json,
    extract::{FromRequestParts, Query},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use super::{private::no_store, problem::Problem};
use crate::store::{MOST_LISTED, Only, OnlyError, Page, Search, Sort, SortError, Wanted};

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

/// The most characters of a search.
const LONGEST_SEARCH: usize = 100;

/// Which list is asked for: in its own order, or searched, sorted or a part of it.
pub enum Looked<P, I> {
    /// As it comes.
    Usual(Page<P>),
    /// `?search=` and `&sort=`, each where it is given, and `&only=`.
    Wanted(Wanted<I>, Option<Only>),
}

impl<P, I, S: Send + Sync> FromRequestParts<S> for Looked<P, I>
where
    P: std::str::FromStr<Err: ToString>,
    I: std::str::FromStr<Err: ToString>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = || Problem::invalid("`search`, `sort` and `only` are texts, each given once");
        let Query(Looking { search, sort, only }) = Query::from_request_parts(parts, state).await.map_err(|_| wrong())?;
        if search.is_none() && sort.is_none() && only.is_none() {
            return Asked::from_request_parts(parts, state).await.map(|Asked(page)| Self::Usual(page));
        }
        let sort = sort.map_or(Ok(Sort::Made), |sort| sort.parse()).map_err(|error: SortError| Problem::invalid(error.to_string()))?;
        let only = only.map(|only| only.parse()).transpose().map_err(|error: OnlyError| Problem::invalid(error.to_string()))?;
        let search = search.unwrap_or_default();
        if search.chars().count() > LONGEST_SEARCH {
            return Err(Problem::invalid(format!("`search` has at most {LONGEST_SEARCH} characters")));
        }
        let Asked(page) = Asked::from_request_parts(parts, state).await?;
        Ok(Self::Wanted(Wanted { search: Search::of(&search), sort, page }, only))
    }
}

#[derive(Deserialize)]
struct Looking {
    search: Option<String>,
    sort: Option<String>,
    only: Option<String>,
}

/// The query of the address without its page, so that the link to the next one asks for the same.
pub struct Kept(String);

impl<S: Send + Sync> FromRequestParts<S> for Kept {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        // All but the page, since the name of what is kept may have escapes in it.
        let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after=") && !pair.starts_with("limit="));
        // What would end the link is in no query that browsers and libraries write.
        let safe = |pair: &&str| !pair.contains(['<', '>', '"']);
        Ok(Self(kept.filter(safe).flat_map(|pair| [pair, "&"]).collect()))
    }
}

/// A part was asked for of a list that comes whole.
pub fn no_parts() -> Problem {
    Problem::invalid("`only` is for authorisations; leave it out here")
}

/// The page of a list that was searched or sorted, and where the next one is.
pub fn listed_as(path: &str, Kept(kept): &Kept, most: u16, items: &impl Serialize, next: Option<impl ToString>) -> Response {
    listed_behind(&format!("{path}?{kept}after="), most, items, next)
}

/// The page, and where the next one is. Places are made of characters that need no escape.
pub fn listed(path: &str, most: u16, items: &impl Serialize, next: Option<impl ToString>) -> Response {
    listed_behind(&format!("{path}?after="), most, items, next)
}

fn listed_behind(begins: &str, most: u16, items: &impl Serialize, next: Option<impl ToString>) -> Response {
    let mut response = (no_store(), Json(items)).into_response();
    let link = next.map(|place| format!("<{begins}{}&limit={most}>; rel=\"next\"", place.to_string()));
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}
