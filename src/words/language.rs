//! The languages that pages can be in, and whose turn it is.

use serde::Deserialize;

/// A language is a catalogue in `web/shared/i18n` and one line here.
macro_rules! languages {
    ($($(#[$doc:meta])+ $name:ident: $tag:literal, $own_name:literal, $direction:literal;)+) => {
        /// A language of the pages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
        pub enum Language {
            $($(#[$doc])+ #[serde(rename = $tag)] #[value(name = $tag)] $name,)+
        }

        impl Language {
            /// Every language that has a catalogue.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            /// The tag of BCP 47.
            pub fn tag(self) -> &'static str {
                match self { $(Self::$name => $tag,)+ }
            }

            /// What its speakers call it, which is what a menu must say.
            pub fn own_name(self) -> &'static str {
                match self { $(Self::$name => $own_name,)+ }
            }

            /// The value of HTML's `dir`.
            pub fn direction(self) -> &'static str {
                match self { $(Self::$name => $direction,)+ }
            }

            /// Its texts by key, in JSON.
            pub(super) fn catalogue(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../../web/shared/i18n/", $tag, ".json")),)+ }
            }
        }
    };
}

languages! {
    /// English.
    English: "en", "English", "ltr";
    /// Welsh.
    Welsh: "cy", "Cymraeg", "ltr";
    /// Urdu.
    Urdu: "ur", "اردو", "rtl";
    /// Polish.
    Polish: "pl", "Polski", "ltr";
    /// Romanian.
    Romanian: "ro", "Română", "ltr";
    /// Punjabi, in Gurmukhi.
    Punjabi: "pa", "ਪੰਜਾਬੀ", "ltr";
    /// Arabic.
    Arabic: "ar", "العربية", "rtl";
    /// Ukrainian.
    Ukrainian: "uk", "Українська", "ltr";
}

impl Language {
    /// Those that a deployment has without asking for them.
    pub const USUAL: [Self; 2] = [Self::English, Self::Welsh];

    /// Whether no native speaker has reviewed it yet: it is used only where the settings ask for it.
    pub fn is_draft(self) -> bool {
        !Self::USUAL.contains(&self)
    }

    /// The name of the file that holds what the page says in it.
    pub fn file(self) -> String {
        format!("language-{}.json", self.tag())
    }
}

/// The one of `spoken` that a person would rather read, by an `Accept-Language` header or a single tag (RFC 9110 12.5.4).
/// Where none is named, the first of all.
pub fn choose(spoken: &[Language], wanted: &str) -> Language {
    let known =
        |tag: &str| spoken.iter().find(|language| tag.split('-').next().is_some_and(|main| main.eq_ignore_ascii_case(language.tag())));
    let mut best = (0.0, spoken.first());
    for range in wanted.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight =
            parameters.trim().strip_prefix(['q', 'Q']).and_then(|q| q.strip_prefix('=')).and_then(|q| q.parse().ok()).unwrap_or(0.0_f32);
        // Of equal wishes the first counts; what is no number is greater than nothing.
        if let Some(language) = known(tag.trim())
            && weight > best.0
        {
            best = (weight, Some(language));
        }
    }
    *best.1.unwrap_or(&Language::English)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_of_the_browser_decides_among_the_languages_of_the_deployment() {
        use Language::{English, Urdu, Welsh};
        for (spoken, wanted, chosen) in [
            ([English, Welsh].as_slice(), "cy", Welsh),
            (&[English, Welsh], "cy-GB,cy;q=0.9,en;q=0.8", Welsh),
            (&[English, Welsh], "fr,cy;q=0.5,en;q=0.8", English),
            (&[English, Welsh], "en;Q=0.1, cy;Q=0.9", Welsh),
            (&[English, Welsh], "cy;q=0, en;q=0.1", English),
            (&[English, Welsh], "ur", English),
            (&[Welsh, English], "ur", Welsh),
            (&[Welsh, English], "", Welsh),
            (&[English, Welsh, Urdu], "UR-pk", Urdu),
            (&[English, Welsh], "cy;q=0,en", English),
            (&[English, Welsh], "*;;,;q=x,\u{0}", English),
            (&[English], "cy", English),
        ] {
            assert_eq!(choose(spoken, wanted), chosen, "{wanted:?} of {spoken:?}");
        }
    }
}
