//! However a code is given, it is read as that code or not at all: never as another.

use countersign::token::{SpokenCode, SpokenSize, Token};

use crate::world::Numbers;

const WORDS: &str = include_str!("../../src/token/words.txt");
const CODES: usize = 3_000;

fn code(numbers: &mut Numbers) -> SpokenCode {
    let token = Token::from_bytes([Token::BEGINNING, numbers.next().to_le_bytes()].concat()).unwrap();
    SpokenCode::of(&token, SpokenSize::ALL[numbers.below(2)])
}

/// Counts the texts that are not read; one that is read as another code ends the test.
fn unread(code: SpokenCode, text: &str) -> usize {
    match SpokenCode::parse(text) {
        Ok(read) => {
            assert_eq!(read, code, "{text}");
            0
        }
        Err(_) => 1,
    }
}

/// Codes that hold every word of the list at every place, with that word split at every letter: hundreds of thousands.
#[test]
fn every_word_may_be_split_anywhere() {
    let list: Vec<&str> = WORDS.lines().collect();
    let mut numbers = Numbers(5);
    let (mut tried, mut refused, mut met) = (0, 0, std::collections::HashSet::new());
    for _ in 0..4 * CODES {
        let code = code(&mut numbers);
        let words = code.words();
        let words: Vec<&str> = words.split(' ').collect();
        let place = numbers.below(words.len());
        met.insert(words[place].to_owned());
        for at in 1..words[place].len() {
            let split = format!("{} {}", &words[place][..at], &words[place][at..]);
            let text = words.iter().enumerate().map(|(i, word)| if i == place { split.as_str() } else { word });
            tried += 1;
            refused += unread(code, &text.collect::<Vec<_>>().join(" "));
        }
    }
    assert_eq!(met.len(), list.len(), "words that were split");
    // Where both parts begin words of the list, a few in a million are six words as well: those are asked about.
    assert!(refused * 10_000 < tried, "{refused} of {tried}");
}

#[test]
fn a_code_is_read_however_it_is_given() {
    let mut numbers = Numbers(6);
    for _ in 0..CODES {
        let code = code(&mut numbers);
        let words = code.words();
        let given = words.split(' ').zip(1..).map(|(word, place)| {
            let word = match numbers.below(5) {
                0 => word[..4 + numbers.below(word.len() - 3)].to_owned(),
                1 => word.to_uppercase(),
                2 => word.chars().flat_map(|c| [c, ' ']).collect(),
                3 => format!("{}\u{ad}{}", &word[..2], &word[2..]),
                _ => word.to_owned(),
            };
            match numbers.below(5) {
                0 => format!("{place}. {word}"),
                1 => format!("and {word},"),
                2 => format!("\u{2022} \u{201c}{word}\u{201d}"),
                _ => word,
            }
        });
        let given = given.collect::<Vec<_>>().join([" ", "\n", " - "][numbers.below(3)]);
        assert_eq!(SpokenCode::parse(&given), Ok(code), "{given}");
        assert_eq!(SpokenCode::parse(&words.replace(' ', "")), Ok(code), "{words}");
        let zero = [0x30, 0x660, 0x6f0, 0x966, 0xa66, 0xff10][numbers.below(6)];
        let size = 1 + numbers.below(5);
        let digits = code.digits().replace('0', if zero == 0x30 { "O" } else { "0" });
        let digits: String = digits.chars().map(|c| c.to_digit(10).and_then(|d| char::from_u32(zero + d)).unwrap_or(c)).collect();
        let digits =
            digits.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect::<Vec<_>>().join(["-", ". "][numbers.below(2)]);
        assert_eq!(SpokenCode::parse(&digits), Ok(code), "{digits}");
    }
}

#[test]
fn with_one_word_wrong_no_way_of_giving_it_makes_it_another_code() {
    let list: Vec<&str> = WORDS.lines().collect();
    let mut numbers = Numbers(8);
    for _ in 0..CODES {
        let code = code(&mut numbers);
        let words = code.words();
        let words: Vec<&str> = words.split(' ').collect();
        let (place, other) = (numbers.below(words.len()), list[numbers.below(list.len())]);
        if other == words[place] {
            continue;
        }
        let mut wrong = words.clone();
        wrong[place] = other;
        for between in [" ", "", " and "] {
            assert!(SpokenCode::parse(&wrong.join(between)).is_err(), "{wrong:?}");
        }
    }
}
