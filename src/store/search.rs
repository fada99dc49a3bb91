//! What is searched for: words that begin as the words of a text do, in any script and any case.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// The most words of a search; more are left out.
const MOST_WORDS: usize = 4;
/// Rows that a page of a search or of an order without an index looks at, at most, however many there are.
pub(super) const MOST_READ: i64 = 1_000;
/// The longest word in an index, in characters.
const LONGEST: usize = 32;

/// Scripts that put no space between words, from and to: Thai and Lao, Myanmar, Khmer, kana, Han.
const UNSPACED: &[(char, char)] = &[
    ('\u{e00}', '\u{eff}'),
    ('\u{1000}', '\u{109f}'),
    ('\u{1780}', '\u{17ff}'),
    ('\u{3040}', '\u{30ff}'),
    ('\u{3400}', '\u{9fff}'),
    ('\u{20000}', '\u{323af}'),
];

/// A search, which is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    words: Vec<String>,
    text: String,
}

impl Search {
    /// The words of a text; `None` where there is none in it.
    pub fn of(text: &str) -> Option<Self> {
        let mut words = words(text);
        // Of too many the longest: they tell most texts apart.
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words.truncate(MOST_WORDS);
        (!words.is_empty()).then(|| Self { words, text: text.trim().to_lowercase().replace('\0', "\u{fffd}") })
    }

    /// As it was typed, in lower case. PostgreSQL takes no NUL, and no callsign has what stands for it.
    pub(super) fn text(&self) -> String {
        self.text.clone()
    }

    /// From where to before where each word stands in an index.
    pub(super) fn ranges(&self) -> Vec<(String, String)> {
        let first = |word: &String| word.chars().take(LONGEST).collect::<String>();
        self.words.iter().map(first).map(|first| (first.clone(), format!("{first}\u{10ffff}"))).collect()
    }

    /// What [`searchable`] text contains where it has all words.
    pub(super) fn parts(&self) -> Vec<String> {
        self.words.iter().map(|word| if word.starts_with(is_unspaced) { word.clone() } else { format!(" {word}") }).collect()
    }
}

/// The words of several texts in one, the first of them first, so that this is also the order by the first.
pub(super) fn searchable<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().flat_map(words).flat_map(|word| [" ".to_owned(), word]).collect()
}

/// What an index has of a searchable text: each word once, and where no spaces part words each end of a run of them.
pub(super) fn indexed(searchable: &str) -> Vec<String> {
    let ends = |word: &str| {
        let starts = |at: usize, c: char| at == 0 || is_unspaced(c) && c.general_category_group() != GeneralCategoryGroup::Mark;
        let from: Vec<usize> = word.char_indices().filter(|(at, c)| starts(*at, *c)).map(|(at, _)| at).collect();
        from.into_iter().map(|at| word[at..].chars().take(LONGEST).collect()).collect::<Vec<String>>()
    };
    let mut all: Vec<String> = searchable.split(' ').filter(|word| !word.is_empty()).flat_map(ends).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Letters, marks and digits that stand together, folded. A joiner parts nothing.
fn words(text: &str) -> Vec<String> {
    let folded: String =
        text.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().map(|c| if c == 'ς' { 'σ' } else { c }).collect();
    let folded = folded.replace(['\u{200c}', '\u{200d}'], "");
    let reads = |c: char| {
        matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark | GeneralCategoryGroup::Number)
    };
    folded.split(|c| !reads(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_unspaced(c: char) -> bool {
    UNSPACED.iter().any(|(from, to)| (*from..=*to).contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(search: &str, text: &str) -> bool {
        let (search, text) = (Search::of(search).unwrap(), searchable([text]));
        let stands = |(from, before): &(String, String)| indexed(&text).iter().any(|word| (from..before).contains(&word));
        let by_index = search.ranges().iter().all(stands);
        by_index && search.parts().iter().all(|part| text.contains(part.as_str()))
    }

    #[test]
    fn words_are_found_by_how_they_begin_in_any_script_and_case() {
        for (search, text) in [
            ("anna", "Anna Maria"),
            ("MAR ann", "Anna Maria"),
            ("417", "OP-417/b"),
            ("straß", "STRASSE 4"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "ΟΔΟΣ"),
            ("ёл", "ЁЛКА"),
            ("می", "می\u{200c}دانم"),
            ("京", "東京都"),
            ("หมู่", "บ้านหมู่ 4"),
            ("ﬁ", "file"),
            ("क्", "क्षेत्र"),
        ] {
            assert!(finds(search, text), "{search} in {text}");
        }
        for (search, text) in [("nna", "Anna"), ("anna bob", "Anna Maria"), ("41 8", "OP-417"), ("京都府", "東京都")] {
            assert!(!finds(search, text), "{search} in {text}");
        }
        for nothing in ["", " ", "...", "\u{200d}"] {
            assert_eq!(Search::of(nothing), None);
        }
    }

    #[test]
    fn an_index_is_bounded_and_a_long_word_is_found_whole() {
        let long = "x".repeat(60);
        assert!(finds(&long, &long));
        assert!(!finds(&format!("{}y", "x".repeat(59)), &long));
        assert!(indexed(&searchable([long.as_str()])).iter().all(|word| word.len() == LONGEST));
        assert_eq!(Search::of("a b c d e f").unwrap().words.len(), MOST_WORDS);
    }

    #[test]
    fn text_is_in_the_order_of_what_comes_first() {
        assert!(searchable(["OP-1", "zebra"]) < searchable(["OP-2", "ape"]));
    }
}
