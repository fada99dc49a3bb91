//! How people come in by passkey, for the console alone.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    app::PrivateApp,
    body::Decoded,
    listen::Peer,
    private::{Id, no_store},
    problem::Problem,
    session::{OwnPage, Session, clear_cookie, set_cookie},
};
use crate::{
    authority::{AccessId, AccessName, Officer},
    issuer::{Answer, Challenge, Link, Opened, Refused},
    store::OpenSession,
};

type App = State<Arc<PrivateApp>>;
type Answered = Result<Response, Problem>;

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new()
        .route("/v1/passkeys/options", post(begin_registration))
        .route("/v1/passkeys", get(passkeys).post(register))
        .route("/v1/passkeys/{id}/name", post(name))
        .route("/v1/session/options", post(begin_sign_in))
        .route("/v1/session", get(session).post(sign_in).delete(sign_out))
        .route("/v1/confirmations", post(begin_confirmation))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    link: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationBody {
    link: String,
    ceremony: String,
    credential: Value,
    name: Option<AccessName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameBody {
    name: AccessName,
}

/// What is no link at all looks like one that is over.
fn link(text: &str) -> Result<Link, Refused> {
    Link::parse(text).map_err(|_| Refused::LinkOver)
}

async fn begin_registration(State(app): App, _: OwnPage, Decoded(body): Decoded<LinkBody>) -> Answered {
    Ok(challenge(&app.passkeys.begin_registration(&link(&body.link)?).await?))
}

async fn register(State(app): App, _: OwnPage, Decoded(body): Decoded<RegistrationBody>) -> Answered {
    let answer = Answer { ceremony: body.ceremony, credential: body.credential };
    let officer = app.passkeys.register(&link(&body.link)?, &answer, body.name).await?;
    let registered = json!({"callsign": officer.callsign, "role": officer.role});
    Ok((StatusCode::CREATED, no_store(), Json(registered)).into_response())
}

async fn passkeys(State(app): App, Session { officer, .. }: Session) -> Answered {
    Ok((no_store(), Json(app.passkeys.of(&officer).await?)).into_response())
}

async fn name(State(app): App, Session { officer, .. }: Session, Id(id): Id<AccessId>, Decoded(body): Decoded<NameBody>) -> Answered {
    app.passkeys.name(&officer, id, body.name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn begin_sign_in(State(app): App, Extension(Peer(peer)): Extension<Peer>, _: OwnPage) -> Answered {
    let networks = app.networks.of(peer);
    // From the smallest network to the largest; an IPv4 address has one.
    let [address, site] = [networks.first(), networks.last()].map(|network| network.map_or(0, |(hash, _)| *hash));
    Ok(challenge(&app.passkeys.begin_sign_in(address, site).await?))
}

async fn sign_in(State(app): App, _: OwnPage, Decoded(answer): Decoded<Answer>) -> Answered {
    let Opened { token, session: OpenSession { officer, ends_at } } = app.passkeys.sign_in(&answer).await?;
    Ok((StatusCode::CREATED, no_store(), [(header::SET_COOKIE, set_cookie(&token))], who(&app, &officer, ends_at)).into_response())
}

async fn session(State(app): App, Session { officer, ends_at, .. }: Session) -> Answered {
    Ok((no_store(), who(&app, &officer, ends_at)).into_response())
}

async fn sign_out(State(app): App, Session { token, .. }: Session) -> Answered {
    app.passkeys.sign_out(&token).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_cookie())]).into_response())
}

async fn begin_confirmation(State(app): App, Session { officer, token, .. }: Session) -> Answered {
    Ok(challenge(&app.passkeys.begin_confirmation(&officer, &token).await?))
}

fn challenge(challenge: &Challenge) -> Response {
    (no_store(), Json(challenge)).into_response()
}

/// What the console needs to know. `address` is what a person approached types to reach the page.
fn who(app: &PrivateApp, officer: &Officer, session_ends_at: i64) -> Json<Value> {
    let address = app.public_url.split_once("://").map_or(app.public_url.as_str(), |(_, address)| address);
    Json(json!({
        "callsign": officer.callsign,
        "role": officer.role,
        "organisation": app.organisation.get().as_str(),
        "address": address,
        "server_time": app.clock.now(),
        "session_ends_at": session_ends_at,
    }))
}
