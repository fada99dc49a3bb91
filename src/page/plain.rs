//! The plain HTML pages: the form, and an answer. They never say that the number matched, because only a page that
//! drew the number can know that it did.

use maud::{Markup, html};

use super::{
    Document, Page,
    ear::{digits, with_digits},
    form::Fields,
};
use crate::{
    token::{Approach, Channel, Reference, group_digits},
    verifier::{Answer, ChallengeResult, Verdict},
    words::Icon,
};

impl Page<'_> {
    /// The form, with the catalogue's key of what is wrong.
    pub fn form(&self, problem: Option<&str>, fields: &Fields) -> Document {
        self.plain(
            problem.map(|_| "check.problem"),
            &self.menu(),
            &html! {
                (self.intro()) (self.address()) (self.number(fields)) (self.fields(problem, fields)) (self.no_code()) (self.contact())
                (self.safety())
            },
        )
    }

    /// A code that does not read like one, with what may be wrong, and the form to mend it in.
    pub fn mistyped(&self, hint: &str, fields: &Fields) -> Document {
        self.plain(
            Some("title.answer"),
            &self.menu(),
            &html! {
                (self.verdict_panel(Verdict::Mistyped, &html! { p.means { (hint) } }))
                (self.no_code())
                (self.number(fields))
                (self.fields(None, fields))
                (self.safety())
            },
        )
    }

    /// An answer, and what to quote of the token that was shown.
    /// `fields` have the code to be checked again where the answer asks for a number.
    pub fn verdict(&self, answer: &Answer, reference: Option<Reference>, fields: &Fields) -> Document {
        let Answer { verdict, by_this_form, .. } = *answer;
        let word = verdict.as_str();
        let said = html! {
            @if by_this_form { p.means { (self.with("check.same_form", &[("ago", &self.ago_text(answer))])) } }
            @else {
                @if answer.first_checked_at.is_some() { p { (self.with("verdict.already_checked.when", &[("ago", &self.ago_text(answer))])) } }
                p.means { (self.t(&format!("verdict.{word}.means"))) }
                @if let Some(from) = self.from(answer) { p { (from) } }
                @if verdict != Verdict::Genuine { p { (self.t(&format!("verdict.{word}.not"))) } }
            }
        };
        // No menu here: who follows a link away from an answer could not have it again.
        self.plain(
            Some("title.answer"),
            &html! {},
            &html! {
                (self.verdict_panel(verdict, &said))
                @if verdict == Verdict::Genuine { (self.match_question(answer)) }
                @else { (self.what_to_do(verdict, reference)) }
                @if verdict == Verdict::ChallengeNeeded { (self.number_asked(fields)) }
                p.notes { (self.t("check.no_script")) }
                @if verdict == Verdict::Genuine {
                    p { a href={ (self.check()) "?lang=" (self.words.language.tag()) } { (self.t("check.again")) } }
                } @else { (self.leading("again", "check.again")) }
                (self.safety())
            },
        )
    }

    fn what_to_do(&self, verdict: Verdict, reference: Option<Reference>) -> Markup {
        let todo = format!("verdict.{}.do", verdict.as_str());
        let is_red = self.words.icon(verdict.as_str()).tone == "stop";
        html! {
            div.action {
                h2 { (self.t("next.do")) }
                p.do { (self.around(&todo, "telephone", &self.telephone())) }
                @if is_red && verdict != Verdict::OtherChallenge { (self.help()) }
                (self.quoted(reference.filter(|_| is_red || matches!(verdict, Verdict::AlreadyChecked | Verdict::CannotCheck))))
            }
            @if verdict == Verdict::OtherChallenge { div.card { h2 { (self.t("stop.unsure")) } (self.help()) } }
        }
    }

    /// Where every way of somebody without a code ends, with the sentences on what led here.
    pub fn stop(&self, why: &[String], reference: Option<Reference>) -> Document {
        let said = html! { @for sentence in why { p.means { (sentence) } } p { (self.t("stop.always")) } };
        self.plain(
            Some("next.do"),
            &html! {},
            &html! {
                (self.panel(Verdict::NotGenuine, "stop.title", &said))
                div.action { h2 { (self.t("next.do")) } (self.help()) (self.quoted(reference)) }
                (self.leading("again", "check.again"))
                (self.safety())
            },
        )
    }

    /// The second try without a genuine code.
    pub fn stop_after(&self, verdict: Verdict, reference: Option<Reference>) -> Document {
        let reason = self.with("stop.reason", &[("reason", &self.t(&format!("verdict.{}.title", verdict.as_str())))]);
        // What is said of typing is advice, and no reason to stop.
        let reason = Some(reason).filter(|_| verdict != Verdict::Mistyped);
        let why: Vec<String> = [self.t("stop.twice")].into_iter().chain(reason).collect();
        self.stop(&why, reference)
    }

    pub(super) fn no_code(&self) -> Markup {
        html! { (self.leading("stop", "start.no_code")) }
    }

    /// A button that leads on without a code. A link would leave in the history where it led.
    fn leading(&self, go: &str, key: &str) -> Markup {
        html! {
            form method="post" action=(self.check()) autocomplete="off" {
                input type="hidden" name="lang" value=(self.words.language.tag());
                input type="hidden" name="go" value=(go);
                button.button.button-plain type="submit" { (self.t(key)) }
            }
        }
    }

    fn verdict_panel(&self, verdict: Verdict, said: &Markup) -> Markup {
        self.panel(verdict, &format!("verdict.{}.title", verdict.as_str()), said)
    }

    /// The head of an answer: icon and words first, colour second.
    fn panel(&self, verdict: Verdict, title: &str, said: &Markup) -> Markup {
        let Icon { tone, icon } = self.words.icon(verdict.as_str());
        html! {
            section.panel.{"tone-" (tone)} {
                div.panel-icon { svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon) {} } }
                div.panel-text { h1 { (self.t(title)) } (said) }
            }
        }
    }

    fn address(&self) -> Markup {
        html! { p.address { (self.with("start.address", &[("address", self.site.deployment.host())])) } }
    }

    /// The person's own number. A browser without our program cannot draw it, so the service did.
    fn number(&self, Fields { own, .. }: &Fields) -> Markup {
        html! {
            @if let Some(own) = own {
                section.number {
                    h2 { (self.t("number.title")) }
                    div { (digits(&group_digits(&own.to_string()), "number-value")) }
                    p.lead { (self.t("number.write")) }
                    p.hint { (self.t("number.why")) }
                    p.hint { (self.t("number.safe")) }
                }
            }
        }
    }

    /// What to quote to who answers the telephone.
    fn quoted(&self, reference: Option<Reference>) -> Markup {
        html! {
            @if let Some(reference) = reference {
                p.hint { (self.t("reference.quote")) " " (digits(&reference.to_string(), "reference")) }
            }
        }
    }

    fn ago_text(&self, answer: &Answer) -> String {
        self.words.ago(answer.server_time - answer.first_checked_at.unwrap_or(answer.server_time))
    }

    /// From when a code counts that is too early now.
    fn from(&self, answer: &Answer) -> Option<String> {
        let begins = answer.approach.as_ref()?.window().not_before()?;
        (answer.verdict == Verdict::NotYetValid).then(|| self.with("verdict.not_yet_valid.from", &[("time", &self.time(begins, answer))]))
    }

    fn time(&self, seconds: i64, answer: &Answer) -> String {
        let zone = self.organisation().time_zone.clone().unwrap_or_default();
        self.words.time(seconds, answer.server_time, &zone)
    }

    /// What only the person can know: whether it was made for them.
    fn match_question(&self, answer: &Answer) -> Markup {
        let Some(claims) = &answer.approach else { return html! {} };
        let [checked, ends] = [answer.server_time, claims.window().expires_at()];
        // In the leeway after its end a code is genuine still.
        let (line, time) = if checked < ends { ("match.runs_out", ends) } else { ("match.in_time", checked) };
        let number = if answer.challenge == Some(ChallengeResult::Matched) { "number.typed" } else { "check.number_absent" };
        html! {
            div.action {
                (self.claims(claims.approach()))
                @if let Some(weaker) = weakness(claims.approach()) { p { (self.t(weaker)) } }
                h2 { (self.t("verdict.genuine.do")) }
                p { strong { (self.t("match.yes")) } ": " (self.t("match.yes.may_say_no")) }
                p { strong { (self.t("match.no")) } ": " }
                (self.help())
                p { (self.t("verdict.genuine.not")) }
                p.never { (self.t("match.never")) }
                p { (self.t(number)) }
                p.hint { (self.t("match.helping")) }
                p.hint { (self.with(line, &[("time", &self.time(time, answer))])) }
            }
        }
    }

    /// What a code says about the approach, in one sentence.
    fn claims(&self, approach: &Approach) -> Markup {
        let channel = match (approach.channel, approach.dialled) {
            (_, Some(digits)) => self.with("channel.dialled", &[("digits", &digits.to_string())]),
            (Channel::InPerson, None) => self.t("channel.in_person"),
            (Channel::Telephone, None) => self.t("channel.telephone"),
            (Channel::Online, None) => self.t("channel.online"),
        };
        let channel = approach.dialled.map_or_else(|| html! { (channel) }, |dialled| with_digits(&channel, &dialled.to_string()));
        // A name may be written right to left; it must not turn the line around it.
        let said = |text: &str| html! { strong translate="no" { bdi { (text) } } };
        html! {
            p.says {
                (self.t("match.says")) " " strong { (channel) }
                @if let Some(name) = &approach.name { (self.around("claim.name", "name", &said(name.as_str()))) }
                @if let Some(place) = &approach.place { (self.around("claim.place", "place", &said(place.as_str()))) }
            }
        }
    }

    fn plain(&self, name: Option<&str>, menu: &Markup, main: &Markup) -> Document {
        Document::plain(self.document(name, &html! {}, menu, main, &html! {}))
    }
}

/// What a code leaves out that would be compared. A call has no place to see.
fn weakness(approach: &Approach) -> Option<&'static str> {
    let has_place = approach.place.is_some() || approach.channel != Channel::InPerson;
    match (approach.name.is_some(), has_place) {
        (true, true) => None,
        (true, false) => Some("match.weaker.place"),
        (false, true) => Some("match.weaker.name"),
        (false, false) => Some("match.weaker.both"),
    }
}
