//! The officers' console: files that are the same for everybody, since who somebody is comes with their session alone.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
    routing::get,
};

use super::{app::PrivateApp, assets::Asset};
use crate::page::{CONSOLE, CONSOLE_HEADERS, CONSOLE_POLICY};

/// The routes.
pub fn routes() -> Router<Arc<PrivateApp>> {
    CONSOLE.iter().fold(Router::new(), |router, file| {
        let asset = Asset::new(file.media, CONSOLE_POLICY, file.content.to_owned());
        router.route(file.path, get(|headers: HeaderMap| async move { respond(&asset, &headers) }))
    })
}

fn respond(asset: &Asset, request: &HeaderMap) -> Response {
    let mut response = asset.respond(request);
    let guards = CONSOLE_HEADERS.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    response.headers_mut().extend(guards);
    response
}
