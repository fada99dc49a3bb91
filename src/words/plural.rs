//! Texts with a count: which of a language's forms goes with it.

use std::collections::BTreeMap;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use serde::{Deserialize, Serialize};

use super::Language;

/// A text, or where it depends on a count, one for each category that CLDR has for the language.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Text {
    /// Always the same.
    One(String),
    /// By the name of the category; `other` is always there.
    Forms(BTreeMap<String, String>),
}

impl Text {
    /// The text that goes with a count.
    pub(super) fn counted(&self, language: Language, count: Option<u64>) -> Option<&str> {
        match self {
            Self::One(text) => Some(text),
            Self::Forms(forms) => {
                let category = || Some(name(rules(language)?.category_for(count?)));
                let named = category().and_then(|category| forms.get(category));
                named.or_else(|| forms.get("other")).map(String::as_str)
            }
        }
    }
}

/// The rules of a language; nothing where CLDR does not know it.
fn rules(language: Language) -> Option<PluralRules> {
    let locale: Locale = language.tag().parse().ok()?;
    PluralRules::try_new_cardinal((&locale).into()).ok()
}

/// As the catalogues and CLDR name it.
fn name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

#[cfg(test)]
impl Text {
    /// Every wording, with the name of its category where it has one.
    pub(super) fn wordings(&self) -> Vec<(Option<&str>, &str)> {
        match self {
            Self::One(text) => vec![(None, text)],
            Self::Forms(forms) => forms.iter().map(|(name, text)| (Some(name.as_str()), text.as_str())).collect(),
        }
    }
}

/// The categories of a language, by name, in order.
#[cfg(test)]
pub(super) fn categories(language: Language) -> Vec<&'static str> {
    let mut names: Vec<_> = rules(language).unwrap().categories().map(name).collect();
    names.sort_unstable();
    names
}
