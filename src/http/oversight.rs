//! What an overseer takes away from the private side: checkpoints, and proofs that one extends another.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{app::PrivateApp, problem::Problem, session::Caller};
use crate::{authority::Scope, ledger::Proof};

type App = State<Arc<PrivateApp>>;

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    Router::new()
        .route("/v1/ledger/checkpoint", get(checkpoint))
        .route("/v1/ledger/consistency/{first}/{second}", get(consistency))
        .route("/v1/ledger/keys", get(keys))
}

async fn checkpoint(State(app): App, caller: Caller) -> Result<Response, Problem> {
    let overseer = app.registry.overseer(caller.within(Scope::Ledger)?).await?;
    let note = app.notary.newest(&overseer).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], note).into_response())
}

async fn consistency(State(app): App, caller: Caller, sizes: Result<Path<(u64, u64)>, PathRejection>) -> Result<Response, Problem> {
    let Path((first, second)) = sizes.map_err(|_| Problem::invalid("the sizes in the address are not two whole numbers"))?;
    let overseer = app.registry.overseer(caller.within(Scope::Ledger)?).await?;
    let proof = app.notary.consistency(&overseer, first, second).await?;
    let hashes: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({"hashes": hashes}))).into_response())
}

async fn keys(State(app): App, caller: Caller) -> Result<Response, Problem> {
    let overseer = app.registry.overseer(caller.within(Scope::Ledger)?).await?;
    let changes: Vec<String> = app.notary.key_changes(&overseer).await?.iter().map(Proof::write).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({"changes": changes}))).into_response())
}
