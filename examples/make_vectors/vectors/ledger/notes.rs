//! Signed notes, good ones and ones with a single defect each.

use super::{
    Book, Expect, NO_NOTE, UNSIGNED, Vector, WRONG_SIGNATURE,
    signer::{COSIGNATURE, Signer, base64, line, with_tail_bit},
};
use crate::vectors::{ed25519, world::hex};

/// The longest note that is read. Bytes.
const LONGEST: usize = 128 * 1_024;
const TEXT: &str = "The first line\nand another\n";

pub fn all() -> Vec<Vector> {
    let mut book = Book::default();
    good(&mut book);
    no_text(&mut book);
    characters(&mut book);
    lines(&mut book);
    names(&mut book);
    encodings(&mut book);
    unsigned(&mut book);
    wrong(&mut book);
    changed(&mut book);
    book.0
}

fn ours() -> Signer {
    Signer::ledger()
}

fn with_lines(text: &str, lines: &[String]) -> String {
    format!("{text}\n{}", lines.concat())
}

fn opens(book: &mut Book, name: &str, text: &str, lines: &[String]) {
    book.push(name, &with_lines(text, lines), Expect::Text { text: text.to_owned() });
}

fn good(book: &mut Book) {
    let (ours, witness) = (ours().line(TEXT), Signer::witness().line(TEXT));
    let witnesses: Vec<String> = (1..=16).map(|n| Signer::new(&format!("w{n}"), COSIGNATURE, &format!("witness {n}")).line(TEXT)).collect();
    let other_type = Signer { kind: COSIGNATURE, ..self::ours() }.line(TEXT);
    for (name, lines) in [
        ("own signature only", vec![ours.clone()]),
        ("a witness behind", vec![ours.clone(), witness.clone()]),
        ("a witness before", vec![witness.clone(), ours.clone()]),
        ("own signature between two witnesses", vec![witness.clone(), ours.clone(), witnesses[0].clone()]),
        ("sixteen witnesses", [vec![ours.clone()], witnesses].concat()),
        ("own signature twice", vec![ours.clone(), ours.clone()]),
        ("a signature of another type by the same name and key", vec![other_type, ours]),
    ] {
        opens(book, name, TEXT, &lines);
    }
    for (name, text) in [
        ("an empty line in the text", "one\n\ntwo\n".to_owned()),
        ("an empty line at the end of the text", "one\n\n".into()),
        ("an empty line at the beginning of the text", "\none\n".into()),
        ("a text of one empty line", "\n".into()),
        ("what looks like a signature in the text", format!("one\n\n{}", Signer::witness().line("one\n"))),
        ("an own signature of other text in the text", format!("one\n\n{}", self::ours().line("two\n"))),
        ("a text in several scripts", "\u{17b}\u{f3}\u{142}w \u{416} \u{738b} \u{1f989}\n".into()),
        ("spaces at the ends of lines", " one \n two \n".into()),
    ] {
        opens(book, name, &text, &[self::ours().line(&text)]);
    }
    let text = as_long_as(LONGEST + 1);
    book.refuse("over 128 KiB by one byte", &self::ours().note(&text), NO_NOTE);
}

/// A text whose note is this long. A signature is as long whatever it signs.
fn as_long_as(bytes: usize) -> String {
    let around = ours().note("\n").len();
    format!("{}\n", "x".repeat(bytes - around))
}

fn no_text(book: &mut Book) {
    let (ours, line) = (ours(), ours().line(TEXT));
    for (name, note) in [
        ("empty", String::new()),
        ("one empty line", "\n".into()),
        ("two empty lines", "\n\n".into()),
        ("a text only", TEXT.into()),
        ("a text and an empty line", format!("{TEXT}\n")),
        ("a signature only", line.clone()),
        ("an empty line and a signature", format!("\n{}", ours.line(""))),
        ("no empty line", format!("{TEXT}{line}")),
        ("a space in the empty line", format!("{TEXT} \n{line}")),
        ("no newline at the end", ours.note(TEXT).trim_end().into()),
        ("the signature before the text", format!("{line}\n{TEXT}")),
    ] {
        book.refuse(name, &note, NO_NOTE);
    }
}

fn characters(book: &mut Book) {
    for (name, character) in
        [("a null", '\0'), ("a tab", '\t'), ("a carriage return", '\r'), ("an escape", '\u{1b}'), ("a unit separator", '\u{1f}')]
    {
        let text = format!("one{character}two\n");
        book.refuse(&format!("{name} in the text"), &ours().note(&text), NO_NOTE);
    }
    let crlf = TEXT.replace('\n', "\r\n");
    book.refuse("lines that end with CR LF, signed like that", &ours().note(&crlf).replace("\r\n", "\n").replace('\n', "\r\n"), NO_NOTE);
    book.refuse("lines that end with CR LF, signed without", &ours().note(TEXT).replace('\n', "\r\n"), NO_NOTE);
    book.refuse("CR LF at the end", &ours().note(TEXT).replace("=\n", "=\r\n"), NO_NOTE);
}

/// Every line behind the last empty one has to be a signature, ours or not.
fn lines(book: &mut Book) {
    let line = ours().line(TEXT);
    let ours = |line: &str| with_lines(TEXT, &[line.to_owned()]);
    for (name, note) in [
        ("a hyphen for the dash", ours(&line.replace('\u{2014}', "-"))),
        ("an en dash for the dash", ours(&line.replace('\u{2014}', "\u{2013}"))),
        ("a horizontal bar for the dash", ours(&line.replace('\u{2014}', "\u{2015}"))),
        ("no dash", ours(line.trim_start_matches("\u{2014} "))),
        ("no space behind the dash", ours(&line.replace("\u{2014} ", "\u{2014}"))),
        ("a no-break space behind the dash", ours(&line.replace("\u{2014} ", "\u{2014}\u{a0}"))),
        ("two spaces behind the dash", ours(&line.replace("\u{2014} ", "\u{2014}  "))),
        ("two spaces behind the name", ours(&line.replace("ledger ", "ledger  "))),
        ("a space before the dash", ours(&format!(" {line}"))),
        ("a space at the end of the signature", ours(&line.replace('\n', " \n"))),
        ("a word behind the signature", ours(&line.replace('\n', " twice\n"))),
        ("a line of garbage behind", ours(&format!("{line}garbage\n"))),
        ("a line of garbage before", ours(&format!("garbage\n{line}"))),
        ("an empty line behind", ours(&format!("{line}\n"))),
        ("a comment behind", ours(&format!("{line}# signed\n"))),
    ] {
        book.refuse(name, &note, NO_NOTE);
    }
}

/// Lines of others are passed over, but have to be signature lines.
fn names(book: &mut Book) {
    let ours = ours().line(TEXT);
    let signature = Signer::witness().signature(TEXT);
    for (name, other) in
        [("empty", ""), ("with a plus", "a+b"), ("with a no-break space", "a\u{a0}b"), ("with an ideographic space", "a\u{3000}b")]
    {
        let other = line(other, [1, 2, 3, 4], &signature);
        book.refuse(&format!("a name {name}"), &with_lines(TEXT, &[ours.clone(), other]), NO_NOTE);
    }
    let bare = "\u{2014} witness.example.net/w1\n".to_owned();
    book.refuse("a name without a signature", &with_lines(TEXT, &[ours.clone(), bare]), NO_NOTE);
    let id_only = line("witness.example.net/w1", [1, 2, 3, 4], &[]);
    book.refuse("a signature of nothing but a key id", &with_lines(TEXT, &[ours.clone(), id_only]), NO_NOTE);
    let short_id = format!("\u{2014} witness.example.net/w1 {}\n", base64(&[1, 2, 3]));
    book.refuse("a signature shorter than a key id", &with_lines(TEXT, &[ours, short_id]), NO_NOTE);
}

fn encodings(book: &mut Book) {
    // Both letters in which the two alphabets differ have to occur.
    let text =
        (0..1_000).map(|n| format!("text {n}\n")).find(|text| ["+", "/"].iter().all(|c| encoded(text).contains(c))).expect("one in five");
    let right = encoded(&text);
    for (name, spelled) in [
        ("base64url", right.replace('+', "-").replace('/', "_")),
        ("without padding", right.trim_end_matches('=').to_owned()),
        ("with padding twice", format!("{right}=")),
        ("with a bit behind the last byte", with_tail_bit(&right)),
        ("with a letter that is none of the alphabet", right.replacen('+', "*", 1)),
    ] {
        let line = format!("\u{2014} {} {spelled}\n", ours().name);
        book.refuse(&format!("a signature {name}"), &with_lines(&text, &[line]), NO_NOTE);
    }
}

fn encoded(text: &str) -> String {
    base64(&[ours().id().as_slice(), &ours().signature(text)].concat())
}

fn unsigned(book: &mut Book) {
    let (ours, witness) = (ours(), Signer::witness());
    let signature = ours.signature(TEXT);
    let others = Signer::new(&ours.name, ours.kind, "another ledger");
    for (name, lines) in [
        ("a witness only", vec![witness.line(TEXT)]),
        ("the right name with another key and its id", vec![others.line(TEXT)]),
        ("the right name and signature with another id", vec![line(&ours.name, witness.id(), &signature)]),
        ("the right id and signature with another name", vec![line(&witness.name, ours.id(), &signature)]),
        ("the right name in capitals", vec![line(&ours.name.to_uppercase(), ours.id(), &signature)]),
        ("the right name with a slash more", vec![line(&format!("{}/", ours.name), ours.id(), &signature)]),
        ("the right id with its bytes reversed", vec![line(&ours.name, reversed(ours.id()), &signature)]),
        ("the right name and key with the id of another type", vec![Signer { kind: COSIGNATURE, ..self::ours() }.line(TEXT)]),
        // Hexadecimal digits are base64 as well, of other bytes.
        ("the right name and the signature in hexadecimal", vec![format!("\u{2014} {} {}\n", ours.name, hex(&signature))]),
        ("an empty line behind the own signature, which so becomes text", vec![ours.line(TEXT), "\n".into(), witness.line(TEXT)]),
        ("two witnesses with the name or the id", vec![line(&witness.name, ours.id(), &signature), others.line(TEXT)]),
    ] {
        book.refuse(name, &with_lines(TEXT, &lines), UNSIGNED);
    }
}

fn reversed(mut id: [u8; 4]) -> [u8; 4] {
    id.reverse();
    id
}

fn wrong(book: &mut Book) {
    let ours = ours();
    let right = ours.signature(TEXT);
    let by = |signature: &[u8]| line(&ours.name, ours.id(), signature);
    let flipped = |bit: usize| {
        let mut signature = right.clone();
        signature[bit / 8] ^= 1 << (bit % 8);
        by(&signature)
    };
    let mut second_s: [u8; 64] = right.as_slice().try_into().expect("64 bytes");
    ed25519::add_order(&mut second_s);
    let others = Signer::new("", ours.kind, "another ledger").signature(TEXT);
    for (name, lines) in [
        ("the first bit of R flipped", vec![flipped(0)]),
        ("the last bit of R flipped", vec![flipped(255)]),
        ("the first bit of S flipped", vec![flipped(256)]),
        ("the last bit of S flipped", vec![flipped(511)]),
        ("S + L for S", vec![by(&second_s)]),
        ("a signature of zeroes", vec![by(&[0; 64])]),
        ("a signature of one byte", vec![by(&right[..1])]),
        ("a signature short of its last byte", vec![by(&right[..63])]),
        ("a signature with a byte more", vec![by(&[&right[..], &[0]].concat())]),
        ("a signature twice in one line", vec![by(&[&right[..], &right].concat())]),
        ("a second signature of the key that is wrong", vec![by(&right), flipped(0)]),
        ("a first signature of the key that is wrong", vec![flipped(0), by(&right)]),
        ("a second signature of the key that is truncated", vec![by(&right), by(&right[..63])]),
        ("a wrong signature behind a witness", vec![Signer::witness().line(TEXT), flipped(0)]),
        ("the signature of another key under name and id of ours", vec![by(&others)]),
        ("the signature of another text", vec![ours.line("The first line\nand a further\n")]),
        ("the signature of the text without its last newline", vec![ours.line(TEXT.trim_end())]),
        ("the signature of the text and the empty line", vec![ours.line(&format!("{TEXT}\n"))]),
    ] {
        book.refuse(name, &with_lines(TEXT, &lines), WRONG_SIGNATURE);
    }
}

fn changed(book: &mut Book) {
    let ours = ours();
    let signed = ours.note(TEXT);
    for (name, note) in [
        ("a line added to the text", signed.replace("another\n", "another\nand one more\n")),
        ("an empty line added to the text", signed.replace("another\n", "another\n\n")),
        ("a space added to the text", signed.replace("another\n", "another \n")),
        ("a witness and an empty line added to the text", signed.replace("\n\n", &format!("\n\n{}\n", Signer::witness().line(TEXT)))),
        ("a line taken from the text", signed.replace("The first line\n", "")),
        ("a byte order mark before the text", format!("\u{feff}{signed}")),
        ("a letter composed otherwise", ours.note("\u{f3}\n").replace('\u{f3}', "o\u{301}")),
    ] {
        book.refuse(name, &note, WRONG_SIGNATURE);
    }
}
