//! Readiness, for proxies and monitors. What is wrong is in the log and the figures; the answer says only whether.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::sync::watch;

use super::{app::Phase, private::no_store, problem::Problem};
use crate::{clock::ClockWatch, health::Health, issuer::wrote_lately, telemetry::Scrape, verifier::Readiness};

/// Whether every side that runs in this process can do its work.
pub async fn of_all(scrape: &Scrape, phase: &watch::Receiver<Phase>) -> Result<Healthy, Problem> {
    if let Some(issuing) = &scrape.issuing {
        of_issuer(&issuing.health, &scrape.watch, phase)?;
    }
    match &scrape.checking {
        Some(checking) => of_verifier(&checking.readiness, phase).await,
        None => Ok(Healthy),
    }
}

/// A good answer. It is true at its moment alone: a cache that kept it would send requests to a process that is gone.
pub struct Healthy;

impl IntoResponse for Healthy {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, no_store()).into_response()
    }
}

/// Whether the process runs.
pub async fn live() -> Healthy {
    Healthy
}

/// Whether checks can be answered.
pub async fn of_verifier(readiness: &Readiness, phase: &watch::Receiver<Phase>) -> Result<Healthy, Problem> {
    stays(phase)?;
    answer(readiness.is_ready().await)
}

/// Whether officers can act, and what they did is recorded.
pub fn of_issuer(health: &Health, watch: &ClockWatch, phase: &watch::Receiver<Phase>) -> Result<Healthy, Problem> {
    stays(phase)?;
    answer(health.is_ready() && wrote_lately(health, watch))
}

fn stays(phase: &watch::Receiver<Phase>) -> Result<(), Problem> {
    if *phase.borrow() == Phase::Serving { Ok(()) } else { Err(Problem::leaving()) }
}

fn answer(is_ready: bool) -> Result<Healthy, Problem> {
    if is_ready { Ok(Healthy) } else { Err(Problem::not_ready()) }
}
