//! The same check by plain HTML, for browsers without JavaScript. The form is the attempt.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    app::PublicApp,
    assets::{document_headers, wanted},
    body,
    forms::{FormKey, Returned},
    listen::Peer,
    padding::{Wrap, even_page},
    problem::{Problem, status},
};
use crate::{
    entropy::Entropy,
    page::{Document, Fields},
    token::{Challenge, InputError, Reference, SpokenCode, Token, correct},
    verifier::{Check, FormAttempt, Shown, Verdict},
};

/// The language that a link of our menu names.
#[derive(serde::Deserialize)]
pub struct Named {
    lang: Option<String>,
}

/// `GET /check`
pub async fn form(
    State(app): State<Arc<PublicApp>>,
    Extension(Peer(peer)): Extension<Peer>,
    named: Result<Query<Named>, QueryRejection>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let lang = named.ok().and_then(|Query(named)| named.lang);
    let fields = Asked::of(&app, peer).await.fresh(Fields::default());
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
    let asked = Asked::of(&app, peer).await;
    // Neither checks anything, so any page may lead there.
    match fields.as_ref().map_or("", |body::Fields(fields)| &fields.go) {
        "stop" => return page(StatusCode::OK, pages.stop(&[], None)),
        "again" => return page(StatusCode::OK, pages.form(None, &asked.fresh(Fields { tried: "1".into(), ..Fields::default() }))),
        _ => {}
    }
    let returned = fields.as_ref().ok().and_then(|body::Fields(fields)| asked.returned(&fields.form));
    // Another site could post a spent token here and show our page as its own proof (threat 29).
    let is_old = match (sender(&headers, &app.origins), returned) {
        (Sender::Own, _) => false,
        (Sender::Unsaid, Some(returned)) => !returned.is_fresh,
        (Sender::Unsaid, None) | (Sender::Other, _) => {
            return page(StatusCode::FORBIDDEN, pages.form(Some("check.refused"), &asked.fresh(Fields::default())));
        }
    };
    let mut fields = match fields {
        Ok(body::Fields(fields)) => asked.fresh(fields),
        Err(problem) => return problem.with_page(pages.form(Some("check.empty"), &asked.fresh(Fields::default())), wrap, &*app.entropy),
    };
    if is_old {
        return page(StatusCode::UNPROCESSABLE_ENTITY, pages.form(Some("check.old_form"), &fields));
    }
    let check = match read(&fields, returned.map(|returned| returned.attempt)) {
        Ok(check) => check,
        Err(problem) => return page(StatusCode::UNPROCESSABLE_ENTITY, pages.form(Some(problem), &fields)),
    };
    let shown = if let Shown::Token(Ok(token)) = &check.shown { Some(token.hash()) } else { None };
    // As it was read: a whole message may be too long to come back.
    let code = match &check.shown {
        Shown::Token(token) => token.as_ref().map_or_else(|_| String::new(), Token::text),
        Shown::Code(code) => code.map_or_else(|_| String::new(), SpokenCode::words),
    };
    // The second try without a genuine code, of whatever kind, leads to Stop.
    let was_tried = !std::mem::replace(&mut fields.tried, "1".into()).is_empty();
    match app.limited(peer, check).await {
        Ok(answer) if answer.verdict == Verdict::Mistyped && !was_tried => {
            page(StatusCode::OK, pages.mistyped(&pages.words.hint(&correct(&fields.code, &app.origins)), &fields))
        }
        Ok(answer) => {
            let reference = shown.or(answer.token.as_ref().map(Token::hash)).map(Reference::of);
            let stops = was_tried && answer.verdict != Verdict::Genuine;
            let document = if stops {
                pages.stop_after(answer.verdict, reference)
            } else {
                pages.verdict(&answer, reference, &Fields { code, ..fields })
            };
            page(status(answer.verdict), document)
        }
        Err(problem) if was_tried => problem.with_page(pages.stop_after(Verdict::CannotCheck, None), wrap, &*app.entropy),
        Err(problem) => problem.with_page(pages.form(Some("check.busy"), &fields), wrap, &*app.entropy),
    }
}

/// Who asks, and when.
struct Asked<'a> {
    key: Option<FormKey>,
    peer: IpAddr,
    now: i64,
    entropy: &'a dyn Entropy,
}

impl<'a> Asked<'a> {
    async fn of(app: &'a PublicApp, peer: IpAddr) -> Self {
        Self { key: app.form_key().await, peer, now: app.verifier.watch().expected(), entropy: &*app.entropy }
    }

    /// These fields in a new form.
    fn fresh(&self, fields: Fields) -> Fields {
        let form = self.key.and_then(|key| key.made(self.peer, self.now, self.entropy)).unwrap_or_default();
        Fields { own: fields.own.or_else(|| draw(self.entropy)), form, ..fields }
    }

    fn returned(&self, form: &str) -> Option<Returned> {
        self.key?.read(form, self.peer, self.now)
    }
}

/// A number that nobody can foresee, for a browser that cannot draw its own; nothing where there is no randomness.
fn draw(entropy: &dyn Entropy) -> Option<Challenge> {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes).ok()?;
    Challenge::from_random(bytes)
}

/// `Err` names the sentence in the catalogue.
fn read(fields: &Fields, form: Option<FormAttempt>) -> Result<Check, &'static str> {
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
    Ok(Check { shown, challenge, attempt: None, form })
}

/// Whose form it is that was sent.
enum Sender {
    Own,
    Other,
    /// The browser does not say, as text browsers do not.
    Unsaid,
}

/// Browsers say where a request comes from, or at least name the origin of the page that posts.
fn sender(headers: &HeaderMap, origins: &[String]) -> Sender {
    let is_own = match (headers.get("sec-fetch-site"), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(named)) => origins.iter().any(|origin| named == origin),
        (None, None) => return Sender::Unsaid,
    };
    if is_own { Sender::Own } else { Sender::Other }
}
