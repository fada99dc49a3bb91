//! Spoken codes: every single wrong word, every swap of two, every wrong digit and every swap of neighbours is caught.

use std::thread;

use countersign::token::{InputError, SpokenCode, SpokenSize, Token, group_digits};

use crate::world::Numbers;

const WORDS: &str = include_str!("../../src/token/words.txt");
/// Codes of each size that are tried.
const CODES: usize = 10_000;
/// Of these, how many with all 1,023 wrong words in every place; the others with [`SAMPLED`] in every place.
const WHOLLY: usize = 40;
const SAMPLED: usize = 4;

const SIZES: [SpokenSize; 2] = [SpokenSize::Five, SpokenSize::Six];

fn codes(size: SpokenSize) -> impl Iterator<Item = SpokenCode> {
    let mut numbers = Numbers(size.words() as u64);
    let token = move || Token::from_bytes([Token::BEGINNING, numbers.next().to_le_bytes()].concat()).unwrap();
    std::iter::repeat_with(token).take(CODES).map(move |token| SpokenCode::of(&token, size))
}

fn caught(text: &str) {
    assert!(SpokenCode::parse(text).is_err(), "{text}");
}

fn both_sizes(test: fn(SpokenSize)) {
    let threads = SIZES.map(|size| thread::spawn(move || test(size)));
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn words_and_digits_are_read_back() {
    for size in SIZES {
        for code in codes(size) {
            for text in [code.words(), code.digits(), group_digits(&code.digits())] {
                assert_eq!(SpokenCode::parse(&text), Ok(code), "{text}");
                assert_eq!(Token::find(&text), Err(InputError::NoToken), "{text}");
            }
        }
    }
}

#[test]
fn every_single_wrong_word_is_caught() {
    both_sizes(|size| {
        let list: Vec<&str> = WORDS.lines().collect();
        let mut numbers = Numbers(1);
        for (n, code) in codes(size).enumerate() {
            let words = code.words();
            let words: Vec<&str> = words.split(' ').collect();
            for place in 0..words.len() {
                let mut wrong = words.clone();
                let mut try_word = |word: &'static str| {
                    if word != words[place] {
                        wrong[place] = word;
                        caught(&wrong.join(" "));
                    }
                };
                if n < WHOLLY {
                    for word in &list {
                        try_word(word);
                    }
                } else {
                    (0..SAMPLED).for_each(|_| try_word(list[numbers.below(list.len())]));
                }
            }
        }
    });
}

#[test]
fn every_swap_of_two_words_is_caught() {
    both_sizes(|size| {
        for code in codes(size) {
            let words = code.words();
            let words: Vec<&str> = words.split(' ').collect();
            for first in 0..words.len() {
                for second in (first + 1..words.len()).filter(|second| words[*second] != words[first]) {
                    let mut wrong = words.clone();
                    wrong.swap(first, second);
                    caught(&wrong.join(" "));
                }
            }
        }
    });
}

#[test]
fn every_single_wrong_digit_and_every_swap_of_neighbours_is_caught() {
    both_sizes(|size| {
        for code in codes(size) {
            let digits = code.digits();
            for place in 0..digits.len() {
                for digit in "0123456789".chars().filter(|digit| !digits[place..].starts_with(*digit)) {
                    caught(&format!("{}{digit}{}", &digits[..place], &digits[place + 1..]));
                }
            }
        }
        for code in codes(size) {
            let digits = code.digits();
            for place in 1..digits.len() {
                let mut wrong: Vec<char> = digits.chars().collect();
                wrong.swap(place - 1, place);
                if wrong[place] != wrong[place - 1] {
                    caught(&wrong.iter().collect::<String>());
                }
            }
        }
    });
}
