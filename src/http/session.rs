//! Who calls the private side: a program with a bearer credential, or a person with a session.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
};

use super::{app::PrivateApp, listen::Connection, places::Recognised, problem::Problem, shares::Share};
use crate::{
    authority::{Officer, Scope, Scopes},
    issuer::{Answer, Confirmed, Credential, Refused, SessionToken},
    store::{Confirmation, OpenSession},
};

/// `__Host-`: browsers take it over TLS or from localhost alone, for this host and no other.
const COOKIE: &str = "__Host-session";

/// How a caller may be recognised (RFC 9110, 11.6.1; RFC 6750, 3).
const CHALLENGES: &str = "Bearer realm=\"countersign\", Session realm=\"countersign\"";
const WRONG_CREDENTIAL: &str = "Bearer realm=\"countersign\", error=\"invalid_token\"";

/// A person who was recognised, and by what.
pub struct Caller {
    officer: Officer,
    means: Means,
    held: Held,
}

/// What a caller holds while they are answered: a part of their share, and the place of their connection.
struct Held {
    _share: Share,
    recognised: Option<Recognised>,
}

impl Held {
    fn request(parts: &Parts, app: &PrivateApp, person: &Officer) -> Result<Self, Problem> {
        let connection = parts.extensions.get::<Connection>();
        let recognised = connection.map(|connection| connection.standing.recognised());
        Ok(Self { _share: app.shares.request(person)?, recognised })
    }
}

enum Means {
    Program(Credential, Scopes),
    Session(SessionToken),
}

/// The name of the header by which the console says that nobody did anything: it reads again what a stream of events named.
/// Who sends it makes a session last less long, and no longer.
const UNATTENDED: HeaderName = HeaderName::from_static("countersign-unattended");

/// A mark on a request that is nobody doing anything.
#[derive(Clone)]
pub struct Unattended;

impl Caller {
    /// The person, whatever the call is for.
    pub fn person(&self) -> &Officer {
        &self.officer
    }

    /// The person, for what the scope covers: a session covers all that they may do, a program's credential what it was
    /// made for.
    pub fn within(&self, scope: Scope) -> Result<&Officer, Problem> {
        match &self.means {
            Means::Program(_, scopes) if !scopes.contains(&scope) => Err(Refused::OutOfScope(scope.as_str()).into()),
            Means::Program(..) | Means::Session(_) => Ok(&self.officer),
        }
    }

    /// What confirms an issue: in a session the person must have answered with their passkey just now. A program's credential is
    /// for nothing else.
    pub async fn confirmation(&self, app: &PrivateApp, answer: Option<Answer>) -> Result<Option<Confirmation>, Problem> {
        let Means::Session(session) = &self.means else { return Ok(None) };
        let answer = answer.ok_or(Refused::NotConfirmed)?;
        Ok(Some(app.passkeys.confirmation(&self.officer, session, &answer).await?))
    }

    /// The person, for an issue with that confirmation.
    pub fn issuing<'a>(&'a self, confirmation: Option<&'a Confirmation>) -> Result<Confirmed<'a>, Problem> {
        let access = match (&self.means, confirmation) {
            (Means::Session(_), Some(confirmation)) => confirmation.used.hash,
            (Means::Session(_), None) => return Err(Refused::NotConfirmed.into()),
            (Means::Program(credential, _), _) => credential.hash(),
        };
        Ok(Confirmed { officer: self.within(Scope::Tokens)?, access, confirmation })
    }

    /// The same caller, who is answered by a stream. It is none of their requests any more, but one of their streams.
    pub fn streaming(self, app: &PrivateApp) -> Result<Self, Problem> {
        // A stream that nobody reads would notice nothing, so it is its connection that has to give way.
        let gives_way = self.held.recognised.as_ref().map(Recognised::gives_way).unwrap_or_default();
        let share = app.shares.stream(&self.officer.callsign, gives_way)?;
        Ok(Self { held: Held { _share: share, ..self.held }, ..self })
    }

    /// Whether they would still be recognised, without counting as something that they do.
    pub async fn still_stands(&self, app: &PrivateApp) -> Result<bool, Problem> {
        match &self.means {
            Means::Session(session) => Ok(app.passkeys.still_stands(session).await?),
            Means::Program(credential, _) => Ok(app.registry.recognise(credential).await?.is_some()),
        }
    }
}

impl FromRequestParts<Arc<PrivateApp>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<PrivateApp>) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            let session = Session::from_request_parts(parts, app).await;
            let Session { officer, token, held, .. } = session.map_err(|problem| problem.with_challenge(CHALLENGES))?;
            return Ok(Self { officer, means: Means::Session(token), held });
        }
        // Malformed, unknown, run out and suspended look the same.
        let refused =
            || Problem::unauthorized("no-credential", "send a live credential as Authorization: Bearer").with_challenge(WRONG_CREDENTIAL);
        let credential = bearer(&parts.headers).and_then(|text| Credential::parse(text).ok()).ok_or_else(refused)?;
        let (officer, scopes) = app.registry.recognise(&credential).await?.ok_or_else(refused)?;
        let held = Held::request(parts, app, &officer)?;
        Ok(Self { officer, means: Means::Program(credential, scopes), held })
    }
}

/// What stands behind the scheme, which may be in any case, and any number of spaces (RFC 9110, 11.4). Said once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (scheme, credential) = line.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim_start_matches(' '))
}

/// A person with a live session.
pub struct Session {
    /// Who.
    pub officer: Officer,
    /// When it ends whatever happens. Seconds since 1970.
    pub ends_at: i64,
    /// Their cookie.
    pub token: SessionToken,
    held: Held,
}

impl FromRequestParts<Arc<PrivateApp>> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<PrivateApp>) -> Result<Self, Problem> {
        // Absent, malformed, unknown, over and suspended look the same.
        let refused = || Problem::unauthorized("no-session", "you are signed out; sign in with your passkey");
        let token = cookie(&parts.headers).ok_or_else(refused)?;
        OwnPage::from_request_parts(parts, app).await?;
        let attended = parts.extensions.get::<Unattended>().is_none() && !parts.headers.contains_key(UNATTENDED);
        let OpenSession { officer, ends_at } = app.passkeys.recognise(&token, attended).await?.ok_or_else(refused)?;
        let held = Held::request(parts, app, &officer)?;
        Ok(Self { officer, ends_at, token, held })
    }
}

/// A request of our own page. Browsers send the cookie also with what pages of sibling hosts ask for (a page of
/// `verify.example.org` is same-site with `console.example.org`), so what changes anything must say where it comes from.
pub struct OwnPage;

impl FromRequestParts<Arc<PrivateApp>> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<PrivateApp>) -> Result<Self, Problem> {
        if matches!(parts.method, Method::GET | Method::HEAD) || is_same_origin(&parts.headers, &app.console_url) {
            return Ok(Self);
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", "this may be asked for by the console's own page alone"))
    }
}

/// By Fetch Metadata or, from browsers that do not send it, by the origin.
fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name| headers.get(name).map(HeaderValue::as_bytes);
    match text("sec-fetch-site") {
        Some(site) => site == b"same-origin",
        None => text("origin") == Some(origin.as_bytes()),
    }
}

fn cookie(headers: &HeaderMap) -> Option<SessionToken> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).find_map(|(_, value)| SessionToken::parse(value).ok())
}

/// The header that gives a browser the session.
pub fn set_cookie(token: &SessionToken) -> HeaderValue {
    let mut value = cookie_value(token.expose(), "");
    value.set_sensitive(true);
    value
}

/// The header that takes it away.
pub fn clear_cookie() -> HeaderValue {
    cookie_value("", "; Max-Age=0")
}

fn cookie_value(value: &str, more: &str) -> HeaderValue {
    let text = format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{more}");
    // A prefix and base64url are always a header.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("__Host-session=; Path=/; Secure; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_is_same_origin() {
        let own = "https://console.example.org";
        let says = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect();
            is_same_origin(&headers, own)
        };
        assert!(says(&[("sec-fetch-site", "same-origin")]));
        assert!(says(&[("origin", own)]));
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(!says(&[("sec-fetch-site", other), ("origin", own)]), "{other}");
        }
        for other in ["null", "https://verify.example.org", "http://console.example.org", "https://console.example.org:444"] {
            assert!(!says(&[("origin", other)]), "{other}");
        }
        assert!(!says(&[]));
    }

    #[test]
    fn the_cookie_is_found_among_others_and_nothing_else_is_taken_for_it() {
        let held = format!("session_{}", "A".repeat(43));
        let find = |value: &str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())]);
            cookie(&headers).map(|token| token.expose().to_owned())
        };
        assert_eq!(find(&format!("a=b; __Host-session={held}; c=d")), Some(held.clone()));
        for other in
            [format!("session={held}"), format!("__Host-session2={held}"), "__Host-session=".into(), "__Host-session=session_A".into()]
        {
            assert_eq!(find(&other), None, "{other}");
        }
    }
}
