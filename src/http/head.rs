//! What the head of a request must be before anything is done for it (RFC 9110, RFC 9112), and whom it must be for.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::future::Either;
use tower::{Layer, Service};

use super::{
    hosts::{Host, Hosts},
    listen::Connection,
    problem::Problem,
};

/// Looks at each head. Without a box of its own, because every check passes here.
#[derive(Clone, Default)]
pub struct Heads(Option<Arc<Hosts>>);

/// A service behind [`Heads`].
#[derive(Clone)]
pub struct Behind<S> {
    heads: Heads,
    inner: S,
}

impl Heads {
    /// Of requests for these hosts alone.
    pub fn of(hosts: Hosts) -> Self {
        Self(Some(Arc::new(hosts)))
    }

    /// What is answered at once.
    fn refuse(&self, request: &Request) -> Option<Response> {
        let Ok(host) = Host::asked(request.version(), request.uri(), request.headers()) else {
            return Some(Problem::bad_request("name one host, and in the header Host").into_response());
        };
        if let (Some(hosts), Some(host)) = (&self.0, host) {
            let own = request.extensions().get::<Connection>().map(|connection| connection.local);
            if !hosts.hold(&host, own) {
                return Some(misdirected().into_response());
            }
        }
        if !is_framed_plainly(request) {
            let detail = "send the body with a length or as chunks, and in no other coding";
            return Some(Problem::new(StatusCode::NOT_IMPLEMENTED, "transfer-coding", detail).into_response());
        }
        // Of the service as a whole there is nothing to tell but that it is there (RFC 9110, 9.3.7).
        (request.uri().path() == "*").then(|| match *request.method() {
            Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
            _ => Problem::bad_request("only OPTIONS may be asked of *").into_response(),
        })
    }
}

fn misdirected() -> Problem {
    let detail = "this service does not answer for the host that was asked for; ask by the console's address or by this listener's own";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail)
}

/// Of transfer codings, only chunks are known (RFC 9112, 6.1); hyper leaves any others to us undone.
fn is_framed_plainly(request: &Request) -> bool {
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

impl<S> Layer<S> for Heads {
    type Service = Behind<S>;

    fn layer(&self, inner: S) -> Behind<S> {
        Behind { heads: self.clone(), inner }
    }
}

impl<S: Service<Request, Response = Response>> Service<Request> for Behind<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.heads.refuse(&request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.inner.call(request)),
        }
    }
}
