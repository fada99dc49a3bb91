//! The same check by plain HTML, for browsers without JavaScript. No attempt is taken.

use std::sync::Arc;

use axum::{
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    app::PublicApp,
    assets::{document_headers, wanted},
    body,
    listen::Peer,
    padding::{Wrap, even_page},
    problem::{Problem, status},
};
use crate::{
    entropy::Entropy,
    page::{Document, Fields},
    token::{Challenge, InputError, Reference, SpokenCode, Token, correct},
    verifier::{Check, Shown, Verdict},
};

/// The language that a link of our menu names.
#[derive(serde::Deserialize)]
pub struct Named {
    lang: Option<String>,
}

/// `GET /check`
pub async fn form(State(app): State<Arc<PublicApp>>, named: Result<Query<Named>, QueryRejection>, headers: HeaderMap) -> impl IntoResponse {
    let lang = named.ok().and_then(|Query(named)| named.lang);
    let fields = Fields { own: draw(&*app.entropy), ..Fields::default() };
    ([BY_LANGUAGE], app.site.get().pages.for_reader(lang.as_deref().unwrap_or(wanted(&headers))).form(None, &fields))
}

/// What of a request chooses the language, where the address does not (RFC 9110, 12.5.5).
const BY_LANGUAGE: (HeaderName, HeaderValue) = (header::VARY, HeaderValue::from_static("accept-language"));

/// `POST /check`
pub async fn answer(
    State(app): State<Arc<PublicApp>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    fields: Result<body::Fields<Fields>, Problem>,
) -> Response {
    let current = app.site.get();
    let pages = match &fields {
        Ok(body::Fields(fields)) if !fields.lang.is_empty() => current.pages.for_reader(&fields.lang),
        _ => current.pages.for_reader(wanted(&headers)),
    };
    let wrap = Wrap::of_page(&headers);
    let page = |status, page: Document| even_page(status, document_headers(&page), page.html, wrap, &*app.entropy);
    let empty = || Fields { own: draw(&*app.entropy), ..Fields::default() };
    // Another site could post a spent token here and show our page as its own proof (threat 29).
    if !is_our_own(&headers, &app.origins) {
        return page(StatusCode::FORBIDDEN, pages.form(Some("check.refused"), &empty()));
    }
    let mut fields = match fields {
        Ok(body::Fields(fields)) => fields,
        Err(problem) => return problem.with_page(pages.form(Some("check.empty"), &empty()), wrap, &*app.entropy),
    };
    fields.own = fields.own.or_else(|| draw(&*app.entropy));
    let check = match read(&fields) {
        Ok(check) => check,
        Err(problem) => return page(StatusCode::UNPROCESSABLE_ENTITY, pages.form(Some(problem), &fields)),
    };
    let shown = if let Shown::Token(Ok(token)) = &check.shown { Some(token.hash()) } else { None };
    match app.limited(peer, check).await {
        Ok(answer) if answer.verdict == Verdict::Mistyped => {
            page(StatusCode::OK, pages.mistyped(&pages.words.hint(&correct(&fields.code)), &fields))
        }
        Ok(answer) => {
            let reference = shown.or(answer.token.as_ref().map(Token::hash)).map(Reference::of);
            page(status(answer.verdict), pages.verdict(&answer, reference))
        }
        Err(problem) => problem.with_page(pages.form(Some("check.busy"), &fields), wrap, &*app.entropy),
    }
}

/// A number that nobody can foresee, for a browser that cannot draw its own; nothing where there is no randomness.
fn draw(entropy: &dyn Entropy) -> Option<Challenge> {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes).ok()?;
    Challenge::from_random(bytes)
}

/// `Err` names the sentence in the catalogue.
fn read(fields: &Fields) -> Result<Check, &'static str> {
    if fields.code.trim().is_empty() {
        return Err("check.empty");
    }
    let challenge = match fields.challenge.trim() {
        "" => None,
        digits => Some(digits.parse::<Challenge>().map_err(|_| "check.challenge.wrong")?),
    };
    let shown = match Token::find(&fields.code) {
        Err(InputError::NoToken) => Shown::Code(SpokenCode::parse(&fields.code)),
        token => Shown::Token(token),
    };
    Ok(Check { shown, challenge, attempt: None })
}

/// Browsers say where a request comes from; those that do not at least name the origin of the page that posts.
fn is_our_own(headers: &HeaderMap, origins: &[String]) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|named| origins.iter().any(|origin| named == origin)),
    }
}
