//! Readiness, for proxies and monitors. What is wrong is in the log and the figures; the answer says only whether.

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use tokio::sync::watch;

use super::{app::Phase, private::no_store, problem::Problem};
use crate::{clock::ClockWatch, health::Health, issuer::wrote_lately, telemetry::Scrape, verifier::Readiness};

/// The process runs.
pub async fn live() -> Response {
    yes()
}

/// Whether every side that runs in this process can do its work.
pub async fn of_all(scrape: &Scrape, phase: &watch::Receiver<Phase>) -> Result<Response, Problem> {
    if let Some(issuing) = &scrape.issuing {
        of_issuer(&issuing.health, &scrape.watch, phase)?;
    }
    match &scrape.checking {
        Some(checking) => of_verifier(&checking.readiness, phase).await,
        None => Ok(yes()),
    }
}

/// Whether checks can be answered.
pub async fn of_verifier(readiness: &Readiness, phase: &watch::Receiver<Phase>) -> Result<Response, Problem> {
    stays(phase)?;
    answer(readiness.is_ready().await)
}

/// Whether officers can act, and what they did is recorded.
pub fn of_issuer(health: &Health, watch: &ClockWatch, phase: &watch::Receiver<Phase>) -> Result<Response, Problem> {
    stays(phase)?;
    answer(health.is_ready() && wrote_lately(health, watch))
}

fn stays(phase: &watch::Receiver<Phase>) -> Result<(), Problem> {
    if *phase.borrow() == Phase::Serving { Ok(()) } else { Err(Problem::leaving()) }
}

fn answer(is_ready: bool) -> Result<Response, Problem> {
    if is_ready { Ok(yes()) } else { Err(Problem::not_ready()) }
}

/// Kept nowhere: a cache in front would go on saying so after it is no longer true.
fn yes() -> Response {
    (StatusCode::NO_CONTENT, no_store()).into_response()
}
