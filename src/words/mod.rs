//! Every word that people see, in each language, from the catalogues that the page uses too.

mod language;
mod plural;
mod zone;

use std::collections::BTreeMap;

use jiff::Zoned;
use serde::{Deserialize, Serialize};

use self::plural::Text;
pub use self::{
    language::{Language, choose},
    zone::{Zone, ZoneError},
};
use crate::token::{Correction, SpokenSize};

/// The words of one language.
pub struct Catalogue {
    /// Which.
    pub language: Language,
    texts: BTreeMap<String, Text>,
    icons: BTreeMap<String, Icon>,
}

/// How a verdict looks: colour is never its only sign.
#[derive(Clone, Deserialize)]
pub struct Icon {
    /// The name of a set of colours in the style.
    pub tone: String,
    /// An SVG path in a square of 24.
    pub icon: String,
}

impl Catalogue {
    /// The words of a language.
    pub fn of(language: Language) -> Self {
        // The files are compiled in, and the tests read every key of them.
        Self {
            language,
            texts: serde_json::from_str(language.catalogue()).unwrap_or_default(),
            icons: serde_json::from_str(include_str!("../../web/shared/verdicts.json")).unwrap_or_default(),
        }
    }

    /// The texts that the page's script shows, by key; those of the plain pages and of paper stay here.
    pub fn of_the_page(&self) -> BTreeMap<&str, impl Serialize> {
        let elsewhere = |key: &str| ["check.", "poster."].iter().any(|area| key.starts_with(area));
        self.texts.iter().filter(|(key, _)| !elsewhere(key)).map(|(key, text)| (key.as_str(), text)).collect()
    }

    /// The text of a key, with `{name}`s filled in, in the form that goes with `count` where there is one. A key that is missing shows itself, so that a test finds it.
    pub fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        let count = values.iter().find(|(name, _)| *name == "count").and_then(|(_, count)| count.parse().ok());
        let text = self.texts.get(key).and_then(|text| text.counted(self.language, count)).unwrap_or(key);
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &self.apart(value)))
    }

    /// A value is set apart where the language runs right to left: "+44 1632 960123" would otherwise read backwards. Of one that was made
    /// here of others, such as a date, no letter tells how it runs.
    fn apart(&self, value: &str) -> String {
        if self.language.direction() != "rtl" {
            return value.to_owned();
        }
        let before = if value.contains('\u{2069}') { '\u{2067}' } else { '\u{2068}' };
        format!("{before}{value}\u{2069}")
    }

    /// How to name the organisation's telephone: its number, or "the number that we publish" where the settings give none.
    pub fn telephone(&self, number: &str) -> String {
        if number.is_empty() { self.text("contact.published", &[]) } else { number.to_owned() }
    }

    /// What may be wrong with a mistyped code, as a question or a request.
    pub fn hint(&self, correction: &Correction) -> String {
        let ordinal = |position: usize| self.text(&format!("ordinal.{}", position + 1), &[]);
        let counted = |key: &str, count: usize| self.text(key, &[("count", &count.to_string())]);
        let [few, many] = SpokenSize::ALL;
        match correction {
            Correction::Count(count) if *count < few.words() => counted("enter.few_words", *count),
            Correction::Count(count) => counted("enter.many_words", *count),
            Correction::Digits(count) if [few.digits(), many.digits()].contains(count) => self.text("enter.wrong_digit", &[]),
            Correction::Digits(count) if *count < few.digits() => counted("enter.few_digits", *count),
            Correction::Digits(count) => counted("enter.many_digits", *count),
            Correction::Check => self.text("enter.wrong_check", &[]),
            Correction::Several => self.text("enter.several", &[]),
            Correction::LinkChanged => self.text("enter.link_changed", &[]),
            Correction::LinkForeign => self.text("enter.link_foreign", &[]),
            Correction::LinkEmpty => self.text("enter.link_empty", &[]),
            Correction::NoCode => self.text("enter.no_code", &[]),
            Correction::TwoUnheard(position) => self.text("enter.two_unheard", &[("ordinal", &ordinal(*position))]),
            Correction::Word { position, near } if near.is_empty() => self.text("enter.wrong_word", &[("ordinal", &ordinal(*position))]),
            Correction::Word { position, near } => {
                self.text("suggest.one", &[("ordinal", &ordinal(*position)), ("word", &near.join(", "))])
            }
            Correction::DidYouMean { words, changed, unheard } => match changed.as_slice() {
                [only] if *unheard => self.text("suggest.unheard", &[("word", words[*only])]),
                [only] => self.text("suggest.one", &[("ordinal", &ordinal(*only)), ("word", words[*only])]),
                // The same letters, parted otherwise.
                [] => format!("{} {}", self.text("suggest.title", &[]), words.join(" ")),
                several => format!("{} {}", counted("follow.some", several.len()), words.join(" ")),
            },
        }
    }

    /// The icon of a verdict.
    pub fn icon(&self, verdict: &str) -> Icon {
        self.icons.get(verdict).cloned().unwrap_or_else(|| Icon { tone: "calm".into(), icon: String::new() })
    }

    /// A time of day where the organisation is, with the date where that is not the one of `now`. The zone stands with it, because
    /// nothing here knows where the reader is.
    pub fn time(&self, seconds: i64, now: i64, zone: &Zone) -> String {
        let (at, today) = (zone.shows(seconds), zone.shows(now).date());
        let clock = at.strftime("%H:%M").to_string();
        let clock = self.text("time.zone", &[("time", &clock), ("place", &zone.place())]);
        if at.date() == today { clock } else { self.text("time.date", &[("date", &self.date(&at)), ("time", &clock)]) }
    }

    /// A day as people write it: "30 November 2026".
    fn date(&self, at: &Zoned) -> String {
        let months = self.text("date.months", &[]);
        let month = usize::try_from(at.month()).ok().and_then(|month| months.split('|').nth(month - 1)).unwrap_or_default();
        self.text("date.full", &[("day", &at.day().to_string()), ("month", month), ("year", &at.year().to_string())])
    }

    /// How long ago.
    pub fn ago(&self, seconds: i64) -> String {
        match seconds.max(0) / 60 {
            0 => self.text("ago.now", &[]),
            minutes => self.text("ago.minutes", &[("count", &minutes.to_string())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `{name}`s of a text, in order.
    fn gaps(text: &str) -> Vec<&str> {
        let mut gaps: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        gaps.sort_unstable();
        gaps
    }

    #[test]
    fn times_are_those_of_the_organisation() {
        let file: serde_json::Value = serde_json::from_str(include_str!("../../tests/vectors/times.json")).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let language = Language::ALL.into_iter().find(|language| vector["language"] == language.tag()).unwrap();
            let zone: Zone = vector["zone"].as_str().unwrap().parse().unwrap();
            let said = Catalogue::of(language).time(vector["at"].as_i64().unwrap(), vector["now"].as_i64().unwrap(), &zone);
            assert_eq!(said, vector["expect"].as_str().unwrap(), "{}", vector["name"]);
        }
    }

    #[test]
    fn every_language_has_twelve_months() {
        for language in Language::ALL {
            let months = Catalogue::of(language).text("date.months", &[]);
            let different: std::collections::BTreeSet<&str> = months.split('|').map(str::trim).collect();
            assert_eq!((months.split('|').count(), different.len()), (12, 12), "{language:?}");
        }
    }

    #[test]
    fn every_language_says_all_that_english_says() {
        let english = Catalogue::of(Language::English);
        assert!(english.texts.len() > 150);
        for language in Language::ALL {
            let other = Catalogue::of(language);
            let keys = |catalogue: &Catalogue| catalogue.texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&other), keys(&english), "{language:?}");
            for (key, text) in &other.texts {
                let [said, meant] = [text, &english.texts[key]].map(Text::wordings);
                let forms: Vec<_> = said.iter().filter_map(|(category, _)| *category).collect();
                // another language may need forms where English does not
                assert!(forms.is_empty() && meant.len() == 1 || forms == plural::categories(language), "{language:?} {key}: {forms:?}");
                for (_, text) in said {
                    assert!(!text.trim().is_empty(), "{language:?} {key}");
                    assert_eq!(gaps(text), gaps(meant[0].1), "{language:?} {key}");
                    assert!(!text.contains('<') && !text.contains('&'), "{language:?} {key}");
                }
            }
        }
    }

    #[test]
    fn a_count_comes_in_the_form_that_its_language_has_for_it() {
        for (language, seconds, said) in [
            (Language::English, 59, "Less than a minute ago"),
            (Language::English, 60, "1 minute ago"),
            (Language::English, 720, "12 minutes ago"),
            (Language::Welsh, 120, "2 funud yn ôl"),
            (Language::Welsh, 360, "6 munud yn ôl"),
            (Language::Urdu, 180, "\u{2068}3\u{2069} منٹ پہلے"),
        ] {
            assert_eq!(Catalogue::of(language).ago(seconds), said, "{language:?}");
        }
    }
}
