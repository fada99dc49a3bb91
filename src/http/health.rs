//! Readiness, for proxies and monitors. What is wrong is in the log and the figures; the answer says only whether.

use axum::http::StatusCode;
use tokio::sync::watch;

use super::{app::Phase, problem::Problem};
use crate::{clock::ClockWatch, health::Health, issuer::wrote_lately, verifier::Readiness};

/// Whether checks can be answered.
pub async fn of_verifier(readiness: &Readiness, phase: &watch::Receiver<Phase>) -> Result<StatusCode, Problem> {
    stays(phase)?;
    answer(readiness.is_ready().await)
}

/// Whether officers can act, and what they did is recorded.
pub fn of_issuer(health: &Health, watch: &ClockWatch, phase: &watch::Receiver<Phase>) -> Result<StatusCode, Problem> {
    stays(phase)?;
    answer(health.is_ready() && wrote_lately(health, watch))
}

fn stays(phase: &watch::Receiver<Phase>) -> Result<(), Problem> {
    if *phase.borrow() == Phase::Serving { Ok(()) } else { Err(Problem::leaving()) }
}

fn answer(is_ready: bool) -> Result<StatusCode, Problem> {
    if is_ready { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_ready()) }
}
