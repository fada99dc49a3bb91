//! The stream by which an open console learns that something changed: of what kind, and nothing else.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse as _, Response, Sse, sse::Event},
    routing::get,
};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use super::{
    app::{Phase, PrivateApp},
    private::{UNBUFFERED, beats, no_store},
    problem::Problem,
    session::{Caller, Unattended},
};
use crate::{
    authority::Scope,
    issuer::{Change, Kind, Waiting},
};

/// How often it is seen whether the person may still look.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The route.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new().route("/v1/changes", get(changes))
}

/// A caller who only looks: a stream that is opened again and again is nobody doing anything.
struct Onlooker(Caller);

impl FromRequestParts<Arc<PrivateApp>> for Onlooker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<PrivateApp>) -> Result<Self, Problem> {
        parts.extensions.insert(Unattended);
        Caller::from_request_parts(parts, app).await.map(Self)
    }
}

async fn changes(State(app): State<Arc<PrivateApp>>, Onlooker(caller): Onlooker) -> Result<Response, Problem> {
    // Before the first event, so that nothing is missed between what its reader reads and the first event.
    let waiting = app.feed.subscribe().await?;
    let mine = kinds(&caller);
    let phase = app.phase.clone();
    let watch = Watch { caller: caller.streaming(&app)?, app, waiting, mine, next: None };
    let events = until_ending(events_of(watch), phase);
    Ok((no_store(), [UNBUFFERED], Sse::new(events).keep_alive(beats())).into_response())
}

/// The lists that the caller may read.
fn kinds(caller: &Caller) -> BTreeSet<Kind> {
    let scope = |kind: &Kind| match kind {
        Kind::Authorisations => Scope::Authorisations,
        Kind::Tokens => Scope::Tokens,
        Kind::People => Scope::People,
    };
    let role = caller.person().role;
    Change::all_for(role).into_iter().filter(|kind| caller.within(scope(kind)).is_ok()).collect()
}

/// Ends a stream when the service stops, so that it waits for none.
pub(super) fn until_ending<S: Stream>(stream: S, mut phase: watch::Receiver<Phase>) -> impl Stream<Item = S::Item> {
    stream.take_until(async move {
        let _ = phase.wait_for(|phase| *phase == Phase::Ending).await;
    })
}

struct Watch {
    app: Arc<PrivateApp>,
    caller: Caller,
    waiting: Waiting,
    mine: BTreeSet<Kind>,
    /// When it is next seen whether the person may still look; absent before the first event.
    next: Option<Instant>,
}

/// One event at the start, which says that everything may have changed, and one at each change.
fn events_of(watch: Watch) -> impl Stream<Item = Result<Event, axum::Error>> {
    stream::unfold(watch, |mut watch| async move {
        let kinds = watch.wait().await?;
        Some((Event::default().json_data(json!({"changed": kinds})), watch))
    })
}

impl Watch {
    /// What is to be read again; `None` once the person may not look any more.
    async fn wait(&mut self) -> Option<BTreeSet<Kind>> {
        let Some(mut next) = self.next else {
            self.next = Some(Instant::now() + LOOK_EVERY);
            return Some(self.mine.clone());
        };
        loop {
            let change = timeout_at(next, self.waiting.next()).await.ok();
            let kinds = change.map(|change| change.for_person(self.caller.person()).intersection(&self.mine).copied().collect());
            let kinds: BTreeSet<Kind> = kinds.unwrap_or_default();
            if !kinds.is_empty() || Instant::now() >= next {
                if !self.caller.still_stands(&self.app).await.unwrap_or(false) {
                    return None;
                }
                next = Instant::now() + LOOK_EVERY;
                self.next = Some(next);
            }
            if !kinds.is_empty() {
                return Some(kinds);
            }
        }
    }
}
