//! The form of the plain pages: what it has besides words, and what comes back of it.

use maud::{Markup, html};
use serde::{Deserialize, Deserializer};

use super::Page;
use crate::token::Challenge;

/// What was typed, to be shown again where something is wrong with it.
#[derive(Default, Deserialize)]
pub struct Fields {
    /// Words, digits, link or token.
    #[serde(default)]
    pub code: String,
    /// The person's number.
    #[serde(default)]
    pub challenge: String,
    /// The language of the form.
    #[serde(default)]
    pub lang: String,
    /// What shows that the form is one of ours.
    #[serde(default)]
    pub form: String,
    /// The number that this page drew for the person; shown again as long as the form comes back.
    #[serde(default, deserialize_with = "drawn")]
    pub own: Option<Challenge>,
    /// Not empty after a try without a genuine code: the next leads to Stop.
    #[serde(default)]
    pub tried: String,
    /// Where a button without a code leads: `stop` or `again`.
    #[serde(default)]
    pub go: String,
}

/// What is no number counts as none: the page draws another.
fn drawn<'de, D: Deserializer<'de>>(own: D) -> Result<Option<Challenge>, D::Error> {
    Ok(String::deserialize(own)?.parse().ok())
}

impl Fields {
    /// What was typed, as far as any code can be: more would only make the page longer.
    fn shown(&self) -> &str {
        let end = self.code.char_indices().nth(1_000).map_or(self.code.len(), |(end, _)| end);
        &self.code[..end]
    }
}

impl Page<'_> {
    /// The fields, with the catalogue's key of what is wrong.
    pub(super) fn fields(&self, problem: Option<&str>, fields: &Fields) -> Markup {
        // What is wrong with a field stands at it; what is wrong with the form, over all fields.
        let wrong = |field| problem.filter(|problem| field_of(problem) == Some(field));
        let (code, number) = (wrong("code"), wrong("challenge"));
        html! {
            form.enter method="post" action=(self.check()) autocomplete="off" {
                (self.kept(fields))
                p { (self.t("check.intro")) }
                (self.fault("form-problem", problem.filter(|problem| field_of(problem).is_none())))
                label for="code" { (self.t("check.code.label")) }
                p.hint #code-hint { (self.t("check.code.hint")) }
                (self.fault("code-problem", code))
                // Where something is wrong the browser shows the fields, which are below what the page begins with.
                textarea #code name="code" dir="ltr" rows="3" required autocomplete="off" autocapitalize="none" spellcheck="false"
                    autofocus[problem.is_some() && number.is_none()] aria-invalid=[code.map(|_| "true")]
                    aria-describedby=(described("code", code)) { (fields.shown()) }
                label for="challenge" { (self.t("check.challenge.label")) }
                p.hint #challenge-hint { (self.t("check.challenge.hint")) }
                (self.fault("challenge-problem", number))
                input #challenge name="challenge" dir="ltr" type="text" inputmode="numeric" autocomplete="off"
                    value=(fields.challenge) autofocus[number.is_some()] aria-invalid=[number.map(|_| "true")]
                    aria-describedby=(described("challenge", number));
                " "
                button.button.button-main type="submit" { (self.t("check.submit")) }
                // Seen in Chromium, which keeps what a form sent to open its windows again.
                p.hint { (self.t("check.trace")) }
            }
        }
    }

    fn fault(&self, id: &str, problem: Option<&str>) -> Markup {
        html! { @if let Some(problem) = problem { p.problem id=(id) role="alert" { (self.t(problem)) } } }
    }

    /// What a form has beside what is typed.
    fn kept(&self, fields: &Fields) -> Markup {
        html! {
            input type="hidden" name="lang" value=(self.words.language.tag());
            @if !fields.form.is_empty() { input type="hidden" name="form" value=(fields.form); }
            @if !fields.tried.is_empty() { input type="hidden" name="tried" value="1"; }
            @if let Some(own) = fields.own { input type="hidden" name="own" value=(own); }
        }
    }

    /// The same code again, for a person who read a number out and left its field empty.
    pub(super) fn number_asked(&self, fields: &Fields) -> Markup {
        html! {
            form.enter method="post" action=(self.check()) autocomplete="off" {
                (self.kept(fields))
                input type="hidden" name="code" value=(fields.shown());
                h2 { (self.t("number.type.title")) }
                label for="challenge" { (self.t("number.type.label")) }
                p.hint #challenge-hint { (self.t("number.type.hint")) }
                input #challenge name="challenge" dir="ltr" type="text" inputmode="numeric" required autocomplete="off"
                    aria-describedby="challenge-hint";
                " "
                button.button.button-plain type="submit" { (self.t("number.type.submit")) }
            }
        }
    }
}

/// The field that a sentence is about, if it is about one.
fn field_of(problem: &str) -> Option<&'static str> {
    match problem {
        "check.empty" => Some("code"),
        "check.challenge.wrong" => Some("challenge"),
        _ => None,
    }
}

/// What describes a field: first what is wrong with it.
fn described(field: &str, problem: Option<&str>) -> String {
    let problem = problem.map(|_| format!("{field}-problem "));
    format!("{}{field}-hint", problem.unwrap_or_default())
}
