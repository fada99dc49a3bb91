//! The private API of the issuer role, on its own listener.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::{
    app::PrivateApp,
    body::{Decoded, MAX_BODY},
    listen::Limits,
    oversight,
    problem::Problem,
    session::Caller,
};
use crate::{
    authority::{Actor, Authorisation, AuthorisationId, Decision, Officer},
    issuer::{Ask, IssueRequest, Issued, TokenStatus},
    token::{Approach, Channel, Cti, SpokenCode, qr::Symbol},
};

/// How often a stream asks the store, for checks that another process answered.
const POLL: Duration = Duration::from_millis(500);

type App = State<Arc<PrivateApp>>;
type Answer = Result<Response, Problem>;

/// The routes.
pub fn router(app: Arc<PrivateApp>, limits: Limits) -> Router {
    Router::new()
        .route("/v1/tokens", post(issue))
        .route("/v1/tokens/{id}", get(status).delete(withdraw))
        .route("/v1/tokens/{id}/spoken", post(speak))
        .route("/v1/tokens/{id}/events", get(events))
        .route("/v1/authorisations", post(ask).get(list))
        .route("/v1/authorisations/{id}/approve", post(approve))
        .route("/v1/authorisations/{id}/refuse", post(refuse))
        .route("/v1/authorisations/{id}/withdraw", post(withdraw_authorisation))
        .merge(oversight::routes())
        .route("/health/live", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this address does not take this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestBodyTimeoutLayer::new(limits.body))
        .with_state(app)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueBody {
    authorisation: Option<String>,
    channel: Channel,
    name: Option<String>,
    place: Option<String>,
    dialled: Option<String>,
    challenge: Option<String>,
    not_before: Option<i64>,
    lifetime: Option<i64>,
    spoken: Option<bool>,
}

impl TryFrom<IssueBody> for IssueRequest {
    type Error = Problem;

    fn try_from(body: IssueBody) -> Result<Self, Problem> {
        fn parsed<T: std::str::FromStr<Err: ToString>>(text: Option<String>) -> Result<Option<T>, Problem> {
            text.map(|text| text.parse()).transpose().map_err(|error: T::Err| Problem::invalid(error.to_string()))
        }
        Ok(Self {
            authorisation: parsed(body.authorisation)?,
            approach: Approach {
                channel: body.channel,
                name: parsed(body.name)?,
                place: parsed(body.place)?,
                challenge: parsed(body.challenge)?,
                dialled: parsed(body.dialled)?,
            },
            not_before: body.not_before,
            lifetime: body.lifetime,
            spoken: body.spoken,
        })
    }
}

async fn issue(State(app): App, Caller(officer): Caller, Decoded(body): Decoded<IssueBody>) -> Answer {
    let issued = app.desk.issue(&officer, body.try_into()?).await?;
    Ok((StatusCode::CREATED, no_store(), Json(issued_json(&issued, &app.public_url)?)).into_response())
}

fn issued_json(issued: &Issued, public_url: &str) -> Result<Value, Problem> {
    let Issued { token, claims, spoken } = issued;
    let symbol =
        Symbol::of(token, public_url).map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no-qr", error.to_string()))?;
    Ok(json!({
        "id": claims.cti().to_string(),
        "token": token.text(),
        "link": token.link(public_url),
        "qr_svg": symbol.svg(),
        "spoken": spoken.map(spoken_json),
        "issued_at": claims.window().issued_at(),
        "not_before": claims.window().not_before(),
        "expires_at": claims.window().expires_at(),
    }))
}

fn spoken_json(code: SpokenCode) -> Value {
    json!({"words": code.words(), "digits": code.digits()})
}

async fn speak(State(app): App, Caller(officer): Caller, Id(id): Id<Cti>) -> Answer {
    let code = app.desk.make_speakable(&officer, id).await?;
    Ok((no_store(), Json(json!({"spoken": spoken_json(code)}))).into_response())
}

async fn status(State(app): App, Caller(officer): Caller, Id(id): Id<Cti>) -> Answer {
    let status = app.desk.status(&officer, id).await?;
    Ok((no_store(), Json(status)).into_response())
}

async fn withdraw(State(app): App, Caller(officer): Caller, Id(id): Id<Cti>) -> Answer {
    app.desk.withdraw(&officer, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn events(State(app): App, Caller(officer): Caller, Id(cti): Id<Cti>) -> Answer {
    let marks = app.desk.marks();
    // Asked once before the stream begins, so that what may not be seen is refused with a status.
    app.desk.status(&officer, cti).await?;
    let watch = Watch { app, officer, cti, marks, last: None };
    Ok((no_store(), Sse::new(changes(watch)).keep_alive(KeepAlive::default())).into_response())
}

struct Watch {
    app: Arc<PrivateApp>,
    officer: Officer,
    cti: Cti,
    marks: broadcast::Receiver<Cti>,
    last: Option<TokenStatus>,
}

/// One event at the start and one at each change; ends when nothing can change any more.
fn changes(watch: Watch) -> impl Stream<Item = Result<Event, axum::Error>> {
    stream::unfold(watch, |mut watch| async move {
        loop {
            let known = watch.last.map(|last| (last.state, last.first_checked_at));
            if watch.last.is_some_and(|last| last.is_over) {
                return None;
            }
            let status = watch.app.desk.status(&watch.officer, watch.cti).await.ok()?;
            watch.last = Some(status);
            if known != Some((status.state, status.first_checked_at)) {
                return Some((Event::default().json_data(status), watch));
            }
            watch.wait().await;
        }
    })
}

impl Watch {
    /// Until this token is checked here, or until it is time to ask the store what happened elsewhere.
    async fn wait(&mut self) {
        let marked = async { while self.marks.recv().await.is_ok_and(|cti| cti != self.cti) {} };
        let _ = tokio::time::timeout(POLL, marked).await;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskBody {
    reference: String,
    channels: BTreeSet<Channel>,
    from: Option<i64>,
    until: i64,
    max_tokens: u32,
}

async fn ask(State(app): App, Caller(officer): Caller, Decoded(body): Decoded<AskBody>) -> Answer {
    let AskBody { reference, channels, from, until, max_tokens } = body;
    let asked = app.registry.ask(&officer, Ask { reference, channels, from, until, max_tokens }).await?;
    Ok((StatusCode::CREATED, no_store(), Json(asked)).into_response())
}

async fn list(State(app): App, Caller(officer): Caller) -> Answer {
    let visible = app.registry.authorisations(&Actor::Person(officer)).await?;
    Ok((no_store(), Json(visible)).into_response())
}

async fn approve(State(app): App, Caller(officer): Caller, Id(id): Id<AuthorisationId>) -> Answer {
    Ok(authorisation(app.registry.decide(&officer, id, Decision::Approve).await?))
}

async fn refuse(State(app): App, Caller(officer): Caller, Id(id): Id<AuthorisationId>) -> Answer {
    Ok(authorisation(app.registry.decide(&officer, id, Decision::Refuse).await?))
}

async fn withdraw_authorisation(State(app): App, Caller(officer): Caller, Id(id): Id<AuthorisationId>) -> Answer {
    Ok(authorisation(app.registry.withdraw(&officer, id).await?))
}

fn authorisation(authorisation: Authorisation) -> Response {
    (no_store(), Json(authorisation)).into_response()
}

/// The id in the address.
struct Id<T>(T);

impl<T: std::str::FromStr<Err: ToString>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|_| Problem::invalid("the id in the address is not UTF-8"))?;
        text.parse().map(Self).map_err(|error: T::Err| Problem::invalid(error.to_string()))
    }
}

fn no_store() -> [(axum::http::HeaderName, &'static str); 1] {
    [(axum::http::header::CACHE_CONTROL, "no-store")]
}
