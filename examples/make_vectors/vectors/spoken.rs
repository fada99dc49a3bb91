//! `spoken.json`: words and digits, and the code in them.

use serde::Serialize;

use super::Vectors;

const WORDS: &str = include_str!("../../../src/token/words.txt");

#[derive(Serialize)]
pub struct Vector {
    name: String,
    input: String,
    spoken_words: u32,
    expect: Expect,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Expect {
    Code { code: String },
    Mistyped(&'static str),
}

pub fn file() -> Vectors<Vector> {
    let mut book = Book(vec![]);
    for size in [5, 6] {
        for (name, value) in values(size) {
            book.good(&format!("{size} words, {name}"), &words(value, size).join(" "), size, value);
            book.good(&format!("{size} words in digits, {name}"), &digits(value, size), size, value);
        }
        spellings(&mut book, size);
        wrong_words(&mut book, size);
        not_words(&mut book, size);
        wrong_digits(&mut book, size);
    }
    Vectors { vectors: book.0 }
}

struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, input: &str, spoken_words: u32, expect: Expect) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector { name: name.to_owned(), input: input.to_owned(), spoken_words, expect });
    }

    fn good(&mut self, name: &str, input: &str, size: u32, value: u64) {
        self.push(name, input, size, Expect::Code { code: format!("{value:x}") });
    }

    fn mistyped(&mut self, name: &str, input: &str, size: u32) {
        self.push(&format!("{size} words: {name}"), input, size, Expect::Mistyped("mistyped"));
    }
}

fn bits(size: u32) -> u32 {
    10 * (size - 1)
}

pub(super) fn word(index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| WORDS.lines().nth(index)).expect("1,024 words")
}

/// a * x in GF(2)[x] modulo x^10 + x^3 + 1.
fn times_x(a: u64) -> u64 {
    let doubled = a << 1;
    if doubled >= 1 << 10 { doubled ^ 0b100_0000_1001 } else { doubled }
}

/// Indices of the data words and the check word, by Horner's rule from the last word.
fn indices(value: u64, size: u32) -> Vec<u64> {
    let mut indices: Vec<u64> = (1..size).map(|i| value >> (10 * (size - 1 - i)) & 0x3ff).collect();
    indices.push(indices.iter().rev().fold(0, |sum, index| times_x(sum ^ index)));
    indices
}

pub(super) fn words(value: u64, size: u32) -> Vec<&'static str> {
    indices(value, size).into_iter().map(word).collect()
}

fn check(value: u64) -> u64 {
    98 - value * 100 % 97
}

fn width(size: u32) -> usize {
    if size == 5 { 13 } else { 16 }
}

pub(super) fn digits(value: u64, size: u32) -> String {
    format!("{value:0width$}{:02}", check(value), width = width(size))
}

pub(super) fn grouped(digits: &str, by: &str) -> String {
    let groups: Vec<String> = digits.chars().collect::<Vec<_>>().chunks(3).map(String::from_iter).collect();
    groups.join(by)
}

pub(super) fn sample(size: u32) -> u64 {
    0x2_3a5c_e917_4db8 & ((1 << bits(size)) - 1)
}

fn values(size: u32) -> Vec<(String, u64)> {
    let largest = (1 << bits(size)) - 1;
    let mut values = vec![
        ("zero".to_owned(), 0),
        ("one".into(), 1),
        ("largest".into(), largest),
        ("first word only".into(), largest ^ (largest >> 10)),
        ("alternating bits".into(), 0xa_aaaa_aaaa_aaaa & largest),
        ("sample".into(), sample(size)),
    ];
    // Values whose check digits are the smallest and the largest that can be.
    for remainder in [2, 98] {
        let value = (1_000..1_097).find(|value| check(*value) == remainder).expect("within 97 steps");
        values.push((format!("check digits {remainder:02}"), value));
    }
    values
}

fn spellings(book: &mut Book, size: u32) {
    let value = sample(size);
    let (words, digits) = (words(value, size), digits(value, size));
    let four: Vec<&str> = words.iter().map(|word| &word[..4]).collect();
    let longest = *words.iter().max_by_key(|word| word.len()).expect("words");
    let mixed: Vec<&str> = words.iter().enumerate().map(|(i, word)| if i % 2 == 0 { &word[..4] } else { *word }).collect();
    for (name, input) in [
        ("in capitals", words.join(" ").to_uppercase()),
        ("with hyphens", words.join("-")),
        ("with spaces and hyphens", words.join(" - ")),
        ("with tabs and lines", format!("\n{}\t", words.join("\t\n"))),
        ("with no-break spaces", words.join("\u{a0}")),
        ("with ideographic spaces", words.join("\u{3000}")),
        ("by four letters", four.join(" ")),
        ("by four letters in capitals", four.join(" ").to_uppercase()),
        ("some by four letters", mixed.join(" ")),
        ("with a word cut to one letter less", words.join(" ").replace(longest, &longest[..longest.len() - 1])),
        ("without spaces", words.concat()),
        ("with commas", words.join(", ")),
        ("with a full stop", format!("{}.", words.join(" "))),
        ("with dashes", words.join("\u{2013}")),
        ("with a space of no width", words.join(" ").replacen(' ', " \u{200b}", 1)),
        ("digits in groups", grouped(&digits, " ")),
        ("digits with hyphens", grouped(&digits, "-")),
        ("digits with spaces around", format!("  {digits}\n")),
        ("digits with points", grouped(&digits, ".")),
        ("digits in full width", full_width(&digits)),
    ] {
        book.good(&format!("{size} words, sample {name}"), &input, size, value);
    }
}

fn wrong_words(book: &mut Book, size: u32) {
    let right = indices(sample(size), size);
    let spoken = |indices: &[u64]| indices.iter().map(|index| word(*index)).collect::<Vec<_>>().join(" ");
    for place in 0..right.len() {
        for (kind, other) in [("next", right[place] ^ 1), ("far", right[place] ^ 0x200)] {
            let mut wrong = right.clone();
            wrong[place] = other;
            book.mistyped(&format!("word {} another, {kind}", place + 1), &spoken(&wrong), size);
        }
        for later in place + 1..right.len() {
            let mut wrong = right.clone();
            wrong.swap(place, later);
            book.mistyped(&format!("words {} and {} swapped", place + 1, later + 1), &spoken(&wrong), size);
        }
    }
    let mut turned = right.clone();
    turned.rotate_left(1);
    book.mistyped("first word last", &spoken(&turned), size);
    turned.clone_from(&right);
    turned.reverse();
    book.mistyped("in reverse", &spoken(&turned), size);
    book.mistyped("one too few", &spoken(&right[1..]), size);
    book.mistyped("without the check word", &spoken(&right[..right.len() - 1]), size);
    book.mistyped("one too many", &format!("{} {}", spoken(&right), word(0)), size);
    book.mistyped("code of the other size", &words(sample(11 - size), 11 - size).join(" "), size);
}

fn not_words(book: &mut Book, size: u32) {
    let right = words(sample(size), size);
    let with_first = |first: &str| [&[first], &right[1..]].concat().join(" ");
    for (name, input) in [
        ("empty", String::new()),
        ("only spaces and hyphens", " - - ".into()),
        ("first word by three letters", with_first(&right[0][..3])),
        ("first word with an ending", with_first(&format!("{}s", right[0]))),
        ("first word with an accent", with_first(&right[0].replacen(['a', 'e', 'i', 'o', 'u'], "\u{e9}", 1))),
        ("first word in full width", with_first(&full_width(right[0]))),
        ("first word unheard", with_first("?")),
        ("a digit among them", with_first("7")),
    ] {
        book.mistyped(name, &input, size);
    }
    // The Kelvin sign becomes a k where lower case is taken by the rules of Unicode.
    let kelvin = (0..1 << 10).map(|low| words(low, size)).find(|words| words.iter().any(|word| word.contains('k'))).expect("a word with k");
    book.mistyped("Kelvin sign for a k", &kelvin.join(" ").replacen('k', "\u{212a}", 1), size);
}

fn full_width(text: &str) -> String {
    text.chars().filter_map(|c| char::from_u32(u32::from(c) - 0x21 + 0xff01)).collect()
}

fn wrong_digits(book: &mut Book, size: u32) {
    let (value, right) = (sample(size), digits(sample(size), size));
    for place in 0..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
        book.mistyped(&format!("digit {} one more", place + 1), &String::from_utf8_lossy(&wrong), size);
    }
    for place in 1..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong.swap(place - 1, place);
        if wrong != right.as_bytes() {
            book.mistyped(&format!("digits {place} and {} swapped", place + 1), &String::from_utf8_lossy(&wrong), size);
        }
    }
    let over = 1 << bits(size);
    let small = values(size).into_iter().find(|(name, _)| name == "check digits 98").map_or(0, |(_, value)| value);
    for (name, input) in [
        ("digits of 2 to the bits of a code", format!("{over:0width$}{:02}", check(over), width = width(size))),
        ("digits all nines", "9".repeat(width(size) + 2)),
        ("check digits 01 in place of 98", format!("{small:0width$}01", width = width(size))),
        ("digits, one too few", right[1..].to_owned()),
        ("digits, one too many", format!("0{right}")),
        ("digits without check digits", right[..width(size)].to_owned()),
        ("digits of the other size", digits(value & 0xffff, 11 - size)),
        ("digits with a sign", format!("+{}", &right[1..])),
        ("digits in hexadecimal", format!("{value:x}")),
    ] {
        book.mistyped(name, &input, size);
    }
}
