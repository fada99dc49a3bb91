//! `readings.json`: what a person types or pastes, and what it comes to: a token, a code, or one thing that is wrong.

use serde::Serialize;

use super::{
    Vectors,
    inputs::{self, sample},
    spoken::{digits, grouped, words},
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
    Code { code: String },
    Words { did_you_mean: String, changed: Vec<usize> },
    Place { problem: &'static str, position: usize },
    Count { problem: &'static str, count: usize },
    Problem { problem: &'static str },
}

/// The script of the digits and its zero.
pub const SCRIPTS: [(&str, u32); 12] = [
    ("Arabic-Indic digits", 0x660),
    ("Extended Arabic-Indic digits", 0x6f0),
    ("Devanagari digits", 0x966),
    ("Bengali digits", 0x9e6),
    ("Gurmukhi digits", 0xa66),
    ("Tamil digits", 0xbe6),
    ("Thai digits", 0xe50),
    ("Myanmar Shan digits", 0x1090),
    ("Tai Tham Tham digits", 0x1a90),
    ("Full width digits", 0xff10),
    ("Adlam digits", 0x1_e950),
    ("Mathematical bold digits", 0x1_d7ce),
];

/// A text with its digits in another script.
pub fn in_script(text: &str, zero: u32) -> String {
    let moved = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(zero + digit)).unwrap_or(c);
    text.chars().map(moved).collect()
}

pub fn file() -> Vectors<Vector> {
    let mut book = Book(vec![]);
    spoken_words(&mut book);
    split_words(&mut book);
    spoken_digits(&mut book);
    wrong_words(&mut book);
    wrong_digits(&mut book);
    links(&mut book);
    no_code(&mut book);
    Vectors { vectors: book.0 }
}

struct Book(Vec<Vector>);

impl Book {
    fn push(&mut self, name: &str, input: &str, expect: Expect) {
        assert!(self.0.iter().all(|v| v.name != name), "two vectors named {name}");
        self.0.push(Vector { name: name.to_owned(), input: input.to_owned(), expect });
    }

    fn code(&mut self, name: &str, input: &str, value: u64) {
        self.push(name, input, Expect::Code { code: format!("{value:x}") });
    }

    fn token(&mut self, name: &str, input: &str) {
        self.push(name, input, Expect::Token { token_hex: hex(&sample()) });
    }

    fn count(&mut self, name: &str, input: &str, problem: &'static str, count: usize) {
        self.push(name, input, Expect::Count { problem, count });
    }

    fn problem(&mut self, name: &str, input: &str, problem: &'static str) {
        self.push(name, input, Expect::Problem { problem });
    }
}

const FIVE: u64 = 0x80_62c3_9a4d;
const SIX: u64 = 0x2_018b_0e69_3571;

/// The words of a code, each written by a rule that also knows its place, from 1.
fn written(value: u64, size: u32, between: &str, rule: impl Fn(usize, &str) -> String) -> String {
    words(value, size).iter().zip(1..).map(|(word, place)| rule(place, word)).collect::<Vec<_>>().join(between)
}

fn spoken_words(book: &mut Book) {
    let ordinals = ["", "first", "second", "third", "fourth", "fifth", "sixth"];
    let numbers = ["", "one", "two", "three", "four", "five", "six"];
    for (size, value) in [(5, FIVE), (6, SIX)] {
        let mut good = |name: &str, between: &str, rule: &dyn Fn(usize, &str) -> String| {
            book.code(&format!("{size} words, {name}"), &written(value, size, between, rule), value);
        };
        let plain = |_: usize, word: &str| word.to_owned();
        good("numbered with full stops", " ", &|place, word| format!("{place}. {word}"));
        good("numbered with brackets, on lines", "\n", &|place, word| format!("{place}) {word}"));
        good("numbered in brackets", ", ", &|place, word| format!("({place}) {word}"));
        good("numbered without a space", " ", &|place, word| format!("{place}.{word}"));
        good("numbered with a sign", "; ", &|place, word| format!("#{place}: {word}"));
        good("numbered by keycaps", "\n", &|place, word| format!("{place}\u{fe0f}\u{20e3} {word}"));
        good("numbered in Arabic script", " ", &|place, word| in_script(&format!("{place}. {word}"), 0x660));
        good("counted", ", ", &|place, word| format!("{} {word}", ordinals[place]));
        good("counted at length", ". ", &|place, word| format!("the {} word is {word}", ordinals[place]));
        good("counted by numbers", " ", &|place, word| format!("Number {}: {word}", numbers[place]));
        good("counted by 1st", " ", &|place, word| format!("{place}{} {word}", ["st", "nd", "rd", "th", "th", "th"][place - 1]));
        good("numbered in part", " ", &|place, word| if place < 3 { format!("{place} {word}") } else { word.into() });
        good("with bullets", "\n", &|_, word| format!("\u{2022} {word}"));
        good("with stars, on Windows lines", "\r\n", &|_, word| format!("* {word}"));
        good("with emoji", " ", &|_, word| format!("\u{1f449} {word}"));
        good("in quotes", ", ", &|_, word| format!("\u{201c}{word}\u{201d}"));
        good("in other quotes", " ", &|_, word| format!("\u{ab}{word}\u{bb}"));
        good("with apostrophes", " ", &|_, word| format!("'{word}'"));
        good("with words before each", ", ", &|_, word| format!("my next word is {word}"));
        good("with and between", " and ", &plain);
        good("with and then between", ", and then ", &plain);
        good("with commas and no spaces", ",", &plain);
        good("with Arabic commas", "\u{60c} ", &plain);
        good("with ellipses", "\u{2026} ", &plain);
        good("with slashes", " / ", &plain);
        good("with question marks behind", "? ", &plain);
        good("with brackets around", " ", &|_, word| format!("[{word}]"));
        good("as sentences", ". ", &|_, word| word[..1].to_uppercase() + &word[1..]);
        good("run together", "", &plain);
        good("run together with capitals", "", &|_, word| word[..1].to_uppercase() + &word[1..]);
        good("spelled out", " ", &|_, word| word.chars().flat_map(|c| [c, ' ']).collect());
        good("spelled out with hyphens", ", ", &|_, word| word.chars().map(String::from).collect::<Vec<_>>().join("-"));
        good("with soft hyphens", " ", &|_, word| format!("{}\u{ad}{}", &word[..3], &word[3..]));
        good("by five letters at most", " ", &|_, word| word[..word.len().min(5)].to_owned());
    }
}

/// Every word of the list once, split at every place, among words that are whole.
fn split_words(book: &mut Book) {
    for (name, place, low) in [("lifeboat", 2, 0), ("freehand", 1, 1), ("canister", 4, 3), ("volcano", 5, 2)] {
        let Some(value) = value_with(name, place, low) else { continue };
        let whole = words(value, 5);
        for at in 1..name.len() {
            let split = format!("{} {}", &name[..at], &name[at..]);
            book.code(&format!("{name}, split after {at}"), &whole.join(" ").replace(name, &split), value);
        }
    }
}

/// A code of five words with this one at a place from 1; the check word is left to chance.
fn value_with(wanted: &str, place: usize, low: u64) -> Option<u64> {
    let at = |value: u64| words(value, 5).get(place - 1).is_some_and(|word| *word == wanted);
    if place == 5 {
        return (0..20_000).map(|n| n * 7_919 + low).find(|value| at(*value));
    }
    (0..1_024).map(|word| FIVE & !(0x3ff << (40 - 10 * place)) | word << (40 - 10 * place)).find(|value| at(*value))
}

fn spoken_digits(book: &mut Book) {
    let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    for (size, value) in [(5, FIVE), (6, SIX)] {
        let right = digits(value, size);
        let mut good = |name: &str, input: String| book.code(&format!("{size} words in digits, {name}"), &input, value);
        good("in pairs", right.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect::<Vec<_>>().join(" "));
        good("with commas", grouped(&right, ", "));
        good("with points", grouped(&right, "."));
        good("on lines", grouped(&right, "\n"));
        good("one by one", right.chars().flat_map(|c| [c, ' ']).collect());
        good("in brackets and quotes", format!("\u{201c}({})\u{201d}", grouped(&right, ") (")));
        good("with the letter O", right.replace('0', "O"));
        good("with words before", format!("The code is: {}", grouped(&right, " ")));
        good("with words before and between", format!("Your number {}", grouped(&right, ", then ")));
        good("with small letters", right.replace('0', "o").replace('1', "l"));
        good("with the letter I", grouped(&right.replace('1', "I"), " "));
        let said = |c: char| names[usize::try_from(c.to_digit(10).unwrap_or(0)).unwrap_or(0)];
        good("said", right.chars().map(said).collect::<Vec<_>>().join(" "));
        good("said, with oh", right.chars().map(|c| if c == '0' { "oh" } else { said(c) }).collect::<Vec<_>>().join(", "));
        for (script, zero) in SCRIPTS {
            good(&format!("in {script}"), in_script(&grouped(&right, " "), zero));
        }
    }
}

fn wrong_words(book: &mut Book) {
    for (size, value) in [(5, FIVE), (6, SIX)] {
        let right = words(value, size);
        let ask = |book: &mut Book, name: &str, input: String, changed: Vec<usize>| {
            let words = Expect::Words { did_you_mean: right.join(" "), changed };
            book.push(&format!("{size} words, {name}"), &input, words);
        };
        for place in 1..=right.len() {
            let with = |other: &str| written(value, size, " ", |at, word| if at == place { other.into() } else { word.into() });
            ask(book, &format!("word {place} not heard"), with("?"), vec![place - 1]);
            ask(book, &format!("word {place} a plural"), with(&format!("{}s", right[place - 1])), vec![place - 1]);
            ask(book, &format!("word {place} with a letter too many"), with(&format!("x{}", right[place - 1])), vec![place - 1]);
            ask(
                book,
                &format!("word {place} another, numbered"),
                written(value, size, " ", |at, word| format!("{at}. {}", if at == place { "qqqq" } else { word })),
                vec![place - 1],
            );
            let later = place % right.len() + 1;
            let two = |first: &str, second: &str| {
                written(value, size, " ", |at, word| {
                    if at == place {
                        first.into()
                    } else if at == later {
                        second.into()
                    } else {
                        word.into()
                    }
                })
            };
            let wrong = |problem, position| Expect::Place { problem, position };
            let name = |what: &str| format!("{size} words, {what} at {place} and {later}");
            let first = place.min(later) - 1;
            book.push(&name("two wrong"), &two("qqqq", "zzzz"), wrong("wrong_word", first));
            book.push(&name("two not heard"), &two("?", "?"), wrong("two_unheard", place.max(later) - 1));
        }
        let near = written(value ^ 1, size, " ", |at, word| if at == 2 { format!("{word}s") } else { word.into() });
        let far = near.rsplit_once(' ').map_or("", |(data, _)| data).to_owned() + " " + right[right.len() - 1];
        book.push(
            &format!("{size} words, a plural among words that do not fit"),
            &far,
            Expect::Place { problem: "wrong_word", position: 1 },
        );
        let mut swapped = right.clone();
        swapped.swap(0, 2);
        ask(book, "first and third swapped", swapped.join(" "), vec![0, 2]);
    }
    let right = words(FIVE, 5);
    for count in [1, 2, 3, 4] {
        book.count(&format!("{count} of 5 words"), &right[..count].join(" "), "wrong_count", count);
    }
    book.count("3 words and one that is none of ours", &format!("{} qqqq", right[..3].join(" ")), "wrong_count", 4);
    book.count("7 words", &[right.as_slice(), &right[..2]].concat().join(" "), "wrong_count", 7);
    book.count("5 words twice", &[right.as_slice(), &right].concat().join("\n"), "wrong_count", 10);
    book.count("80 words", &vec![right[0]; 80].join(" "), "wrong_count", 80);
    book.problem("words that do not fit", "abacus zodiac abacus zodiac abacus", "wrong_check");
}

fn wrong_digits(book: &mut Book) {
    let right = digits(FIVE, 5);
    for (count, input) in [
        (1, "7".to_owned()),
        (6, "417 092".into()),
        (14, right[1..].into()),
        (16, format!("0{right}")),
        (17, format!("00{right}")),
        (19, format!("0000{right}")),
        (30, right.repeat(2)),
    ] {
        book.count(&format!("{count} digits"), &input, "wrong_digits", count);
    }
    for place in 0..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
        book.count(&format!("digit {} wrong", place + 1), &String::from_utf8_lossy(&wrong), "wrong_digits", 15);
    }
}

fn links(book: &mut Book) {
    let token = sample();
    let (text, digits) = (base64url(&token), inputs::digits(&token));
    let broken = |whole: &str, at: usize, by: &str| {
        whole.as_bytes().chunks(at).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join(by)
    };
    let quoted = format!("<a href=3D\"https://verify.example.org/=\r\n#{}\">Check it</a>", broken(&digits, 70, "=\r\n"));
    for (name, input) in [
        (
            "Outlook Safe Links",
            format!(
                "https://gbr01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fverify.example.org%2F%23{digits}&data=05%7C02%7Canna%40example.com%7C1a2b3c&sdata=AbC%3D&reserved=0"
            ),
        ),
        (
            "Proofpoint, first form",
            format!("https://urldefense.proofpoint.com/v1/url?u=https://verify.example.org/%23{digits}&k=AAA%3D%0A&r=12"),
        ),
        (
            "Proofpoint, second form",
            format!("https://urldefense.proofpoint.com/v2/url?u=https-3A__verify.example.org_-23{digits}&d=DwMFaQ&c=1234&r=5678"),
        ),
        ("Proofpoint, third form", format!("https://urldefense.com/v3/__https://verify.example.org/*{digits}__;Iw!!N0t5ag!AbCd$ ")),
        ("Barracuda", format!("https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fverify.example.org%2f%23{digits}&c=E,1,AbC&typo=1")),
        (
            "Google",
            format!("https://www.google.com/url?q=https://verify.example.org/%23{digits}&sa=D&source=editors&ust=1700000000000000&usg=AOv"),
        ),
        (
            "a redirect, its link escaped twice",
            format!("https://click.example.com/?u=https%253A%252F%252Fverify.example.org%252F%2523{digits}&h=1"),
        ),
        ("a redirect, the fragment behind", format!("https://click.example.com/?u=https%3A%2F%2Fverify.example.org%2F&h=99#{digits}")),
        ("entities of HTML", format!("&lt;https://verify.example.org/&#35;{digits}&gt;")),
        ("an entity in hexadecimal", format!("https:&#x2F;&#x2F;verify.example.org/&#x23;{digits}&amp;x")),
        ("quoted-printable", quoted),
        ("quoted-printable, the hash escaped", format!("https://verify.example.org/=23{}", broken(&digits, 50, "=\n"))),
        (
            "lines that a reply quotes",
            format!("> Their code:\n> https://verify.example.org/#{}\n> 2026-11-30 10:00", broken(&digits, 40, "\n> ")),
        ),
        ("lines, with a number below", format!("{}\n417092", broken(&digits, 60, "\r\n"))),
        ("angle brackets", format!("<https://verify.example.org/#{digits}>.")),
        ("Markdown", format!("[check](https://verify.example.org/#{digits})!")),
        ("a full stop behind", format!("https://verify.example.org/#{digits}.")),
        ("a hash behind", format!("https://verify.example.org/#{digits}#")),
        ("parameters behind", format!("https://verify.example.org/#{digits}&utm_source=mail")),
        ("a text fragment behind", format!("https://verify.example.org/#{digits}:~:text=code")),
        ("signs of no width", broken(&digits, 30, "\u{200b}")),
        ("digits in groups", broken(&digits, 3, " ")),
        ("text in quotes", format!("\u{201c}{text}\u{201d}")),
        ("text behind a hash", format!("https://verify.example.org/#{text}")),
        ("text with words around", format!("the code: {text} thank you")),
        ("text on lines", broken(&text, 40, "\n")),
        ("text, quoted-printable", broken(&text, 60, "=\r\n")),
        ("the same link twice", format!("<a href=\"https://verify.example.org/#{digits}\">https://verify.example.org/#{digits}</a>")),
    ] {
        book.token(&format!("link: {name}"), &input);
    }
    let mut other = sample();
    other[60] ^= 1;
    let both = format!("https://verify.example.org/#{digits}\nhttps://verify.example.org/#{}", inputs::digits(&other));
    book.problem("link: two codes", &both, "several");
    book.problem("link: two codes with a space between", &format!("{text} {}", base64url(&other)), "several");
    book.problem("link: damaged, in a redirect", &format!("https://x.example/?u=%23{}&h=1", &digits[..digits.len() - 1]), "damaged");
    for (name, input) in [
        ("Mimecast", "https://protect-eu.mimecast.com/s/AbCdEfGh?domain=verify.example.org"),
        (
            "Safe Links without the fragment",
            "https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fverify.example.org%2F&data=05",
        ),
        ("Proofpoint without the fragment", "See https://urldefense.com/v3/__https://verify.example.org/__;!!N0t5ag!AbCd$"),
    ] {
        book.problem(&format!("link: {name}"), input, "link_changed");
    }
    for (name, input) in [
        ("without a code", "https://verify.example.org/"),
        ("with its end cut off", "https://verify.example.org/#0118088250"),
        ("the short address, with a port and a full stop", "It is HTTPS://VFY.example:8443."),
        ("of ours, escaped", "https%3A%2F%2Fverify.example.org%2F%23011"),
        ("of ours, in brackets behind a name", "(http:verify.example.org:443/check?lang=cy)"),
    ] {
        book.problem(&format!("link: {name}"), input, "link_empty");
    }
    for (name, input) in [
        ("to somebody else", "Please pay at HTTPS://shop.example/#menu now"),
        ("without a scheme", "www.example.org"),
        ("our host as a name before another", "https://verify.example.org@evil.example/verify?x=1"),
        ("our host as part of another", "https://verify.example.org.evil.example"),
        ("our host behind a backslash", "https://evil.example\\@verify.example.org/"),
        ("our host and a comma", "https://verify.example.org,.evil.example/"),
        ("a letter more", "https://verify.example.org\u{e9}/"),
        ("ours and another", "Not https://verify.example.org/ but http:\\\\evil.example is right"),
    ] {
        book.problem(&format!("link: {name}"), input, "link_foreign");
    }
}

fn no_code(book: &mut Book) {
    for (name, input) in [
        ("a sentence", "Good morning, may I come in?"),
        ("one word", "hello"),
        ("letters that are taken for digits", "lo oil ill"),
        ("a hash", "#"),
        ("emoji", "\u{1f600}"),
        ("an Arabic sentence", "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{628}\u{643}"),
    ] {
        book.problem(&format!("no code: {name}"), input, "no_code");
    }
}
