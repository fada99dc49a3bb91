//! Figures for Prometheus, on the private listener alone. Nobody signs in for them: nothing in them tells of any one person
//! or token, and a scraper has no passkey.

use std::sync::Arc;

use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use tokio::sync::watch;

use super::{app::Phase, health, private::no_store, problem::Problem};
use crate::{
    telemetry::{CONTENT_TYPE, Scrape},
    verifier::Readiness,
};

/// The route, for a listener that has others.
pub fn routes<S: Clone + Send + Sync + 'static>(scrape: Arc<Scrape>) -> Router<S> {
    let answer = async move || (no_store(), [(header::CONTENT_TYPE, CONTENT_TYPE)], scrape.text().await).into_response();
    Router::new().route("/metrics", get(answer))
}

/// All that the private listener of a verifier has.
pub fn router(scrape: Arc<Scrape>, readiness: Arc<Readiness>, phase: watch::Receiver<Phase>) -> Router {
    routes(scrape)
        .route("/health/live", get(|| async { StatusCode::NO_CONTENT }))
        .route("/health/ready", get(async move || health::of_verifier(&readiness, &phase).await))
        .fallback(|| async { Problem::nothing_here() })
}
