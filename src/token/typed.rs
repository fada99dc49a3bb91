//! Words and digits as people give them: dictated, numbered, in their own digits, split or run together. Nothing here guesses: it
//! only finds what is there. The page reads alike (`web/shared/typed.ts`), and both read the same vectors.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::spoken::{SPELLINGS, WORDS};

/// Stands for a word that was not heard.
pub(super) const UNHEARD: &str = "?";

/// The longest word of the list has so many letters, and so many pieces at most.
const LONGEST: usize = 8;
/// More pieces than any code has, however it was dictated.
const MOST_PIECES: usize = 60;
const FEWEST_WORDS: usize = 5;
const MOST_WORDS: usize = 6;

/// What people say before and between words and digits. None is a word of the list, nor the beginning of one.
const BETWEEN: [&str; 13] = ["and", "are", "code", "is", "my", "next", "no", "number", "the", "then", "word", "words", "your"];
/// How words are counted, and digits said. None is a word of the list, nor the beginning of one.
const NAMED: [&[&str]; 10] = [
    &["zero", "oh"],
    &["one", "first", "1st"],
    &["two", "second", "2nd"],
    &["three", "third", "3rd"],
    &["four", "fourth", "4th"],
    &["five", "fifth", "5th"],
    &["six", "sixth", "6th"],
    &["seven"],
    &["eight"],
    &["nine"],
];

/// Whether a character parts words: white space, punctuation, quotes, bullets, arrows, emoji. U+2100 to U+218F are letters and numbers.
fn parts(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '!'..='/' | ':'..='>' | '@' | '['..='`' | '{'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}' | '\u{bf}'
            | '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{66b}' | '\u{66c}' | '\u{6d4}' | '\u{964}' | '\u{965}'
            | '\u{2000}'..='\u{20ff}' | '\u{2190}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{1f000}'..='\u{1fbff}')
}

fn is_decimal(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

/// The digits of any script as 0 to 9. Each script has its ten in order, so the value is how many stand before one.
fn plain(c: char) -> char {
    if c.is_ascii() || !is_decimal(c) {
        return c.to_ascii_lowercase();
    }
    let before = (1..=u32::from(c)).take_while(|n| char::from_u32(u32::from(c) - n).is_some_and(is_decimal)).count();
    // A remainder of ten is a digit.
    u32::try_from(before % 10).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

/// What stands between the separators of a text, in small letters.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let pieces = text.split(parts).filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| match piece.chars().filter(|c| *c != '?').map(plain).collect::<String>() {
            nothing if nothing.is_empty() => UNHEARD.into(),
            typed => typed,
        })
        .collect()
}

/// The digits that a text consists of, grouped in any way, also said, or typed with letters that look like them.
pub(super) fn digits(pieces: &[String]) -> Option<String> {
    let alike = |piece: &str| piece.bytes().all(|b| b"oil".contains(&b));
    let given: Vec<&String> = pieces.iter().filter(|piece| !BETWEEN.contains(&piece.as_str())).collect();
    let digits = given.iter().map(|piece| {
        if piece.bytes().all(|b| b.is_ascii_digit() || b"oil".contains(&b)) {
            Some(piece.replace('o', "0").replace(['i', 'l'], "1"))
        } else {
            named(piece).map(|digit| digit.to_string())
        }
    });
    let digits = digits.collect::<Option<String>>()?;
    // Letters alone are no digits.
    (!given.iter().all(|piece| alike(piece))).then_some(digits)
}

/// The number of the word that a whole word, or a beginning of at least four letters, stands for.
pub(super) fn index_of(piece: &str) -> Option<u16> {
    let index = *SPELLINGS.get(piece.get(..4)?)?;
    WORDS[usize::from(index)].starts_with(piece).then_some(index)
}

/// All ways in which pieces may be five or six words: one by one, split, run together, counted, with words between.
pub(super) fn ways(pieces: &[String]) -> Vec<Vec<u16>> {
    let mut found = vec![];
    if pieces.len() <= MOST_PIECES {
        read_on(pieces, &[], &mut found);
    }
    found
}

fn read_on(pieces: &[String], words: &[u16], found: &mut Vec<Vec<u16>>) {
    if words.len() > MOST_WORDS {
        return;
    }
    let Some((piece, rest)) = pieces.split_first() else {
        if words.len() >= FEWEST_WORDS {
            found.push(words.to_vec());
        }
        return;
    };
    if counts_only(piece, words.len()) {
        read_on(rest, words, found);
    }
    if let Some(index) = index_of(piece) {
        read_on(rest, &[words, &[index]].concat(), found);
    }
    for n in 2..=LONGEST.min(pieces.len()) {
        if let Some(index) = whole_word(&pieces[..n].concat()) {
            read_on(&pieces[n..], &[words, &[index]].concat(), found);
        }
    }
    if let Some(split) = split_words(piece) {
        read_on(rest, &[words, &split].concat(), found);
    }
}

/// The likeliest words of a text that is no code: what is split is put together, what is run together parted.
pub(super) fn words(pieces: &[String]) -> Vec<String> {
    let mut words = vec![];
    let mut at = 0;
    while at < pieces.len() {
        let here = &pieces[at..pieces.len().min(at + LONGEST)];
        let n = (2..=here.len()).rev().find(|n| is_one(&here[..*n], at + n == pieces.len())).unwrap_or(1);
        match split_words(&here[0]) {
            _ if n > 1 => words.push(here[..n].concat()),
            _ if counts_only(&here[0], words.len()) => {}
            Some(split) => words.extend(split.iter().map(|index| WORDS[usize::from(*index)].to_owned())),
            None => words.push(here[0].clone()),
        }
        at += n;
    }
    words
}

/// Whether pieces are rather one word than several. What a text ends with may still grow.
fn is_one(pieces: &[String], last: bool) -> bool {
    let known = |piece: &String| index_of(piece).is_some();
    let whole = pieces.concat();
    (last && !known(&pieces[0]) && index_of(&whole).is_some()) || (!pieces.iter().all(known) && whole_word(&whole).is_some())
}

/// Whether a piece only counts the next word, or stands between two.
fn counts_only(piece: &str, before: usize) -> bool {
    let counted = if piece.len() == 1 { piece.parse().ok() } else { None }.or_else(|| named(piece));
    counted == Some(before + 1) || BETWEEN.contains(&piece)
}

/// 3 for "three", "third" and "3rd".
fn named(piece: &str) -> Option<usize> {
    NAMED.iter().position(|names| names.contains(&piece))
}

fn whole_word(typed: &str) -> Option<u16> {
    index_of(typed).filter(|index| WORDS[usize::from(*index)] == typed)
}

/// The words that were run together, two at least. No two rows of words run together alike.
fn split_words(piece: &str) -> Option<Vec<u16>> {
    let mut words = vec![];
    let mut rest = piece;
    while !rest.is_empty() && words.len() < MOST_WORDS {
        let index = *SPELLINGS.get(rest.get(..4)?)?;
        rest = rest.strip_prefix(WORDS[usize::from(index)])?;
        words.push(index);
    }
    (words.len() > 1 && rest.is_empty()).then_some(words)
}
