//! What may be wrong with a mistyped code. Only ever shown as a question, never applied.

use super::{
    SpokenSize,
    spoken::{SPELLINGS, WORDS, parts, times_x_to},
};

/// What may have gone wrong with words that do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Neither five nor six words, but so many.
    Count(usize),
    /// The word at this place (from 1) is in doubt; perhaps it was one of these.
    Word {
        /// Place of the word, from 1.
        position: usize,
        /// Words that would fit, the likeliest first; may be empty.
        did_you_mean: Vec<&'static str>,
    },
    /// More than one word is in doubt, or none stands out.
    Unclear,
    /// The digits do not fit together.
    Digits,
}

/// Finds out what may be wrong with a mistyped code of either size. `?` stands for a word that was not heard.
pub fn correct(text: &str) -> Correction {
    let parts = parts(text);
    if !parts.is_empty() && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return Correction::Digits;
    }
    if !SpokenSize::ALL.iter().any(|size| size.words() == parts.len()) {
        return Correction::Count(parts.len());
    }
    let known: Vec<Option<u16>> = parts.iter().map(|part| SPELLINGS.get(part.as_str()).copied()).collect();
    let doubtful: Vec<usize> = (0..known.len()).filter(|i| known[*i].is_none()).collect();
    match doubtful.as_slice() {
        [] => wrong_but_known(&parts, &known),
        [only] => {
            // The checksum leaves exactly one word for one gap; it is offered only where it sounds like what was typed.
            let fits = word_at(&known, *only);
            let close = parts[*only] == "?" || distance(&parts[*only], fits) <= 2;
            Correction::Word { position: only + 1, did_you_mean: if close { vec![fits] } else { near(&parts[*only]) } }
        }
        [first, ..] => Correction::Word { position: first + 1, did_you_mean: near(&parts[*first]) },
    }
}

/// All are words of the list, so one was taken for another: the place whose fitting word is closest to what was typed.
fn wrong_but_known(parts: &[String], known: &[Option<u16>]) -> Correction {
    let mut fitting: Vec<(usize, usize, &'static str)> = (0..known.len())
        .map(|i| {
            let fits = word_at(known, i);
            (distance(&parts[i], fits), i + 1, fits)
        })
        .collect();
    fitting.sort_unstable();
    match fitting.as_slice() {
        [(first, position, word), (second, ..), ..] if first < second && *first <= 4 => {
            Correction::Word { position: *position, did_you_mean: vec![word] }
        }
        _ => Correction::Unclear,
    }
}

/// The one word that makes the checksum right at place `gap`, given all others.
fn word_at(known: &[Option<u16>], gap: usize) -> &'static str {
    let others = |i: usize| if i == gap { 0 } else { known[i].unwrap_or(0) };
    let last = known.len() - 1;
    let sum = (0..last).fold(others(last), |sum, i| sum ^ times_x_to(others(i), i + 1));
    // x has order 1,023, so dividing by x^i is multiplying by x^(1023 - i).
    let word = if gap == last { sum } else { times_x_to(sum, 1_023 - (gap + 1)) };
    WORDS[usize::from(word)]
}

/// Words within one typing error.
fn near(typed: &str) -> Vec<&'static str> {
    WORDS.iter().copied().filter(|word| distance(typed, word) <= 1).collect()
}

/// Edit distance in which two swapped neighbours count once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{SpokenCode, Token};

    fn code(bytes: &[u8]) -> SpokenCode {
        let token = Token::from_bytes([&Token::BEGINNING, bytes].concat()).unwrap();
        SpokenCode::of(&token, SpokenSize::Five)
    }

    #[test]
    fn one_unheard_word_is_supplied_and_one_typing_error_is_asked_about() {
        let original = code(b"any");
        let words: Vec<String> = original.words().split(' ').map(str::to_owned).collect();
        for gap in 0..words.len() {
            let mut heard = words.clone();
            heard[gap] = "?".into();
            let supplied =
                Correction::Word { position: gap + 1, did_you_mean: vec![SPELLINGS.get_key_value(words[gap].as_str()).unwrap().0] };
            assert_eq!(correct(&heard.join(" ")), supplied);
            heard[gap] = format!("{}q", words[gap]);
            assert_eq!(correct(&heard.join(" ")), supplied);
        }
        assert_eq!(correct("abacus"), Correction::Count(1));
        assert_eq!(correct("123 456"), Correction::Digits);
    }

    #[test]
    fn distance_counts_a_swap_once() {
        assert_eq!(distance("voyage", "voyage"), 0);
        assert_eq!(distance("voayge", "voyage"), 1);
        assert_eq!(distance("vyage", "voyage"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
