//! Figures for Prometheus, on a listener that the public does not reach. Nobody signs in for them: nothing in them tells of any
//! one person or token, and a scraper has no passkey.

use std::sync::Arc;

use axum::{Router, http::header, response::IntoResponse, routing::get};

use tokio::sync::watch;

use super::{
    app::Phase,
    head::Heads,
    health,
    private::{no_store, not_allowed},
    problem::Problem,
};
use crate::telemetry::{CONTENT_TYPE, Scrape};

/// The route, for a listener that has others.
pub fn routes<S: Clone + Send + Sync + 'static>(scrape: Arc<Scrape>) -> Router<S> {
    let answer = async move || (no_store(), [(header::CONTENT_TYPE, CONTENT_TYPE)], scrape.text().await).into_response();
    Router::new().route("/metrics", get(answer))
}

/// A listener with nothing but figures and health.
pub fn router(scrape: Arc<Scrape>, phase: watch::Receiver<Phase>, heads: Heads) -> Router {
    let ready = scrape.clone();
    routes(scrape)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(async move || health::of_all(&ready, &phase).await))
        .fallback(|| async { Problem::nothing_here() })
        .method_not_allowed_fallback(|| async { not_allowed() })
        .layer(heads)
}
