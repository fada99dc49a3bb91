//! A body that must be there whole within a time. A bound between its pieces alone would let a client send one a byte for hours.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    BoxError,
    body::{Bytes, HttpBody},
};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body as it comes, for as long as it may take from when it is first waited for.
pub struct Timed {
    body: Incoming,
    longest: Duration,
    over: Option<Pin<Box<Sleep>>>,
}

/// The time was over.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
pub struct TooSlow;

impl Timed {
    /// Bounds a body.
    pub fn new(body: Incoming, longest: Duration) -> Self {
        Self { body, longest, over: None }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let longest = self.longest;
        ready!(self.over.get_or_insert_with(|| Box::pin(sleep(longest))).as_mut().poll(context));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
