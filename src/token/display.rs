//! Text that a token shows to a frightened person: nothing in it may hide, reorder, imitate, or show as nothing.
//!
//! Two rules. Who reads a token goes by a closed list of code points, the same in every version of Unicode, so that a page of any
//! age and the service agree. Who issues one goes by PRECIS as well (RFC 8266, on the `FreeformClass` of RFC 8264), which knows what
//! is assigned and which scripts need a joiner where.

use std::borrow::Cow;

use precis_profiles::{Nickname, precis_core::profile::Profile as _};
use unicode_normalization::is_nfc;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

use super::ClaimError;

/// What is never shown, from and to. Controls and formats (Cc, Cf) but for the two joiners; line and paragraph separators; every space
/// but U+0020; what is ignored by default, fillers and variation selectors among it; signs that are drawn as nothing; private use and
/// noncharacters, those at the end of each plane apart.
const HIDDEN: &[(u32, u32)] = &[
    (0x00, 0x1f),
    (0x7f, 0xa0),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200b),
    (0x200e, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffc),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d159, 0x1d159),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
    (0xf0000, 0x10_ffff),
];

/// Zero width non-joiner and joiner, which some scripts need between two letters.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Text of 1 to `max` bytes, as every reader takes it.
pub(super) fn read(what: &'static str, max: usize, text: &str) -> Result<String, ClaimError> {
    if !(1..=max).contains(&text.len()) {
        return Err(ClaimError::Length { what, max, found: text.len() });
    }
    if !is_nfc(text) || text.chars().any(is_hidden) || !is_kept_apart(text) {
        return Err(ClaimError::Characters(what));
    }
    Ok(text.to_owned())
}

fn is_hidden(c: char) -> bool {
    let point = u32::from(c);
    point & 0xfffe == 0xfffe || HIDDEN.iter().any(|(from, to)| (*from..=*to).contains(&point))
}

/// Spaces and joiners stand alone and between other characters: elsewhere they do not show.
fn is_kept_apart(text: &str) -> bool {
    let parts = |c: char| c == ' ' || JOINERS.contains(&c);
    let mut before = true;
    for c in text.chars() {
        if before && parts(c) {
            return false;
        }
        before = parts(c);
    }
    !before
}

/// Text as it is issued, at most so many bytes.
pub(super) fn enforced(what: &'static str, max: usize, text: &str) -> Result<String, ClaimError> {
    // PRECIS works on the whole text several times over.
    if !(1..=8 * max).contains(&text.len()) {
        return Err(ClaimError::Length { what, max, found: text.len() });
    }
    read(what, max, &usual_form(text).ok_or(ClaimError::Characters(what))?)
}

/// Text that people inside read, at most so many characters, by the same rules.
pub fn inside(max: usize, text: &str) -> Option<String> {
    // As above; no character is longer than four bytes.
    if text.len() > 32 * max {
        return None;
    }
    let text = usual_form(text)?;
    if text.chars().count() <= max { read("the text", 4 * max, &text).ok() } else { None }
}

/// Marks that stand over or under one letter, at most. Scripts need seven; more are drawn over the lines above and below.
const MOST_MARKS: usize = 8;

/// Spaces in their usual form, compatibility forms by what they stand for, nothing that this version of Unicode does not know, and
/// something to read in it.
fn usual_form(text: &str) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = Nickname::new().enforce(text).ok()?;
    let begins_well = text.chars().next().is_some_and(|c| c.general_category_group() != GeneralCategoryGroup::Mark);
    let reads = |c: char| matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number);
    let has_no_width = |c: &char| matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark);
    let is_stacked = text.split(|c| !has_no_width(&c)).any(|marks| marks.chars().count() > MOST_MARKS);
    (begins_well && text.chars().any(reads) && !is_stacked).then_some(text)
}

/// Whether every reader of before takes it too: those knew no joiners.
pub(super) fn needs_no_joiner(text: &str) -> bool {
    !text.contains(JOINERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(text: &str) -> Option<String> {
        enforced("the name", 24, text).ok()
    }

    #[test]
    fn what_is_issued_is_read_and_in_its_usual_form() {
        for (typed, shown) in [
            ("Anna", "Anna"),
            ("  Anna   Maria ", "Anna Maria"),
            ("Anna\u{a0}Maria", "Anna Maria"),
            ("Zoe\u{308}", "Zo\u{eb}"),
            ("\u{212b}sa", "\u{c5}sa"),
            ("O\u{2019}Brien", "O\u{2019}Brien"),
            ("\u{ff21}nna", "Anna"),
            ("\u{d9a}\u{dca}\u{200d}\u{dbb}\u{dd3}", "\u{d9a}\u{dca}\u{200d}\u{dbb}\u{dd3}"),
            ("\u{646}\u{6cc}\u{200c}\u{645}", "\u{646}\u{6cc}\u{200c}\u{645}"),
            ("\u{5d3}\u{5d5}\u{5d3}", "\u{5d3}\u{5d5}\u{5d3}"),
            ("24 High St.", "24 High St."),
            ("\u{f62}\u{f90}\u{fb1}\u{f71}\u{f74}\u{f83}", "\u{f62}\u{f90}\u{fb1}\u{f71}\u{f74}\u{f83}"),
            ("\u{5e9}\u{5c1}\u{5bc}\u{5b8}\u{596}", "\u{5e9}\u{5b8}\u{5bc}\u{5c1}\u{596}"),
        ] {
            assert_eq!(issued(typed).as_deref(), Some(shown), "{typed:?}");
            assert_eq!(read("the name", 24, shown).as_deref().ok(), Some(shown));
        }
    }

    #[test]
    fn what_would_show_as_nothing_or_is_not_assigned_is_not_issued() {
        for text in [
            "",
            " ",
            "\u{3000}\u{a0}",
            "\u{3164}",
            "Anna\u{3164}",
            "\u{115f}",
            "\u{2800}",
            "A\u{2800}",
            "\u{34f}",
            "A\u{34f}",
            "\u{fffe}",
            "A\u{fdd0}",
            "A\u{378}",
            "A\u{10fffd}",
            "\u{301}",
            "\u{301}A",
            "A\u{200d}B",
            "\u{200d}",
            "\u{200c}\u{200c}",
            "A\u{202e}B",
            "A\u{fe0f}",
            "A\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}",
            "...",
            "\u{1f600}",
            "A\nB",
            "A\u{e0041}",
        ] {
            assert_eq!(issued(text), None, "{text:?}");
        }
        assert_eq!(issued(&"x".repeat(25)), None);
        assert_eq!(issued(&" x".repeat(100)), None);
    }

    /// The list is in order and holds what Unicode's own properties ask for.
    #[test]
    fn the_list_covers_all_controls_formats_spaces_private_and_noncharacters() {
        use unicode_properties::GeneralCategory as Category;
        assert!(HIDDEN.windows(2).all(|pair| pair[0].1 < pair[1].0), "in order");
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let hides = match c.general_category() {
                Category::Control | Category::LineSeparator | Category::ParagraphSeparator | Category::PrivateUse => true,
                Category::Format => !JOINERS.contains(&c),
                Category::SpaceSeparator => c != ' ',
                _ => false,
            };
            assert!(!hides || is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }
}
