//! Texts as a screen reader needs them, as `web/shared/ear.ts` has them for the page.

use maud::{Markup, html};

/// Digits in groups, to be heard one by one: "417 092" as "4 1 7, 0 9 2", of which a voice would else make amounts. A line breaks
/// between groups alone. What is heard stands in the style's content: a browser without styles would show it beside the digits.
pub(super) fn digits(groups: &str, kind: &str) -> Markup {
    let heard: Vec<String> = groups.split(' ').map(|group| group.chars().map(String::from).collect::<Vec<_>>().join(" ")).collect();
    html! { span class=(kind) dir="ltr" aria-hidden="true" { (groups) } span.unseen data-heard={ " " (heard.join(", ")) } {} }
}

/// A text in which some digits stand.
pub(super) fn with_digits(text: &str, groups: &str) -> Markup {
    let Some((before, after)) = text.split_once(groups) else { return html! { (text) } };
    html! { (before) (digits(groups, "seen")) (after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_heard_one_by_one() {
        let said = with_digits("to 000 012.", "000 012").into_string();
        assert_eq!(
            said,
            r#"to <span class="seen" dir="ltr" aria-hidden="true">000 012</span><span class="unseen" data-heard=" 0 0 0, 0 1 2"></span>."#
        );
        assert_eq!(with_digits("none", "043").into_string(), "none");
    }
}
