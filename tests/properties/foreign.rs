//! Other people's words, numbers and codes are never called a forgery: none of a million begins like a token.

use std::thread;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign::token::{InputError, Token};

use crate::world::{Numbers, World};

const TEXTS: usize = 1_000_000;

const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE45: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DIGITS: &str = "0123456789";

/// How other signed objects begin: `COSE_Sign1` with ES256, PS256, `EdDSA` or another layout, untagged, as a CWT, `COSE_Mac0`.
const COSE: [&[u8]; 8] = [
    &[0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26],
    &[0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38, 0x24],
    &[0xd2, 0x84, 0x49, 0xa2, 0x01, 0x27, 0x04, 0x44],
    &[0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x32, 0x04, 0x48],
    &[0xd2, 0x84, 0x4e, 0xa3],
    &[0x84, 0x49, 0xa2, 0x01, 0x32, 0x04, 0x44],
    &[0xd8, 0x3d, 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26],
    &[0xd1, 0x84, 0x43, 0xa1, 0x01, 0x05],
];

fn of(alphabet: &str, length: usize, numbers: &mut Numbers) -> String {
    let signs = alphabet.as_bytes();
    (0..length).map(|_| char::from(signs[numbers.below(signs.len())])).collect()
}

/// A signed object of somebody else's, as it is written in text.
fn signed(numbers: &mut Numbers) -> String {
    let mut bytes = COSE[numbers.below(COSE.len())].to_vec();
    bytes.extend((0..numbers.below(30)).map(|_| numbers.byte()));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn foreign(numbers: &mut Numbers) -> String {
    let (length, digits) = (1 + numbers.below(16), 1 + numbers.below(40));
    let word = of(BASE64URL, length, numbers);
    let number = of(DIGITS, digits, numbers);
    match numbers.below(16) {
        0 => word,
        1 => format!("{word} {}", of(BASE64URL, digits % 12, numbers)),
        2 => number,
        3 => format!("https://example.com/{word}#{number}"),
        4 => format!("https://example.com/#{word}"),
        5 => format!("see #{length} and #{number}, {word}"),
        6 => signed(numbers),
        7 => format!("https://example.com/#{}", signed(numbers)),
        8 => format!("HC1:{}", of(BASE45, 40 + digits, numbers)),
        9 => format!("WIFI:T:WPA;S:{word};P:{number};;"),
        10 => format!("BEGIN:VCARD\nVERSION:3.0\nN:{word}\nTEL:+{number}\nEND:VCARD"),
        11 => format!("BCD\n002\n1\nSCT\n{word}\n{word}\nDE{number}\nEUR{length}.00\n\n\n{number}"),
        12 => format!("tel:+{number}"),
        13 => format!("mailto:{word}@example.com?subject={word}"),
        14 => format!("otpauth://totp/{word}?secret={word}"),
        // Groups of digits, as account numbers and spoken codes are written.
        _ => number.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn no_text_of_somebody_else_is_called_a_forgery() {
    let threads = (0..2).map(|seed| {
        thread::spawn(move || {
            let mut numbers = Numbers(seed << 32);
            for _ in 0..TEXTS / 2 {
                let text = foreign(&mut numbers);
                // It looks at the text as it is, as the scanner does, before it looks into it.
                assert_eq!(Token::find(&text), Err(InputError::NoToken), "{text}");
            }
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_token_with_one_character_wrong_behind_its_beginning_is_never_taken_for_no_token() {
    let mut numbers = Numbers(7);
    for token in World::new().samples() {
        let token = Token::from_bytes(token).unwrap();
        // The beginning takes 11 characters, or two groups of 17 digits, of which a damaged form must show whole bytes.
        for (form, from) in [(token.text(), 12), (format!("#{}", token.digits()), 35)] {
            for place in from..form.len() {
                for wrong in [char::from(DIGITS.as_bytes()[numbers.below(10)]), 'l', '!', ' ', 'é'] {
                    let damaged = format!("{}{wrong}{}", &form[..place], &form[place + 1..]);
                    assert_ne!(Token::parse(&damaged), Err(InputError::NoToken), "{damaged}");
                    assert_ne!(Token::find(&damaged), Err(InputError::NoToken), "{damaged}");
                }
            }
        }
    }
}
