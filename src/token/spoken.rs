//! The spoken code: five (six) words or fifteen (eighteen) digits, derived from a token's bytes.
//!
//! Derived, not assigned: whoever gets a token back for a code can compute the code again, so a lying server
//! cannot answer with another token.

use std::{collections::HashMap, fmt, sync::LazyLock};

use sha2::{Digest as _, Sha256};

use super::Token;

/// Ten bits a word, unique in the first four letters, three spelling edits apart. See NOTICE for the sources.
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Every accepted spelling of a word: whole, and its first four letters.
static SPELLINGS: LazyLock<HashMap<&'static str, u16>> =
    LazyLock::new(|| (0..).zip(WORDS.iter()).flat_map(|(index, word)| [(*word, index), (&word[..4], index)]).collect());

/// How long codes are in this deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenSize {
    /// Five words: 40 bits.
    Five,
    /// Six words: 50 bits, for larger services.
    Six,
}

impl SpokenSize {
    /// Words, the check word included.
    pub fn words(self) -> usize {
        match self {
            Self::Five => 5,
            Self::Six => 6,
        }
    }

    /// Bits that name a token.
    pub fn bits(self) -> u32 {
        match self {
            Self::Five => 40,
            Self::Six => 50,
        }
    }

    fn data_words(self) -> usize {
        self.words() - 1
    }

    /// Decimal digits of the value, before the two check digits.
    fn value_digits(self) -> usize {
        match self {
            Self::Five => 13,
            Self::Six => 16,
        }
    }
}

impl TryFrom<u8> for SpokenSize {
    type Error = ();

    fn try_from(words: u8) -> Result<Self, ()> {
        match words {
            5 => Ok(Self::Five),
            6 => Ok(Self::Six),
            _ => Err(()),
        }
    }
}

/// A code whose checksum is right. Whether it names a token is another question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpokenCode {
    value: u64,
    size: SpokenSize,
}

/// The checksum fails, or it is no code at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the words or digits do not fit together")]
pub struct Mistyped;

impl SpokenCode {
    /// The code of a token: the leading bits of SHA-256 over a label and the bytes.
    pub fn of(token: &Token, size: SpokenSize) -> Self {
        let digest = Sha256::new().chain_update("countersign/1 spoken").chain_update(token.as_bytes()).finalize();
        let mut leading = [0; 8];
        leading.copy_from_slice(&digest[..8]);
        Self { value: u64::from_be_bytes(leading) >> (64 - size.bits()), size }
    }

    /// Reads exact words or four-letter prefixes, or digits, parted by spaces or hyphens.
    pub fn parse(text: &str, size: SpokenSize) -> Result<Self, Mistyped> {
        let parts: Vec<String> = parts(text);
        if parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
            return Self::from_digits(&parts.concat(), size);
        }
        let words: Vec<u16> = parts.iter().map(|word| SPELLINGS.get(word.as_str()).copied()).collect::<Option<_>>().ok_or(Mistyped)?;
        Self::from_words(&words, size)
    }

    fn from_words(words: &[u16], size: SpokenSize) -> Result<Self, Mistyped> {
        let (check, data) = words.split_last().ok_or(Mistyped)?;
        if words.len() != size.words() || *check != check_word(data) {
            return Err(Mistyped);
        }
        Ok(Self { value: data.iter().fold(0, |value, word| value << 10 | u64::from(*word)), size })
    }

    fn from_digits(digits: &str, size: SpokenSize) -> Result<Self, Mistyped> {
        if digits.len() != size.value_digits() + 2 {
            return Err(Mistyped);
        }
        let (value, check) = digits.split_at(size.value_digits());
        let value: u64 = value.parse().map_err(|_| Mistyped)?;
        if value >> size.bits() != 0 || check.parse() != Ok(check_digits(value)) {
            return Err(Mistyped);
        }
        Ok(Self { value, size })
    }

    /// The number that the words and digits stand for.
    pub fn value(self) -> u64 {
        self.value
    }

    /// The words, parted by spaces.
    pub fn words(self) -> String {
        let mut words = self.data();
        words.push(check_word(&words));
        words.iter().map(|word| WORDS[usize::from(*word)]).collect::<Vec<_>>().join(" ")
    }

    /// The digits, not grouped.
    pub fn digits(self) -> String {
        format!("{:0width$}{:02}", self.value, check_digits(self.value), width = self.size.value_digits())
    }

    fn data(self) -> Vec<u16> {
        // The mask keeps ten bits, which always fit.
        (0..self.size.data_words()).rev().map(|i| (self.value >> (10 * i) & 0x3ff) as u16).collect()
    }
}

/// A code can be used by whoever hears it, so Debug does not show it.
impl fmt::Debug for SpokenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpokenCode({} words)", self.size.words())
    }
}

/// Digits in groups of three, as they are read out.
pub fn group_digits(digits: &str) -> String {
    digits.as_bytes().chunks(3).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

/// Bytes as words of ten bits each; bits that do not fill a word are dropped. For fingerprints on paper.
pub fn words_of(bytes: &[u8]) -> Vec<&'static str> {
    bytes
        .chunks_exact(5)
        .flat_map(|five| {
            let value = five.iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
            [30, 20, 10, 0].map(|shift| WORDS[value >> shift & 0x3ff])
        })
        .collect()
}

fn parts(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c == '-').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect()
}

fn check_digits(value: u64) -> u64 {
    98 - (100 * value) % 97
}

/// Multiplies by x in GF(2^10) with x^10 + x^3 + 1.
fn times_x(a: u16) -> u16 {
    let shifted = a << 1;
    if shifted & 0x400 == 0 { shifted } else { shifted ^ 0x409 }
}

fn times_x_to(a: u16, power: usize) -> u16 {
    (0..power).fold(a, |a, _| times_x(a))
}

/// Sum over i = 1.. of `x^i * w_i`: every single wrong word and every swap of two changes it.
fn check_word(data: &[u16]) -> u16 {
    data.iter().zip(1..).fold(0, |sum, (word, i)| sum ^ times_x_to(*word, i))
}

/// What may have gone wrong with words that do not fit. Only ever shown as a question, never applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Another number of words than this deployment uses.
    Count {
        /// Words that a code has.
        expected: usize,
        /// Words that were given.
        found: usize,
    },
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

/// Finds out what may be wrong with a mistyped code. `?` stands for a word that was not heard.
pub fn correct(text: &str, size: SpokenSize) -> Correction {
    let parts = parts(text);
    if !parts.is_empty() && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return Correction::Digits;
    }
    if parts.len() != size.words() {
        return Correction::Count { expected: size.words(), found: parts.len() };
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

    fn code(value: u64) -> SpokenCode {
        SpokenCode { value, size: SpokenSize::Five }
    }

    #[test]
    fn the_list_is_what_the_code_relies_on() {
        assert_eq!(WORDS.len(), 1_024);
        assert_eq!(SPELLINGS.len(), 2_048 - WORDS.iter().filter(|w| w.len() == 4).count(), "four letters are enough");
        assert!(WORDS.iter().all(|w| (4..=8).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn words_and_digits_are_read_with_spaces_hyphens_capitals_and_four_letters() {
        let original = code(0x12_3456_789a);
        let words = original.words();
        let four: Vec<&str> = words.split(' ').map(|w| &w[..4]).collect();
        for text in [words.clone(), words.replace(' ', "-"), words.to_uppercase(), four.join("  "), group_digits(&original.digits())] {
            assert_eq!(SpokenCode::parse(&text, SpokenSize::Five), Ok(original), "{text}");
        }
        for text in ["", "abacus", "abacus abacus abacus abacus abacuss", "12345", &words[1..], &format!("{words} abacus")] {
            assert_eq!(SpokenCode::parse(text, SpokenSize::Five), Err(Mistyped), "{text}");
        }
        assert_eq!(SpokenCode::parse(&words, SpokenSize::Six), Err(Mistyped));
    }

    #[test]
    fn one_unheard_word_is_supplied_and_one_typing_error_is_asked_about() {
        let original = code(0xab_cdef_0123);
        let words: Vec<String> = original.words().split(' ').map(str::to_owned).collect();
        for gap in 0..words.len() {
            let mut heard = words.clone();
            heard[gap] = "?".into();
            let supplied =
                Correction::Word { position: gap + 1, did_you_mean: vec![SPELLINGS.get_key_value(words[gap].as_str()).unwrap().0] };
            assert_eq!(correct(&heard.join(" "), SpokenSize::Five), supplied);
            heard[gap] = format!("{}q", words[gap]);
            assert_eq!(correct(&heard.join(" "), SpokenSize::Five), supplied);
        }
        assert_eq!(correct("abacus", SpokenSize::Five), Correction::Count { expected: 5, found: 1 });
        assert_eq!(correct("123 456", SpokenSize::Five), Correction::Digits);
    }

    #[test]
    fn distance_counts_a_swap_once() {
        assert_eq!(distance("voyage", "voyage"), 0);
        assert_eq!(distance("voayge", "voyage"), 1);
        assert_eq!(distance("vyage", "voyage"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
