//! The spoken code: five (six) words or fifteen (eighteen) digits, derived from a token's bytes.
//!
//! Derived, not assigned: anybody who gets a token back for a code can compute the code again, so a lying server
//! cannot answer with another token.

use std::{collections::HashMap, fmt, sync::LazyLock};

use sha2::{Digest as _, Sha256};

use super::{Token, typed};

/// Ten bits a word, unique in the first four letters, three spelling edits apart. See NOTICE for the sources.
pub(super) static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Every accepted spelling of a word: whole, and its first four letters.
pub(super) static SPELLINGS: LazyLock<HashMap<&'static str, u16>> =
    LazyLock::new(|| (0..).zip(WORDS.iter()).flat_map(|(index, word)| [(*word, index), (&word[..4], index)]).collect());

/// How long a code is. Both may be live at once, and both are read everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenSize {
    /// Five words: 40 bits.
    Five,
    /// Six words: 50 bits, for larger services, for codes prepared ahead, and while somebody guesses.
    Six,
}

impl SpokenSize {
    /// Shortest first.
    pub const ALL: [Self; 2] = [Self::Five, Self::Six];

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

    /// Decimal digits, the two check digits included.
    pub fn digits(self) -> usize {
        self.value_digits() + 2
    }

    /// Decimal digits of the value, before the two check digits.
    fn value_digits(self) -> usize {
        match self {
            Self::Five => 13,
            Self::Six => 16,
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

    /// Reads words or digits of either size, as people give them. Only what has one reading that fits is a code.
    pub fn parse(text: &str) -> Result<Self, Mistyped> {
        let pieces = typed::pieces(text);
        if let Some(digits) = typed::digits(&pieces) {
            return Self::from_digits(&digits);
        }
        match fitting(&pieces).as_slice() {
            [words] => Self::from_words(words),
            _ => Err(Mistyped),
        }
    }

    fn from_words(words: &[u16]) -> Result<Self, Mistyped> {
        let size = SpokenSize::ALL.into_iter().find(|size| size.words() == words.len()).ok_or(Mistyped)?;
        let data = &words[..size.data_words()];
        Ok(Self { value: data.iter().fold(0, |value, word| value << 10 | u64::from(*word)), size })
    }

    fn from_digits(digits: &str) -> Result<Self, Mistyped> {
        let size = SpokenSize::ALL.into_iter().find(|size| size.digits() == digits.len()).ok_or(Mistyped)?;
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

    /// How long it is.
    pub fn size(self) -> SpokenSize {
        self.size
    }

    /// The code of the same token in this size, which is no longer than this one: its leading bits.
    #[must_use]
    pub fn shortened(self, size: SpokenSize) -> Self {
        let size = if size.bits() < self.size.bits() { size } else { self.size };
        Self { value: self.value >> (self.size.bits() - size.bits()), size }
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

/// A code can be used by anybody who hears it, so Debug does not show it.
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

/// The readings of what was typed whose check word fits, each code once.
pub(super) fn fitting(pieces: &[String]) -> Vec<Vec<u16>> {
    let mut found: Vec<Vec<u16>> = vec![];
    for words in typed::ways(pieces) {
        let fits = words.split_last().is_some_and(|(check, data)| *check == check_word(data));
        if fits && !found.contains(&words) {
            found.push(words);
        }
    }
    found
}

fn check_digits(value: u64) -> u64 {
    98 - (100 * value) % 97
}

/// Multiplies by x in GF(2^10) with x^10 + x^3 + 1.
fn times_x(a: u16) -> u16 {
    let shifted = a << 1;
    if shifted & 0x400 == 0 { shifted } else { shifted ^ 0x409 }
}

pub(super) fn times_x_to(a: u16, power: usize) -> u16 {
    (0..power).fold(a, |a, _| times_x(a))
}

/// Sum over i = 1.. of `x^i * w_i`: every single wrong word and every swap of two changes it.
pub(super) fn check_word(data: &[u16]) -> u16 {
    data.iter().zip(1..).fold(0, |sum, (word, i)| sum ^ times_x_to(*word, i))
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
    fn the_five_word_code_of_a_token_is_the_beginning_of_its_six_word_code() {
        let token = Token::from_bytes([Token::BEGINNING.as_slice(), &[7]].concat()).unwrap();
        let (five, six) = (SpokenCode::of(&token, SpokenSize::Five), SpokenCode::of(&token, SpokenSize::Six));
        assert_eq!(six.shortened(SpokenSize::Five), five);
        assert_eq!((six.shortened(SpokenSize::Six), five.shortened(SpokenSize::Six)), (six, five));
        let data = |code: SpokenCode| code.words().split(' ').take(4).collect::<Vec<_>>().join(" ");
        assert_eq!(data(five), data(six));
    }

    #[test]
    fn words_and_digits_are_read_with_spaces_hyphens_capitals_and_four_letters() {
        let original = code(0x12_3456_789a);
        let words = original.words();
        let four: Vec<&str> = words.split(' ').map(|w| &w[..4]).collect();
        for text in [words.clone(), words.replace(' ', "-"), words.to_uppercase(), four.join("  "), group_digits(&original.digits())] {
            assert_eq!(SpokenCode::parse(&text), Ok(original), "{text}");
        }
        for text in ["", "abacus", "abacus abacus abacus abacus abacuss", "12345", &words[1..], &format!("{words} abacus")] {
            assert_eq!(SpokenCode::parse(text), Err(Mistyped), "{text}");
        }
    }
}
