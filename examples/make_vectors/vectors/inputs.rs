//! `inputs.json`: text that is typed, pasted or scanned, and the token's bytes in it.

use serde::Serialize;

use super::{
    Vectors, tokens,
    tokens::BEGINNING,
    world::{base64url, hex},
};

#[derive(Serialize)]
pub struct Vector {
    name: String,
    input: String,
    expect: Expect,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Expect {
    Token { token_hex: String },
    Refused(&'static str),
}

/// No token at all.
const MISTYPED: &str = "mistyped";
/// Begins like a token, by eight bytes at least, but is damaged.
const NOT_GENUINE: &str = "not_genuine";

pub fn file() -> Vectors<Vector> {
    let mut book = Book(vec![]);
    forms(&mut book);
    lengths(&mut book);
    text_defects(&mut book);
    digit_defects(&mut book);
    chunk_defects(&mut book);
    no_token(&mut book);
    Vectors { vectors: book.0 }
}

struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, input: &str, expect: Expect) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector { name: name.to_owned(), input: input.to_owned(), expect });
    }

    fn good(&mut self, name: &str, input: &str, token: &[u8]) {
        self.push(name, input, Expect::Token { token_hex: hex(token) });
    }

    fn refused(&mut self, name: &str, input: &str, expect: &'static str) {
        self.push(name, input, Expect::Refused(expect));
    }
}

/// Each 7 bytes, little-endian, to 17 digits; a last chunk to fewer.
pub(super) fn digits(bytes: &[u8]) -> String {
    let chunk = |chunk: &[u8]| {
        let value = chunk.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let width = [3, 5, 8, 10, 13, 15, 17][chunk.len() - 1];
        format!("{value:0width$}")
    };
    bytes.chunks(7).map(chunk).collect()
}

/// 112 bytes: 16 whole chunks of digits, and base64url with four tail bits.
pub(super) fn sample() -> Vec<u8> {
    let token = tokens::sample();
    assert_eq!(token.len(), 112);
    token
}

fn forms(book: &mut Book) {
    let token = sample();
    let (text, digits) = (base64url(&token), digits(&token));
    book.good("text", &text, &token);
    book.good("text with white space around it", &format!(" \t{text}\r\n"), &token);
    book.good("digits", &digits, &token);
    book.good("digits with white space around them", &format!("\n{digits} "), &token);
    for (name, prefix) in [
        ("link", "https://verify.example.org/#"),
        ("link to this machine", "http://localhost:8080/#"),
        ("link to another site", "https://verify.example.net/some/page?x=1#"),
        ("link in capitals", "HTTPS://VERIFY.EXAMPLE.ORG/#"),
        ("link without a scheme", "verify.example.org/#"),
        ("link of a scheme that runs code", "javascript:alert(1)#"),
        ("link with a user name", "https://verify.example.org@verify.example.net/#"),
        ("link after other words", "please open https://verify.example.org/#"),
        ("fragment alone", "#"),
    ] {
        book.good(name, &format!("{prefix}{digits}"), &token);
    }
    book.good("link with white space around it", &format!("  https://verify.example.org/#{digits}\n"), &token);
}

/// Whether such bytes make a token is not asked here; the forms must carry every length.
fn lengths(book: &mut Book) {
    let token = sample();
    for length in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 107, 108, 109, 110, 111] {
        let cut = &token[..length];
        for (form, input) in [("text", base64url(cut)), ("link", format!("#{}", digits(cut))), ("digits", digits(cut))] {
            let name = format!("{form} of {length} bytes");
            if length < BEGINNING.len() {
                book.refused(&name, &input, MISTYPED);
            } else {
                book.good(&name, &input, cut);
            }
        }
    }
    for place in 0..=BEGINNING.len() {
        let mut other = token.clone();
        other[place] ^= 1;
        let (name, input) = (format!("text with byte {place} wrong"), base64url(&other));
        if place < BEGINNING.len() {
            book.refused(&name, &input, MISTYPED);
            book.refused(&format!("{name}, padded"), &format!("{input}="), MISTYPED);
        } else {
            book.good(&name, &input, &other);
            book.refused(&format!("{name}, padded"), &format!("{input}="), NOT_GENUINE);
        }
    }
    let long = [token.as_slice(), &[0xff; 300]].concat();
    book.good("text of 412 bytes", &base64url(&long), &long);
    book.good("digits of 412 bytes", &digits(&long), &long);
    book.refused("text without the tag", &base64url(&token[1..]), MISTYPED);
    let outside = [&[0xd8, 0x3d], token.as_slice()].concat();
    book.refused("text with the CWT tag outside", &base64url(&outside), MISTYPED);
    book.refused("digits with the CWT tag outside", &digits(&outside), MISTYPED);
}

fn text_defects(book: &mut Book) {
    let token = sample();
    let text = base64url(&token);
    let refused = |book: &mut Book, name: &str, input: &str| book.refused(name, input, NOT_GENUINE);
    refused(book, "text with padding", &format!("{text}=="));
    refused(book, "text with one padding sign", &format!("{text}="));
    // 112 bytes leave one byte for the last two characters, so four of their bits must be zero.
    let (head, last) = text.split_at(text.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = alphabet.find(last).expect("base64url");
    for bit in [1, 2, 4, 8] {
        let next = &alphabet[value | bit..=value | bit];
        refused(book, &format!("text with tail bit {bit} set"), &format!("{head}{next}"));
    }
    // 110 bytes leave two for three characters: two bits.
    let two = base64url(&[&token[..109], &[0]].concat());
    refused(book, "text with a tail bit set, two bytes left", &format!("{}B", &two[..two.len() - 1]));
    refused(book, "text one character short of any length", &base64url(&token[..111])[..145]);
    let awkward = [&token[..12], &[0xff; 12], &token[24..]].concat();
    assert!(base64url(&awkward).contains('_'));
    refused(book, "text in the other alphabet, slash", &base64url(&awkward).replace('_', "/"));
    let awkward = [&token[..12], &[0xfb, 0xef, 0xbe], &token[15..]].concat();
    assert!(base64url(&awkward).contains("--"));
    refused(book, "text in the other alphabet, plus", &base64url(&awkward).replace('-', "+"));
    for (name, sign) in [
        ("space", " "),
        ("line feed", "\n"),
        ("hyphen too many", "\u{2010}"),
        ("point", "."),
        ("zero width space", "\u{200b}"),
        ("letter of another script", "а"),
    ] {
        refused(book, &format!("text with a {name} inside"), &format!("{}{sign}{}", &text[..40], &text[40..]));
    }
    refused(book, "text twice with a space", &format!("{text} {text}"));
    book.refused("text with a space after its first letter", &format!("{} {}", &text[..1], &text[1..]), MISTYPED);
    book.refused("text in quotes", &format!("\"{text}\""), MISTYPED);
    book.refused("text behind a hash", &format!("https://verify.example.org/#{text}"), MISTYPED);
    book.refused("text in capitals", &text.to_uppercase(), MISTYPED);
}

fn digit_defects(book: &mut Book) {
    let token = sample();
    let all = digits(&token);
    for (name, input, expect) in [
        ("digits with one missing at the end", all[..all.len() - 1].to_owned(), NOT_GENUINE),
        ("digits with one too many at the end", format!("{all}7"), NOT_GENUINE),
        ("link with a space inside its digits", format!("#{} {}", &all[..40], &all[40..]), NOT_GENUINE),
        ("link with a letter inside its digits", format!("#{}o{}", &all[..40], &all[41..]), NOT_GENUINE),
        ("link with a sign inside its digits", format!("#{}+{}", &all[..34], &all[35..]), NOT_GENUINE),
        ("link with a second hash behind", format!("https://verify.example.org/#{all}#"), NOT_GENUINE),
        ("link with a query behind its digits", format!("https://verify.example.org/#{all}?x"), NOT_GENUINE),
        ("link with a second hash before", format!("https://verify.example.org/#menu#{all}"), MISTYPED),
        ("link with a sign before its digits", format!("#+{}", &all[1..]), MISTYPED),
        ("link with an escaped digit", format!("#%3{all}"), MISTYPED),
        ("digits with spaces in groups", spaced(&all), MISTYPED),
        ("digits, 18 of them", all[..18].to_owned(), MISTYPED),
        ("digits, 21 of them", all[..21].to_owned(), MISTYPED),
        ("digits, 33 of them", all[..33].to_owned(), MISTYPED),
        ("digits, 35 of them", all[..35].to_owned(), NOT_GENUINE),
        ("digits, the second group of 17 too big", format!("{}{}{}", &all[..17], "9".repeat(17), &all[34..]), MISTYPED),
        ("digits, the third group of 17 too big", format!("{}{}{}", &all[..34], "9".repeat(17), &all[51..]), NOT_GENUINE),
        ("digits in Arabic script", all.chars().map(|c| char::from_u32(u32::from(c) - 0x30 + 0x660).unwrap_or(c)).collect(), MISTYPED),
        (
            "digits in full width behind a hash",
            format!("#{}", all.chars().map(|c| char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap_or(c)).collect::<String>()),
            MISTYPED,
        ),
        ("link with white space before its digits", format!("https://verify.example.org/# {all}"), MISTYPED),
    ] {
        book.refused(name, &input, expect);
    }
}

fn spaced(digits: &str) -> String {
    digits.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ")
}

fn chunk_defects(book: &mut Book) {
    let token = sample();
    let whole = format!("#{}", digits(&token[..14]));
    for (bytes, width, over) in
        [(1, 3, 256_u64), (2, 5, 1 << 16), (3, 8, 1 << 24), (4, 10, 1 << 32), (5, 13, 1 << 40), (6, 15, 1 << 48), (7, 17, 1 << 56)]
    {
        book.refused(&format!("chunk of {bytes} bytes one too big"), &format!("{whole}{over:0width$}"), NOT_GENUINE);
        book.refused(&format!("chunk of {bytes} bytes all nines"), &format!("{whole}{}", "9".repeat(width)), NOT_GENUINE);
        let most = [&token[..14], &vec![0xff; bytes]].concat();
        book.good(&format!("chunk of {bytes} bytes as big as can be"), &format!("{whole}{:0width$}", over - 1), &most);
    }
    for length in [1, 2, 4, 6, 7, 9, 11, 12, 14, 16] {
        book.refused(&format!("chunk of {length} digits"), &format!("{whole}{}", "0".repeat(length)), NOT_GENUINE);
    }
    book.refused("first chunk too big", &format!("#72057594037927936{}", digits(&token[..14])), MISTYPED);
    book.refused("first chunk of one digit", "#0", MISTYPED);
}

fn no_token(book: &mut Book) {
    for (name, input) in [
        ("empty", ""),
        ("white space", " \t\n"),
        ("a word", "hello"),
        ("a sentence", "Good morning, may I come in?"),
        ("a link without a fragment", "https://verify.example.org/"),
        ("a link with an empty fragment", "https://verify.example.org/#"),
        ("a link with a word as fragment", "https://verify.example.org/#menu"),
        ("a link with few digits", "https://verify.example.org/#1"),
        ("a hash", "#"),
        ("a few digits", "123"),
        ("a telephone number", "0441632960143"),
        ("a spoken code in digits", "123 456 789 012 345"),
        ("a JSON Web Token", "eyJhbGciOiJFZERTQSJ9.e30.AAAA"),
        ("base64url of noise", "kQzK1g9o2m7bYw"),
        ("a word typed with the shift key stuck", "hELLO"),
        ("two words typed with the shift key stuck", "hIGH street"),
        ("an order number", "0rder-123"),
        ("a link to an issue", "https://example.com/#210"),
        ("a link to a heading with a number", "https://example.com/page#34002"),
        ("a vaccination certificate", "HC1:NCFOXN%TS3DH3ZSUZK+.V0ETD%65NL-AH-R6IOOK.IR9B+9D/ZL1BAT"),
        ("a wireless network", "WIFI:T:WPA;S:0oRJogEyBEQ;P:hELLO210;;"),
        ("emoji", "\u{1f600}"),
        ("letters with accents", "é€ß"),
    ] {
        book.refused(name, input, MISTYPED);
    }
}
