//! Authorisations: asked for by one person and decided by another.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use super::{
    app::PrivateApp,
    body::{Decoded, Sparse},
    idempotency::IdempotencyKey,
    pages::{Kept, Looked, listed, listed_as},
    private::{Id, no_store},
    problem::Problem,
    session::Caller,
};
use crate::{
    authority::{Actor, Authorisation, AuthorisationId, Decision, Reason, Scope},
    issuer::{Ask, Changed, OnceAct},
    store::{AuthorisationPlace, Listed},
    token::Channel,
};

type App = State<Arc<PrivateApp>>;
type Answered = Result<Response, Problem>;

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new()
        .route("/v1/authorisations", post(ask).get(list))
        .route("/v1/authorisations/{id}", get(one))
        .route("/v1/authorisations/{id}/approve", post(approve))
        .route("/v1/authorisations/{id}/refuse", post(refuse))
        .route("/v1/authorisations/{id}/review", post(review))
        .route("/v1/authorisations/{id}/withdraw", post(withdraw))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AskBody {
    reference: String,
    purpose: String,
    channels: BTreeSet<Channel>,
    from: Option<i64>,
    until: i64,
    max_tokens: u32,
}

async fn ask(State(app): App, caller: Caller, key: IdempotencyKey, Decoded(body): Decoded<AskBody>) -> Answered {
    let officer = caller.within(Scope::Authorisations)?;
    let once = key.once(OnceAct::Ask, officer, &body);
    let AskBody { reference, purpose, channels, from, until, max_tokens } = body;
    let asked = app.registry.ask_once(officer, Ask { reference, purpose, channels, from, until, max_tokens }, once).await?;
    Ok((StatusCode::CREATED, no_store(), Json(asked)).into_response())
}

async fn list(State(app): App, caller: Caller, kept: Kept, looked: Looked<AuthorisationPlace, AuthorisationId>) -> Answered {
    let actor = Actor::Person(caller.within(Scope::Authorisations)?.clone());
    match looked {
        Looked::Usual(page) => {
            let most = page.most;
            let Listed { items, next } = app.registry.authorisations(&actor, page).await?;
            Ok(listed("/v1/authorisations", most, &items, next))
        }
        Looked::Wanted(wanted, only) => {
            let most = wanted.page.most;
            let Listed { items, next } = app.registry.authorisations_sorted(&actor, only, wanted).await?;
            Ok(listed_as("/v1/authorisations", &kept, most, &items, next))
        }
    }
}

async fn one(State(app): App, caller: Caller, Id(id): Id<AuthorisationId>) -> Answered {
    let (authorisation, live_tokens) = app.registry.authorisation(caller.within(Scope::Authorisations)?, id).await?;
    Ok((no_store(), Json(Detail { authorisation, live_tokens })).into_response())
}

/// An authorisation, and how many live tokens would be withdrawn with it.
#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    authorisation: Authorisation,
    live_tokens: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    reason: Option<Reason>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RefuseBody {
    reason: Reason,
}

async fn approve(
    State(app): App,
    caller: Caller,
    Id(id): Id<AuthorisationId>,
    key: IdempotencyKey,
    Sparse(ApproveBody { reason }): Sparse<ApproveBody>,
) -> Answered {
    let officer = caller.within(Scope::Authorisations)?;
    let once = key.once(OnceAct::Approve, officer, &(id, &reason));
    Ok(authorisation(app.registry.decide_once(officer, id, (Decision::Approve, reason), once).await?))
}

async fn refuse(
    State(app): App,
    caller: Caller,
    Id(id): Id<AuthorisationId>,
    key: IdempotencyKey,
    Decoded(RefuseBody { reason }): Decoded<RefuseBody>,
) -> Answered {
    let officer = caller.within(Scope::Authorisations)?;
    let once = key.once(OnceAct::Refuse, officer, &(id, &reason));
    Ok(authorisation(app.registry.decide_once(officer, id, (Decision::Refuse, Some(reason)), once).await?))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ReviewBody {
    channels: BTreeSet<Channel>,
    until: i64,
    max_tokens: u32,
}

async fn review(
    State(app): App,
    caller: Caller,
    Id(id): Id<AuthorisationId>,
    key: IdempotencyKey,
    Decoded(body): Decoded<ReviewBody>,
) -> Answered {
    let officer = caller.within(Scope::Authorisations)?;
    let once = key.once(OnceAct::Review, officer, &(id, &body));
    let ReviewBody { channels, until, max_tokens } = body;
    Ok(authorisation(app.registry.review_once(officer, id, Changed { channels, until, max_tokens }, once).await?))
}

async fn withdraw(State(app): App, caller: Caller, Id(id): Id<AuthorisationId>) -> Answered {
    Ok(authorisation(app.registry.withdraw(caller.within(Scope::Authorisations)?, id).await?))
}

fn authorisation(authorisation: Authorisation) -> Response {
    (no_store(), Json(authorisation)).into_response()
}
