//! The same check by plain HTML, for browsers without JavaScript: no attempt is taken, and it never says that the
//! number matched, because only a page that drew the number can know that it did.

use std::sync::Arc;

use axum::{
    extract::{Extension, Form, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;

use super::{
    assets::{Document, STYLE},
    listen::Peer,
    public::PublicApp,
};
use crate::{
    config::Organisation,
    token::{Approach, Challenge, Channel, InputError, Name, Place, SpokenCode, Token},
    verifier::{Answer, ChallengeResult, Check, Shown, Verdict, Verifier},
    words::{Catalogue, Icon},
};

/// What the plain pages need to know.
pub struct CheckPages {
    /// Every word on them.
    pub words: Catalogue,
    /// Who runs the service.
    pub organisation: Organisation,
    /// The origin of our own pages, for browsers that do not send Sec-Fetch-Site.
    pub origin: String,
}

/// The fields of the form.
#[derive(Deserialize)]
pub struct Fields {
    #[serde(default)]
    code: String,
    #[serde(default)]
    challenge: String,
}

/// `GET /check`
pub async fn form(State(app): State<Arc<PublicApp>>) -> Document {
    app.pages.form(None, &Fields { code: String::new(), challenge: String::new() })
}

/// `POST /check`
pub async fn answer(
    State(app): State<Arc<PublicApp>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    fields: Result<Form<Fields>, FormRejection>,
) -> Response {
    let pages = &app.pages;
    let empty = Fields { code: String::new(), challenge: String::new() };
    // Another site could post a spent token here and show our page as its own proof (threat 29).
    if !pages.is_our_own(&headers) {
        return (StatusCode::FORBIDDEN, pages.form(Some("check.refused"), &empty)).into_response();
    }
    let Ok(Form(fields)) = fields else {
        return (StatusCode::UNPROCESSABLE_ENTITY, pages.form(Some("check.empty"), &empty)).into_response();
    };
    let check = match read(&fields, &app.verifier) {
        Ok(check) => check,
        Err(problem) => return (StatusCode::UNPROCESSABLE_ENTITY, pages.form(Some(problem), &fields)).into_response(),
    };
    match app.limited(peer, check).await {
        Ok(answer) => pages.verdict(&answer).into_response(),
        Err(_) => (StatusCode::TOO_MANY_REQUESTS, pages.form(Some("check.busy"), &fields)).into_response(),
    }
}

/// `Err` names the sentence in the catalogue.
fn read(fields: &Fields, verifier: &Verifier) -> Result<Check, &'static str> {
    if fields.code.trim().is_empty() {
        return Err("check.empty");
    }
    let digits: String = fields.challenge.split_whitespace().collect();
    let challenge = match digits.as_str() {
        "" => None,
        digits => Some(digits.parse::<Challenge>().map_err(|_| "check.challenge.wrong")?),
    };
    let shown = match Token::parse(&fields.code) {
        Err(InputError::NoToken) => Shown::Code(SpokenCode::parse(&fields.code, verifier.spoken())),
        token => Shown::Token(token),
    };
    Ok(Check { shown, challenge, attempt: None })
}

impl CheckPages {
    fn is_our_own(&self, headers: &HeaderMap) -> bool {
        match headers.get("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => headers.get(header::ORIGIN).is_some_and(|origin| origin == self.origin.as_str()),
        }
    }

    fn t(&self, key: &str) -> String {
        let Organisation { name, telephone, .. } = &self.organisation;
        self.words.text(key, &[("organisation", name), ("telephone", telephone)])
    }

    fn form(&self, problem: Option<&str>, fields: &Fields) -> Document {
        self.page(&html! {
            div.intro { h1 { (self.t("start.title")) } p.lead { (self.t("start.you_may_stop")) } }
            form.enter method="post" action="/check" autocomplete="off" {
                p { (self.t("check.intro")) }
                @if let Some(problem) = problem { p.problem role="alert" { (self.t(problem)) } }
                label for="code" { (self.t("check.code.label")) }
                p.hint #code-hint { (self.t("check.code.hint")) }
                textarea #code name="code" rows="3" required autocomplete="off" autocapitalize="none" spellcheck="false"
                    aria-describedby="code-hint" { (fields.code) }
                label for="challenge" { (self.t("check.challenge.label")) }
                p.hint #challenge-hint { (self.t("check.challenge.hint")) }
                input #challenge name="challenge" type="text" inputmode="numeric" maxlength="7" autocomplete="off"
                    value=(fields.challenge) aria-describedby="challenge-hint";
                button.button.button-main type="submit" { (self.t("check.submit")) }
            }
            section.safety {
                h2 { (self.t("safe.title")) }
                ol { @for n in 1..=6 { li { (self.t(&format!("safe.{n}"))) } } }
            }
        })
    }

    fn verdict(&self, answer: &Answer) -> Document {
        let word = answer.verdict.as_str();
        let Icon { tone, icon } = self.words.icon(word);
        self.page(&html! {
            section.panel.{"tone-" (tone)} {
                div.panel-icon { svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon) {} } }
                div.panel-text {
                    h1 { (self.t(&format!("verdict.{word}.title"))) }
                    @if let Some(ago) = self.ago(answer) { p { (ago) } }
                    p.means { (self.t(&format!("verdict.{word}.means"))) }
                    @if answer.verdict == Verdict::AlreadyChecked { p { (self.t("verdict.already_checked.not_fake")) } }
                }
            }
            @if answer.verdict == Verdict::Genuine { (self.match_question(answer)) }
            @else { div.action { h2 { (self.t("next.do")) } p.do { (self.t(&format!("verdict.{word}.do"))) } } }
            p.notes { (self.t("check.no_script")) }
            p { a href="/check" { (self.t("check.again")) } }
        })
    }

    fn ago(&self, answer: &Answer) -> Option<String> {
        let ago = self.words.ago(answer.server_time - answer.first_checked_at?);
        Some(self.words.text("verdict.already_checked.when", &[("ago", &ago)]))
    }

    /// What only the person can know: whether it was made for them.
    fn match_question(&self, answer: &Answer) -> Markup {
        let Some(claims) = &answer.approach else { return html! {} };
        let made = self.words.time(claims.window().issued_at());
        let runs_out = self.words.time(claims.window().expires_at());
        let number = if answer.challenge == Some(ChallengeResult::Matched) { "check.number_typed" } else { "check.number_absent" };
        html! {
            div.card {
                p { (self.words.text("match.made_for", &[("time", &made)])) }
                (self.claims(claims.approach()))
                p { (self.t(number)) }
                p.hint { (self.words.text("match.runs_out", &[("time", &runs_out)])) }
            }
            div.card {
                h2 { (self.t("match.question")) }
                p { strong { (self.t("match.yes")) } ": " (self.t("match.yes.may_say_no")) " " (self.t("match.yes.never")) }
                p { strong { (self.t("match.no")) } ": " (self.t("match.no.do")) " " (self.t("match.no.wait")) " "
                    (self.t("match.no.ring")) }
            }
        }
    }

    fn claims(&self, approach: &Approach) -> Markup {
        let channel = match (approach.channel, approach.dialled) {
            (_, Some(digits)) => self.words.text("channel.dialled", &[("digits", &digits.to_string())]),
            (Channel::InPerson, None) => self.t("channel.in_person"),
            (Channel::Telephone, None) => self.t("channel.telephone"),
            (Channel::Online, None) => self.t("channel.online"),
        };
        let rows = [
            ("claim.how", Some(channel.as_str())),
            ("claim.name", approach.name.as_ref().map(Name::as_str)),
            ("claim.place", approach.place.as_ref().map(Place::as_str)),
        ];
        html! {
            dl.claims {
                @for (term, said) in rows.iter().filter_map(|(term, said)| Some((term, (*said)?))) {
                    // A name may be written right to left; it must not turn the line around it.
                    div { dt { (self.t(term)) } dd { bdi { (said) } } }
                }
            }
        }
    }

    fn page(&self, main: &Markup) -> Document {
        let Organisation { name, telephone, address, .. } = &self.organisation;
        let dial: String = "tel:".chars().chain(telephone.chars().filter(|c| c.is_ascii_digit() || *c == '+')).collect();
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    title { (self.t("page.title")) }
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.brand { (self.t("page.service")) span { (name) } }
                        @if let Some(exit) = &self.organisation.exit_url { a.exit href=(exit) rel="noreferrer" { (self.t("page.exit")) } }
                    }
                    main {
                        (main)
                        section.contact { h2 { (self.t("contact.title")) } div.telephone { a href=(dial) { (telephone.replace(' ', "\u{a0}")) } } p { (name) } p { (address) } }
                    }
                }
            }
        };
        Document::plain(html.into_string())
    }
}
