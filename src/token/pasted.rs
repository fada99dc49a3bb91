//! A token in what a person pasted. Mail programs change what stands before a token and break its lines, but the digits or letters
//! that every token begins with they leave as they are.

use super::{InputError, Token, Unverified};

/// Whether a character can be part of a token.
type Belongs = fn(char) -> bool;

/// How every token begins, in digits and in text.
const BEGINNINGS: [(&str, Belongs); 2] =
    [("01180882505925842", |c| c.is_ascii_digit()), ("0oRJogEyBE", |c| c.is_ascii_alphanumeric() || c == '-' || c == '_')];

/// More digits or characters than any token has.
const LONGEST: usize = 1_000;

/// What stands in the middle of a broken line: white space, signs of no width, `=` at its end, and `>` where it was quoted.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '=' | '>' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// All that begins like a token in a text, with all that may belong to it; its lines are parted by spaces.
pub(super) fn candidates(text: &str) -> impl Iterator<Item = String> {
    BEGINNINGS.into_iter().flat_map(|(beginning, belongs)| {
        let mut found = vec![];
        let mut at = 0;
        while let Some(start) = text[at..].find(beginning.chars().next().unwrap_or_default()) {
            at += start;
            if begins(&text[at..], beginning) {
                let (candidate, length) = take(&text[at..], beginning, belongs);
                found.push(candidate);
                at += length;
            } else {
                // The sign that was found is one byte.
                at += 1;
            }
        }
        found
    })
}

/// Whether a text begins so, gaps apart.
fn begins(text: &str, beginning: &str) -> bool {
    let mut left = beginning.chars();
    let mut next = left.next();
    for c in text.chars() {
        match next {
            None => return true,
            Some(wanted) if wanted == c => next = left.next(),
            Some(_) if is_gap(c) => {}
            Some(_) => return false,
        }
    }
    next.is_none()
}

/// Takes all that may belong to a token, until another begins. Also how long it is in the text.
fn take(text: &str, beginning: &str, belongs: fn(char) -> bool) -> (String, usize) {
    let (mut taken, mut signs) = (String::new(), 0);
    for (at, c) in text.char_indices() {
        let another = signs >= beginning.len() && belongs(c) && begins(&text[at..], beginning);
        if another || signs > LONGEST || !(belongs(c) || is_gap(c)) {
            return (taken, at);
        }
        signs += usize::from(belongs(c));
        taken.push(if belongs(c) { c } else { ' ' });
    }
    (taken, text.len())
}

/// Reads a token from the first of its lines, or as many as make it whole: what follows may be digits or words of their own.
pub(super) fn read_broken(lines: &str) -> Result<Token, InputError> {
    let mut best = Err(InputError::NoToken);
    let mut joined = String::new();
    for line in lines.split(' ').filter(|line| !line.is_empty()) {
        joined += line;
        match Token::parse(&joined) {
            Ok(token) if is_whole(&token) => return Ok(token),
            Err(InputError::NoToken) => {}
            other => best = other,
        }
    }
    best
}

/// Whether a token has all its parts; its signature is not looked at.
pub(super) fn is_whole(token: &Token) -> bool {
    Unverified::decode(token).is_ok()
}
