//! "Did you mean": what somebody who mistyped a name most likely wanted.

/// The name that is spelt nearly so, if one is near enough to be meant.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, name) = closest(typed, names)?;
    (distance <= typed.chars().count().div_ceil(4).min(3)).then_some(name)
}

/// The name that one slip makes this of; none where it is a name itself.
pub fn one_slip<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    closest(typed, names).filter(|(distance, _)| *distance == 1).map(|(_, name)| name)
}

fn closest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<(usize, &'a str)> {
    names.into_iter().map(|name| (strsim::damerau_levenshtein(typed, name), name)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let names = ["name", "telephone", "address", "exit_url", "languages", "spoken_words"];
        for (typed, meant) in [
            ("nmae", Some("name")),
            ("telefone", Some("telephone")),
            ("exit-url", Some("exit_url")),
            ("language", Some("languages")),
            ("spokenwords", Some("spoken_words")),
            ("frobnicate", None),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
    }
}
