//! Every word that people see, from the catalogue that the page uses too.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use crate::{
    config::Organisation,
    token::{Correction, SpokenSize},
};

/// The words of one language.
pub struct Catalogue {
    texts: BTreeMap<String, String>,
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
    /// English.
    pub fn english() -> Self {
        // Both files are compiled in, and the tests read every key of them.
        Self {
            texts: serde_json::from_str(include_str!("../web/shared/i18n/en.json")).unwrap_or_default(),
            icons: serde_json::from_str(include_str!("../web/shared/verdicts.json")).unwrap_or_default(),
        }
    }

    /// The text of a key, with `{name}`s filled in. A key that is missing shows itself, so that a test finds it.
    pub fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.texts.get(key).map_or(key, String::as_str);
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Says "the number that we publish" where the settings give no telephone number.
    pub fn fill_in(&self, organisation: &mut Organisation) {
        if organisation.telephone.is_empty() {
            organisation.telephone = self.text("contact.published", &[]);
        }
    }

    /// What may be wrong with a mistyped code, as a question or a request.
    pub fn hint(&self, correction: &Correction, size: SpokenSize) -> String {
        match correction {
            Correction::Count { expected, found } => {
                self.text("enter.wrong_count", &[("wanted", &expected.to_string()), ("count", &found.to_string())])
            }
            Correction::Digits => self.text("enter.wrong_digits", &[("wanted", &size.digits().to_string())]),
            Correction::Unclear => self.text("enter.wrong_check", &[]),
            Correction::Word { position, did_you_mean } => {
                let ordinal = self.text(&format!("ordinal.{position}"), &[]);
                match did_you_mean.as_slice() {
                    [] => self.text("enter.wrong_word", &[("ordinal", &ordinal)]),
                    words => self.text("suggest.one", &[("ordinal", &ordinal), ("word", &words.join(", "))]),
                }
            }
        }
    }

    /// The icon of a verdict.
    pub fn icon(&self, verdict: &str) -> Icon {
        self.icons.get(verdict).cloned().unwrap_or_else(|| Icon { tone: "calm".into(), icon: String::new() })
    }

    /// A time of day. The plain page does not know where the reader is, so it says UTC.
    pub fn time(&self, seconds: i64) -> String {
        let time = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::UTC);
        self.text("check.time", &[("time", &time.strftime("%H:%M").to_string())])
    }

    /// How long ago.
    pub fn ago(&self, seconds: i64) -> String {
        match seconds.max(0) / 60 {
            0 => self.text("ago.now", &[]),
            1 => self.text("ago.minute", &[]),
            minutes => self.text("ago.minutes", &[("count", &minutes.to_string())]),
        }
    }
}
