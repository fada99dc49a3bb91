//! The private API of the issuer role, on its own listener.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::map_response,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tower::util::MapResponseLayer;

use super::{
    app::PrivateApp,
    authorisations,
    body::{Decoded, MAX_BODY},
    changes,
    changes::until_ending,
    cleaning::Cleaning,
    console, door,
    head::Heads,
    health,
    idempotency::IdempotencyKey,
    metrics, oversight,
    pages::{Kept, Looked, listed_as, no_parts},
    people,
    problem::{Problem, note_recovery},
    session::Caller,
    transport,
};
use crate::{
    authority::{Actor, Scope, TokenSelection},
    issuer::{Answer, IssueRequest, Issued, OnceAct, Refused, Spoken, TokenStatus},
    store::{Listed, LiveToken, Once, Sort, Wanted},
    telemetry::Scrape,
    token::{Approach, Channel, ClaimError, Cti, Name, Place, Reference, Token, qr::Symbol},
};

/// How often a stream shows that it is alive.
const BEAT: Duration = Duration::from_secs(5);
/// How often a stream asks the store, for checks that another process answered.
const POLL: Duration = Duration::from_millis(500);

type App = State<Arc<PrivateApp>>;
type Answered = Result<Response, Problem>;

/// The routes. The figures are `figures`' alone, unless another listener has them.
pub fn router(app: Arc<PrivateApp>, heads: Heads, figures: Option<Arc<Scrape>>) -> Router {
    let strict = transport::strict(&app.console_url);
    let router = figures.map_or_else(Router::new, metrics::routes);
    router
        .route("/v1/tokens", get(live).post(issue))
        .route("/v1/tokens/withdraw", post(withdraw_many))
        .route("/v1/tokens/{id}", get(status).delete(withdraw))
        .route("/v1/tokens/{id}/spoken", post(speak))
        .route("/v1/tokens/{id}/events", get(events))
        .route("/v1/references/{reference}", get(look_up))
        .merge(authorisations::routes())
        .merge(people::routes())
        .merge(changes::routes())
        .merge(oversight::routes())
        .merge(door::routes())
        .merge(console::routes())
        .route("/openapi.json", get(openapi))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(|State(app): App| async move { health::of_issuer(&app.issuer_health, &app.scrape.watch, &app.phase) }))
        .fallback(|| async { Problem::nothing_here() })
        .method_not_allowed_fallback(|| async { not_allowed() })
        .layer(map_response(note_recovery))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(heads)
        .layer(MapResponseLayer::new(strict))
        .layer(Cleaning::new())
        .with_state(app)
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=3600")], include_str!("openapi-private.json"))
}

pub(super) fn not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this address does not take this method")
}

#[derive(Deserialize, Serialize)]
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
    #[serde(skip_serializing)]
    confirmation: Option<Answer>,
}

impl TryFrom<IssueBody> for IssueRequest {
    type Error = Problem;

    fn try_from(body: IssueBody) -> Result<Self, Problem> {
        fn parsed<T: std::str::FromStr<Err: ToString>>(text: Option<String>) -> Result<Option<T>, Problem> {
            text.map(|text| text.parse()).transpose().map_err(|error: T::Err| Problem::invalid(error.to_string()))
        }
        fn enforced<T>(text: Option<String>, enforce: fn(&str) -> Result<T, ClaimError>) -> Result<Option<T>, Problem> {
            text.map(|text| enforce(&text)).transpose().map_err(|error| Problem::invalid(error.to_string()))
        }
        Ok(Self {
            authorisation: parsed(body.authorisation)?,
            approach: Approach {
                channel: body.channel,
                name: enforced(body.name, Name::enforced)?,
                place: enforced(body.place, Place::enforced)?,
                challenge: parsed(body.challenge)?,
                dialled: parsed(body.dialled)?,
            },
            not_before: body.not_before,
            lifetime: body.lifetime,
            spoken: body.spoken,
        })
    }
}

async fn issue(State(app): App, caller: Caller, key: IdempotencyKey, Decoded(mut body): Decoded<IssueBody>) -> Answered {
    let answer = body.confirmation.take();
    let once = key.once(OnceAct::Issue, caller.within(Scope::Tokens)?, &body);
    let request: IssueRequest = body.try_into()?;
    let before = match &once {
        Some(once) => app.desk.issued_before(&request, once).await?,
        None => None,
    };
    let issued = match before {
        Some(issued) => issued,
        None => issue_confirmed(&app, &caller, answer, request, once).await?,
    };
    Ok((StatusCode::CREATED, no_store(), Json(issued_json(&issued, &app.link_url)?)).into_response())
}

async fn issue_confirmed(
    app: &PrivateApp,
    caller: &Caller,
    answer: Option<Answer>,
    request: IssueRequest,
    once: Option<Once>,
) -> Result<Issued, Problem> {
    let confirmation = caller.confirmation(app, answer).await?;
    let issued = app.desk.issue_once(caller.issuing(confirmation.as_ref())?, request, once.as_ref()).await;
    if let (Err(Refused::NotConfirmed), Some(confirmation)) = (&issued, &confirmation) {
        app.passkeys.not_taken(confirmation).await?;
    }
    Ok(issued?)
}

fn issued_json(issued: &Issued, link_url: &str) -> Result<Value, Problem> {
    let Issued { token, claims, spoken } = issued;
    let symbol =
        Symbol::of(token, link_url).map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no-qr", error.to_string()))?;
    Ok(json!({
        "id": claims.cti().to_string(),
        "token": token.text(),
        "link": token.link(link_url),
        "qr_svg": symbol.svg(),
        "spoken": spoken.map(spoken_json),
        "issued_at": claims.window().issued_at(),
        "not_before": claims.window().not_before(),
        "expires_at": claims.window().expires_at(),
    }))
}

fn spoken_json(Spoken { code, six }: Spoken) -> Value {
    json!({"words": code.words(), "digits": code.digits(), "six_words": six.words(), "six_digits": six.digits()})
}

async fn live(State(app): App, caller: Caller, kept: Kept, looked: Looked<Cti, Cti>) -> Answered {
    let wanted = match looked {
        Looked::Usual(page) => Wanted { search: None, sort: Sort::Until, page },
        Looked::Wanted(_, Some(_)) => return Err(no_parts()),
        Looked::Wanted(wanted, None) => wanted,
    };
    let most = wanted.page.most;
    let Listed { items, next } = app.desk.live(caller.within(Scope::Tokens)?, wanted).await?;
    let shown: Vec<Value> = items.iter().map(|(token, status)| live_json(token, *status)).collect();
    Ok(listed_as("/v1/tokens", &kept, most, &shown, next))
}

fn live_json(token: &LiveToken, status: TokenStatus) -> Value {
    json!({
        "id": token.cti.to_string(),
        "officer": token.record.officer,
        "authorisation": token.authorisation,
        "channel": token.channel,
        "reference": token.reference,
        "issued_at": token.issued_at,
        "not_before": (token.starts_at != token.issued_at).then_some(token.starts_at),
        "expires_at": token.record.expires_at,
        "state": status.state,
        "first_checked_at": status.first_checked_at,
        "spoken_words": status.spoken_words,
        "wrong_numbers": status.wrong_numbers,
    })
}

async fn look_up(State(app): App, caller: Caller, Id(reference): Id<Reference>) -> Answered {
    let found = app.desk.look_up(caller.within(Scope::Tokens)?, reference).await?;
    let tokens: Vec<Value> = found.iter().map(|(token, status)| found_json(token, *status)).collect();
    Ok((no_store(), Json(json!({"reference": reference, "tokens": tokens}))).into_response())
}

/// How it stands, and nothing of anybody.
fn found_json(token: &LiveToken, status: TokenStatus) -> Value {
    json!({
        "id": token.cti.to_string(),
        "channel": token.channel,
        "issued_at": token.issued_at,
        "not_before": (token.starts_at != token.issued_at).then_some(token.starts_at),
        "expires_at": token.record.expires_at,
        "state": status.state,
        "first_checked_at": status.first_checked_at,
        "withdrawn_at": token.record.withdrawn_at,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeakBody {
    token: String,
}

async fn speak(State(app): App, caller: Caller, Id(id): Id<Cti>, Decoded(body): Decoded<SpeakBody>) -> Answered {
    let token = Token::parse(&body.token).map_err(|error| Problem::invalid(error.to_string()))?;
    let code = app.desk.make_speakable(caller.within(Scope::Tokens)?, id, &token).await?;
    Ok((no_store(), Json(json!({"spoken": spoken_json(code)}))).into_response())
}

async fn status(State(app): App, caller: Caller, Id(id): Id<Cti>) -> Answered {
    let status = app.desk.status(caller.within(Scope::Tokens)?, id).await?;
    Ok((no_store(), Json(status)).into_response())
}

async fn withdraw(State(app): App, caller: Caller, Id(id): Id<Cti>) -> Answered {
    app.desk.withdraw(caller.within(Scope::Tokens)?, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WithdrawBody {
    tokens: TokenSelection,
}

async fn withdraw_many(State(app): App, caller: Caller, key: IdempotencyKey, Decoded(body): Decoded<WithdrawBody>) -> Answered {
    let officer = caller.within(Scope::Tokens)?;
    let once = key.once(OnceAct::WithdrawTokens, officer, &body);
    let withdrawn = app.registry.withdraw_tokens_once(&Actor::Person(officer.clone()), body.tokens, once).await?;
    Ok((no_store(), Json(json!({"withdrawn": withdrawn}))).into_response())
}

async fn events(State(app): App, caller: Caller, Id(cti): Id<Cti>) -> Answered {
    let marks = app.desk.marks();
    // Asked once before the stream begins, so that what may not be seen is refused with a status.
    app.desk.status(caller.within(Scope::Tokens)?, cti).await?;
    let watch = Watch { caller: caller.streaming(&app)?, app, cti, marks, last: None };
    let phase = watch.app.phase.clone();
    Ok((no_store(), [UNBUFFERED], Sse::new(until_ending(changes(watch), phase)).keep_alive(beats())).into_response())
}

/// An event, and not a comment as usual: a page never sees comments, and must notice when the connection is dead.
pub(super) fn beats() -> KeepAlive {
    KeepAlive::new().interval(BEAT).event(Event::default().event("beat").data("-"))
}

/// nginx, as it comes, keeps an answer to itself until it has a good piece of it; of a stream of events that may be minutes.
pub(super) const UNBUFFERED: (HeaderName, HeaderValue) = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

struct Watch {
    app: Arc<PrivateApp>,
    caller: Caller,
    cti: Cti,
    marks: broadcast::Receiver<Cti>,
    last: Option<TokenStatus>,
}

/// One event at the start and one at each change; ends when nothing can change any more.
fn changes(watch: Watch) -> impl Stream<Item = Result<Event, axum::Error>> {
    stream::unfold(watch, |mut watch| async move {
        loop {
            let known = watch.last;
            if watch.last.is_some_and(|last| last.is_over) {
                return None;
            }
            let status = watch.status().await.ok()?;
            watch.last = Some(status);
            if known.is_none_or(|known| known.differs(status)) {
                return Some((Event::default().json_data(status), watch));
            }
            watch.wait().await;
        }
    })
}

impl Watch {
    /// As it stands now; refused once the person is suspended or their session is over, in the middle of a stream too.
    async fn status(&self) -> Result<TokenStatus, Problem> {
        let status = self.app.desk.status(self.caller.within(Scope::Tokens)?, self.cti).await?;
        if self.last.is_none() || self.caller.still_stands(&self.app).await? { Ok(status) } else { Err(Problem::unavailable()) }
    }

    /// Until this token is checked here, or until it is time to ask the store what happened elsewhere.
    async fn wait(&mut self) {
        let marked = async { while self.marks.recv().await.is_ok_and(|cti| cti != self.cti) {} };
        let _ = tokio::time::timeout(POLL, marked).await;
    }
}

/// The id in the address.
pub(super) struct Id<T>(pub T);

impl<T: std::str::FromStr<Err: ToString>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|_| Problem::invalid("the id in the address is not UTF-8"))?;
        text.parse().map(Self).map_err(|error: T::Err| Problem::invalid(error.to_string()))
    }
}

pub(super) fn no_store() -> [(axum::http::HeaderName, &'static str); 1] {
    [(axum::http::header::CACHE_CONTROL, "no-store")]
}
