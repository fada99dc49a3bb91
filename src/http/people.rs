//! People and their ways in, for administrators.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    app::PrivateApp,
    body::Decoded,
    pages::{Asked, listed},
    private::{Id, no_store},
    problem::Problem,
    session::Caller,
};
use crate::{
    authority::{AccessId, Actor, Callsign, Role, Scope},
    issuer::Invited,
    store::{Listed, PersonPlace},
};

type App = State<Arc<PrivateApp>>;
type Answered = Result<Response, Problem>;

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new()
        .route("/v1/people", get(list).post(enrol))
        .route("/v1/people/{callsign}/link", post(link))
        .route("/v1/people/{callsign}/suspend", post(suspend))
        .route("/v1/keys/{id}", delete(revoke))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrolBody {
    callsign: Callsign,
    role: Role,
}

fn actor(caller: &Caller) -> Result<Actor, Problem> {
    Ok(Actor::Person(caller.within(Scope::People)?.clone()))
}

async fn list(State(app): App, caller: Caller, Asked(page): Asked<PersonPlace>) -> Answered {
    let most = page.most;
    let Listed { items, next } = app.registry.people(&actor(&caller)?, page).await?;
    Ok(listed("/v1/people", most, &items, next))
}

async fn enrol(State(app): App, caller: Caller, Decoded(body): Decoded<EnrolBody>) -> Answered {
    let (officer, offered) = app.registry.invite(&actor(&caller)?, body.callsign, body.role).await?;
    let invited = Invited { officer, link: offered.shown(&app.console_url) };
    Ok((StatusCode::CREATED, no_store(), Json(invited)).into_response())
}

async fn link(State(app): App, caller: Caller, Id(callsign): Id<Callsign>) -> Answered {
    let offered = app.registry.make_link(&actor(&caller)?, &callsign).await?;
    Ok((StatusCode::CREATED, no_store(), Json(offered.shown(&app.console_url))).into_response())
}

async fn suspend(State(app): App, caller: Caller, Id(callsign): Id<Callsign>) -> Answered {
    app.registry.suspend(&actor(&caller)?, callsign).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn revoke(State(app): App, caller: Caller, Id(id): Id<AccessId>) -> Answered {
    let revoked = app.registry.revoke_access(&actor(&caller)?, id).await?;
    let revoked = json!({"callsign": revoked.owner, "withdrawn": revoked.withdrawn});
    Ok((no_store(), Json(revoked)).into_response())
}
