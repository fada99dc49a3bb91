//! People and their ways in, for administrators.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    app::PrivateApp,
    body::Decoded,
    idempotency::IdempotencyKey,
    pages::{Kept, Looked, listed, listed_as, no_parts},
    private::{Id, no_store},
    problem::Problem,
    session::Caller,
};
use crate::{
    authority::{AccessId, Actor, Callsign, Reason, Role, Scope},
    issuer::{Invited, OnceAct, Person},
    store::{Ended, Follows, Listed, PersonPlace, Sort},
};

type App = State<Arc<PrivateApp>>;
type Answered = Result<Response, Problem>;

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new()
        .route("/v1/people", get(list).post(enrol))
        .route("/v1/people/{callsign}", get(one))
        .route("/v1/people/{callsign}/link", post(link))
        .route("/v1/people/{callsign}/suspend", post(suspend))
        .route("/v1/people/{callsign}/reinstate", post(reinstate))
        .route("/v1/keys/{id}", delete(revoke))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EnrolBody {
    callsign: Callsign,
    role: Role,
}

fn actor(caller: &Caller) -> Result<Actor, Problem> {
    Ok(Actor::Person(caller.within(Scope::People)?.clone()))
}

async fn list(State(app): App, caller: Caller, kept: Kept, looked: Looked<PersonPlace, Callsign>) -> Answered {
    let actor = actor(&caller)?;
    match looked {
        Looked::Usual(page) => {
            let most = page.most;
            let Listed { items, next } = app.registry.people(&actor, page).await?;
            Ok(listed("/v1/people", most, &items, next))
        }
        Looked::Wanted(_, Some(_)) => Err(no_parts()),
        Looked::Wanted(wanted, None) if wanted.sort == Sort::Until => {
            Err(Problem::invalid("people have no end; `sort` is made, oldest or name"))
        }
        Looked::Wanted(wanted, None) => {
            let most = wanted.page.most;
            let Listed { items, next } = app.registry.people_sorted(&actor, wanted).await?;
            Ok(listed_as("/v1/people", &kept, most, &items, next))
        }
    }
}

async fn enrol(State(app): App, caller: Caller, key: IdempotencyKey, Decoded(body): Decoded<EnrolBody>) -> Answered {
    let once = key.once(OnceAct::Enrol, caller.within(Scope::People)?, &body);
    let (officer, offered) = app.registry.invite_once(&actor(&caller)?, body.callsign, body.role, once).await?;
    let invited = Invited { officer, link: offered.shown(&app.console_url) };
    Ok((StatusCode::CREATED, no_store(), Json(invited)).into_response())
}

async fn link(State(app): App, caller: Caller, Id(callsign): Id<Callsign>, key: IdempotencyKey) -> Answered {
    let once = key.once(OnceAct::MakeLink, caller.within(Scope::People)?, &callsign);
    let offered = app.registry.make_link_once(&actor(&caller)?, &callsign, once).await?;
    Ok((StatusCode::CREATED, no_store(), Json(offered.shown(&app.console_url))).into_response())
}

async fn one(State(app): App, caller: Caller, Id(callsign): Id<Callsign>) -> Answered {
    let (person, follows) = app.registry.one(&actor(&caller)?, callsign).await?;
    Ok((no_store(), Json(Detail { person, follows })).into_response())
}

/// A person, and what would follow if they were suspended.
#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    person: Person,
    follows: Follows,
}

async fn suspend(State(app): App, caller: Caller, Id(callsign): Id<Callsign>, key: IdempotencyKey) -> Answered {
    let once = key.once(OnceAct::Suspend, caller.within(Scope::People)?, &callsign);
    let Ended { sessions, withdrawn } = app.registry.suspend_once(&actor(&caller)?, callsign.clone(), once).await?;
    let ended = json!({"callsign": callsign, "sessions": sessions, "withdrawn": withdrawn});
    Ok((no_store(), Json(ended)).into_response())
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ReinstateBody {
    reason: Reason,
}

async fn reinstate(
    State(app): App,
    caller: Caller,
    Id(callsign): Id<Callsign>,
    key: IdempotencyKey,
    Decoded(body): Decoded<ReinstateBody>,
) -> Answered {
    let once = key.once(OnceAct::Reinstate, caller.within(Scope::People)?, &(&callsign, &body));
    let officer = app.registry.reinstate(&actor(&caller)?, callsign, body.reason, once).await?;
    Ok((no_store(), Json(officer)).into_response())
}

async fn revoke(State(app): App, caller: Caller, Id(id): Id<AccessId>, key: IdempotencyKey) -> Answered {
    let once = key.once(OnceAct::RevokeAccess, caller.within(Scope::People)?, &id);
    let revoked = app.registry.revoke_access_once(&actor(&caller)?, id, once).await?;
    let revoked = json!({"callsign": revoked.owner, "withdrawn": revoked.withdrawn});
    Ok((no_store(), Json(revoked)).into_response())
}
