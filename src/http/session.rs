//! Who calls the private side: a program with a bearer credential.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

use super::{app::PrivateApp, problem::Problem};
use crate::{authority::Officer, issuer::Credential};

/// The person whose credential came with the request.
pub struct Caller(pub Officer);

impl FromRequestParts<Arc<PrivateApp>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<PrivateApp>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = header.and_then(|value| value.strip_prefix("Bearer ")).and_then(|text| Credential::parse(text).ok());
        let officer = match credential {
            Some(credential) => app.registry.recognise(&credential).await?,
            None => None,
        };
        // Missing, malformed, unknown, run out and suspended look the same.
        let refused = || Problem::new(StatusCode::UNAUTHORIZED, "no-credential", "send a live credential as Authorization: Bearer");
        officer.map(Self).ok_or_else(refused)
    }
}
