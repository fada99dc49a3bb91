//! Gets rid of service workers that are none of ours.
//!
//! A portal or a proxy that was taken over can register one for this address in a bad minute. Browsers run it from then on, also
//! when its script is gone from the host; but they ask for the script again, and say so (`Service-Worker: script`, Service
//! Workers, section on the update algorithm). Whatever they ask for then, other than our own worker, is answered with one that
//! clears what it finds and unregisters itself.

use std::task::{Context, Poll};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header},
    response::Response,
};
use futures_util::future::{Either, Ready, ok};
use tower::{Layer, Service};

use super::assets::Asset;
use crate::page::{CLEANING_POLICY, CLEANING_WORKER};

/// Where the worker of either side is, which is ours.
const OWN_WORKER: &str = "/sw.js";

/// What goes out with the worker that cleans, besides what goes out with every script.
const HEADERS: [(HeaderName, &str); 4] = [
    // Nobody else gets it: as an answer of its own it would be of no use, and as the script of our own worker it would end it.
    (header::VARY, "service-worker"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // The worker that it replaces may stand over more than its script's folder.
    (HeaderName::from_static("service-worker-allowed"), "/"),
    // What else the browser has of this address, also pages that it may keep for a year. Not cookies nor storage: an
    // officer stays signed in, and has the codes that were prepared.
    (HeaderName::from_static("clear-site-data"), "\"cache\""),
];

/// Puts the answer in front of every route.
#[derive(Clone)]
pub struct Cleaning {
    worker: Asset,
}

impl Cleaning {
    /// The same for both sides.
    pub fn new() -> Self {
        Self { worker: Asset::new("text/javascript; charset=utf-8", CLEANING_POLICY, CLEANING_WORKER.to_owned()) }
    }

    fn respond(&self, request: &HeaderMap) -> Response {
        let mut response = self.worker.respond(request);
        response.headers_mut().extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}

fn asks_for_another_worker(address: &Uri, headers: &HeaderMap) -> bool {
    headers.get("service-worker").is_some_and(|asked| asked == "script") && address.path() != OWN_WORKER
}

impl<S> Layer<S> for Cleaning {
    type Service = Cleaned<S>;

    fn layer(&self, inner: S) -> Cleaned<S> {
        Cleaned { inner, cleaning: self.clone() }
    }
}

/// Routes behind the answer.
#[derive(Clone)]
pub struct Cleaned<S> {
    inner: S,
    cleaning: Cleaning,
}

impl<S, B> Service<Request<B>> for Cleaned<S>
where
    S: Service<Request<B>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if asks_for_another_worker(request.uri(), request.headers()) {
            Either::Left(ok(self.cleaning.respond(request.headers())))
        } else {
            Either::Right(self.inner.call(request))
        }
    }
}
