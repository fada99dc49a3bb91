//! The public API of the verifier role. No account, no cookie, no log of who asked.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Extension, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tower::util::MapResponseLayer;
use tower_http::cors::CorsLayer;

use super::{
    app::PublicApp,
    assets,
    body::{JsonObject, MAX_BODY},
    check,
    cleaning::Cleaning,
    conditional,
    head::Heads,
    health,
    listen::Peer,
    padding::{Wrap, even_answer},
    problem::{Problem, status},
    transport,
};
use crate::{
    keyring::PublicKeys,
    telemetry::Metrics,
    token::{Challenge, Channel, Claims, Cti, Dialled, Name, Place, SpokenCode, Token},
    verifier::{Answer, Attempt, ChallengeResult, Check, Shown, Verdict},
    words::Language,
};

/// The routes. `origins` are the pages hosted elsewhere that may ask.
pub fn router(app: Arc<PublicApp>, origins: Vec<HeaderValue>) -> Router {
    let cors = CorsLayer::new().allow_origin(origins).allow_methods([Method::POST]).allow_headers([header::CONTENT_TYPE]);
    let (metrics, strict) = (app.metrics.clone(), transport::strict(&app.origins[0]));
    let counted = MapResponseLayer::new(move |response| count_unreadable(&metrics, response));
    let everyone = CorsLayer::new().allow_origin(tower_http::cors::Any);
    Router::new()
        .route("/v1/verify", post(verify).fallback(not_verify).layer((counted.clone(), cors)))
        .merge(
            Router::new()
                .route("/.well-known/countersign/keys.jwt", get(key_set))
                .route("/.well-known/jwks.json", get(jwks))
                .layer(everyone),
        )
        .route("/", get(index))
        .route(
            "/scan.js",
            get(|State(app): State<Arc<PublicApp>>, headers: HeaderMap| async move { app.site.get().assets.scan.respond(&headers) }),
        )
        .route(
            "/enter.js",
            get(|State(app): State<Arc<PublicApp>>, headers: HeaderMap| async move { app.site.get().assets.enter.respond(&headers) }),
        )
        .route(
            "/sw.js",
            get(|State(app): State<Arc<PublicApp>>, headers: HeaderMap| async move { app.site.get().assets.worker.respond(&headers) }),
        )
        .route(
            "/icon.svg",
            get(|State(app): State<Arc<PublicApp>>, headers: HeaderMap| async move { app.site.get().assets.icon.respond(&headers) }),
        )
        .merge(languages())
        .route("/check", get(check::form).post(check::answer).layer(counted))
        .route("/openapi.json", get(openapi))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(ready))
        .fallback(|| async { Problem::nothing_here() })
        .method_not_allowed_fallback(|| async { not_allowed() })
        // As one layer, the outermost first: each costs every request a box of its own.
        .layer((
            MapResponseLayer::new(move |response| strict(guarded(response))),
            Cleaning::new(),
            Heads::default(),
            DefaultBodyLimit::max(MAX_BODY),
        ))
        .with_state(app)
}

/// A file for each language; there is nothing at those that the deployment does not have.
fn languages() -> Router<Arc<PublicApp>> {
    Language::ALL.into_iter().fold(Router::new(), |router, language| {
        let file = move |State(app): State<Arc<PublicApp>>, headers: HeaderMap| async move {
            let current = app.site.get();
            let file = current.assets.language(language).map(|file| file.respond(&headers));
            file.ok_or_else(Problem::nothing_here)
        };
        router.route(&format!("/{}", language.file()), get(file))
    })
}

fn guarded(mut response: Response) -> Response {
    assets::guard(response.headers_mut());
    response
}

/// Whatever is said against what was sent, but for limits, which are counted by themselves.
fn count_unreadable(metrics: &Metrics, response: Response) -> Response {
    if response.status().is_client_error() && response.status() != StatusCode::TOO_MANY_REQUESTS {
        metrics.unreadable();
    }
    response
}

fn not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this address does not take this method; see /openapi.json")
}

async fn index(State(app): State<Arc<PublicApp>>, headers: HeaderMap) -> Response {
    let Some(mut response) = app.site.get().assets.index(&headers).map(|index| index.respond(&headers)) else {
        return Problem::unavailable().into_response();
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

async fn not_verify(State(app): State<Arc<PublicApp>>, headers: HeaderMap) -> Response {
    not_allowed().into_even_response(Wrap::of_answer(&headers), &*app.entropy)
}

async fn verify(
    State(app): State<Arc<PublicApp>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    members: Result<JsonObject, Problem>,
) -> Response {
    let wrap = Wrap::of_answer(&headers);
    let checked = async {
        let check = request(members?.0)?;
        app.limited(peer, check).await
    };
    match checked.await {
        Ok(answer) => even_answer(status(answer.verdict), answer_headers(), &answer_json(&answer), wrap, &*app.entropy),
        Err(problem) => problem.into_even_response(wrap, &*app.entropy),
    }
}

/// Reads the request, naming each wrong member.
fn request(mut members: Map<String, Value>) -> Result<Check, Problem> {
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::invalid(format!("{name} is not a string"))),
    };
    let (token, code, challenge, attempt) = (text("token")?, text("code")?, text("challenge")?, text("attempt")?);
    if let Some((unknown, _)) = members.into_iter().next() {
        let unknown: String = unknown.chars().take(40).collect();
        return Err(Problem::invalid(format!("there is no member {unknown:?}; see /openapi.json")));
    }
    let shown = match (token, code) {
        (Some(token), None) => Shown::Token(Token::find(&token)),
        (None, Some(code)) => Shown::Code(SpokenCode::parse(&code)),
        _ => return Err(Problem::bad_request("send either token or code, and not both")),
    };
    let challenge = challenge.map(|digits| digits.parse::<Challenge>()).transpose();
    Ok(Check {
        shown,
        challenge: challenge.map_err(|_| Problem::invalid("challenge is not exactly six digits"))?,
        attempt: attempt.map(|text| parse_attempt(&text)).transpose()?,
        form: None,
    })
}

fn parse_attempt(text: &str) -> Result<Attempt, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Attempt).ok_or_else(|| Problem::invalid("attempt is not 16 bytes as base64url without padding"))
}

fn answer_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ])
}

/// An answer's members, without the padding.
#[derive(Serialize)]
struct AnswerJson<'a> {
    approach: Option<ApproachJson<'a>>,
    challenge: Option<ChallengeResult>,
    first_checked_at: Option<i64>,
    server_time: i64,
    token: Option<String>,
    verdict: Verdict,
}

#[derive(Serialize)]
struct ApproachJson<'a> {
    channel: Channel,
    dialled: Option<String>,
    expires_at: i64,
    id: Cti,
    issued_at: i64,
    name: Option<&'a str>,
    not_before: Option<i64>,
    place: Option<&'a str>,
}

/// The answer as it is written, without the padding.
pub fn answer_json(answer: &Answer) -> impl Serialize {
    AnswerJson {
        approach: answer.approach.as_ref().map(approach_json),
        challenge: answer.challenge,
        first_checked_at: answer.first_checked_at,
        server_time: answer.server_time,
        token: answer.token.as_ref().map(Token::text),
        verdict: answer.verdict,
    }
}

fn approach_json(claims: &Claims) -> ApproachJson<'_> {
    let (approach, window) = (claims.approach(), claims.window());
    ApproachJson {
        channel: approach.channel,
        dialled: approach.dialled.map(|digits: Dialled| digits.to_string()),
        expires_at: window.expires_at(),
        id: claims.cti(),
        issued_at: window.issued_at(),
        name: approach.name.as_ref().map(Name::as_str),
        not_before: window.not_before(),
        place: approach.place.as_ref().map(Place::as_str),
    }
}

/// As the root signed it, also after it expired: it says itself when that is.
async fn key_set(State(app): State<Arc<PublicApp>>, headers: HeaderMap) -> Response {
    match app.verifier.keys().fresh() {
        Some((seen, left)) => cached(&headers, "application/jwk-set+jwt", seen.stored.jwt.clone(), left),
        None => Problem::no_keys().into_response(),
    }
}

/// The keys in it do not say what the root said of them, so they are those of a current set or none.
async fn jwks(State(app): State<Arc<PublicApp>>, headers: HeaderMap) -> Response {
    let current = |keys: &PublicKeys| app.verifier.watch().now().is_ok_and(|now| keys.is_current(now));
    match app.verifier.keys().fresh().filter(|(seen, _)| current(&seen.keys)) {
        Some((seen, left)) => cached(&headers, "application/jwk-set+json", seen.keys.jwks().to_string(), left),
        None => Problem::no_keys().into_response(),
    }
}

/// Half a minute of caching, but never beyond what is `left`, and a validator for the rest.
fn cached(request: &HeaderMap, media: &'static str, body: String, left: Duration) -> Response {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..12]));
    let instead = conditional::instead(request, &tag);
    let headers = [(header::CACHE_CONTROL, format!("max-age={}", left.as_secs().min(30))), (header::ETAG, tag)];
    match instead {
        Some(StatusCode::NOT_MODIFIED) => (StatusCode::NOT_MODIFIED, headers).into_response(),
        Some(_) => Problem::not_current().into_response(),
        None => (headers, [(header::CONTENT_TYPE, media)], body).into_response(),
    }
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=3600")], include_str!("openapi.json"))
}

async fn ready(State(app): State<Arc<PublicApp>>) -> Result<health::Healthy, Problem> {
    health::of_verifier(&app.readiness, &app.phase).await
}
