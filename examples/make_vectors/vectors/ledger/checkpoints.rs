//! Checkpoints by the words of [tlog-checkpoint], good ones and ones with a single defect each.
//!
//! [tlog-checkpoint]: https://c2sp.org/tlog-checkpoint

use sha2::{Digest as _, Sha256};

use super::{
    Book, Expect, NO_CHECKPOINT, NO_NOTE, OTHER_LEDGER, UNSIGNED, Vector, WRONG_SIGNATURE,
    signer::{COSIGNATURE, Signer, base64, with_tail_bit},
    trees::mth,
};
use crate::vectors::world::hex;

type Hash = [u8; 32];

pub fn all() -> Vec<Vector> {
    let mut book = Book::default();
    good(&mut book);
    sizes(&mut book);
    roots(&mut book);
    lines(&mut book);
    origins(&mut book);
    signatures(&mut book);
    book.0
}

fn ours() -> Signer {
    Signer::ledger()
}

/// A root whose base64 holds both letters in which the two alphabets differ.
fn root() -> Hash {
    let root = |n| Sha256::digest(format!("countersign vectors root {n}")).into();
    (0..1_000).map(root).find(|root: &Hash| ["+", "/"].iter().all(|c| base64(root).contains(c))).expect("one in five")
}

fn text(size: &str, root: &str) -> String {
    format!("{}\n{size}\n{root}\n", ours().name)
}

fn good(book: &mut Book) {
    let leaves = [vec![], vec![0x00], vec![0x10]];
    for (name, size, root) in [
        ("no entry", 0, mth(&[])),
        ("one entry", 1, mth(&leaves[..1])),
        ("three entries", 3, mth(&leaves)),
        ("a million entries", 1_000_000, root()),
        ("as many entries as 64 bits can count", u64::MAX, root()),
    ] {
        let text = text(&size.to_string(), &base64(&root));
        opens(book, name, &ours().note(&text), size, &root);
        let witness = Signer::witness().line(&text);
        opens(book, &format!("{name}, a witness behind"), &(ours().note(&text) + &witness), size, &root);
        opens(book, &format!("{name}, a witness before"), &format!("{text}\n{witness}{}", ours().line(&text)), size, &root);
    }
}

fn opens(book: &mut Book, name: &str, note: &str, size: u64, root: &Hash) {
    book.push(name, note, Expect::Checkpoint { size: size.to_string(), root_hex: hex(root) });
}

/// Refused although our key signed it.
fn signed(book: &mut Book, name: &str, text: &str, expect: &'static str) {
    book.refuse(name, &ours().note(text), expect);
}

fn sizes(book: &mut Book) {
    for (name, size) in [
        ("a leading zero", "05"),
        ("two zeroes", "00"),
        ("negative", "-5"),
        ("minus zero", "-0"),
        ("with a plus", "+5"),
        ("with a space before", " 5"),
        ("with a space behind", "5 "),
        ("with an underscore", "1_000"),
        ("with a comma", "1,000"),
        ("with a fraction", "5.0"),
        ("with an exponent", "5e0"),
        ("in hexadecimal", "0x5"),
        ("in Arabic script", "\u{665}"),
        ("in full width", "\u{ff15}"),
        ("in words", "five"),
        ("that is empty", ""),
        ("of 2 to the 64", "18446744073709551616"),
    ] {
        signed(book, &format!("a size {name}"), &text(size, &base64(&root())), NO_CHECKPOINT);
    }
}

fn roots(book: &mut Book) {
    let root = root();
    let right = base64(&root);
    for (name, spelled) in [
        ("that is short", base64(&root[..31])),
        ("that is long", base64(&[&root[..], &[0]].concat())),
        ("of a longer hash", base64(&[root, root].concat())),
        ("that is empty", String::new()),
        ("in base64url", right.replace('+', "-").replace('/', "_")),
        ("without padding", right.trim_end_matches('=').to_owned()),
        ("with a bit behind the last byte", with_tail_bit(&right)),
        ("with a space behind", format!("{right} ")),
        ("in hexadecimal", hex(&root)),
    ] {
        signed(book, &format!("a root {name}"), &text("5", &spelled), NO_CHECKPOINT);
    }
}

fn lines(book: &mut Book) {
    let (name, root) = (ours().name, base64(&root()));
    let right = text("5", &root);
    for (name, text) in [
        ("an extension line", format!("{right}more\n")),
        ("a time as an extension line", format!("{right}1795000000\n")),
        ("an empty line behind the root", format!("{right}\n")),
        ("an empty line before the size", format!("{name}\n\n5\n{root}\n")),
        ("no root", format!("{name}\n5\n")),
        ("no size", format!("{name}\n{root}\n")),
        ("an origin only", format!("{name}\n")),
        ("size and root the other way round", format!("{name}\n{root}\n5\n")),
        ("all in one line", format!("{name} 5 {root}\n")),
    ] {
        signed(book, name, &text, NO_CHECKPOINT);
    }
}

fn origins(book: &mut Book) {
    let name = ours().name;
    for (defect, origin) in [
        ("of another ledger", "verify.example.net/ledger".to_owned()),
        ("of a witness", Signer::witness().name),
        ("that is empty", String::new()),
        ("with a slash behind", format!("{name}/")),
        ("with a space behind", format!("{name} ")),
        ("with a scheme", format!("https://{name}")),
        ("in capitals", name.to_uppercase()),
        ("short of its last letter", name[..name.len() - 1].to_owned()),
    ] {
        signed(book, &format!("an origin {defect}"), &format!("{origin}\n5\n{}\n", base64(&root())), OTHER_LEDGER);
    }
}

fn signatures(book: &mut Book) {
    let text = text("5", &base64(&root()));
    let note = ours().note(&text);
    let elsewhere = Signer::new("verify.example.net/ledger", ours().kind, "another ledger");
    let others = Signer::new(&ours().name, ours().kind, "another ledger");
    for (name, note, expect) in [
        ("a witness only", Signer::witness().note(&text), UNSIGNED),
        ("signed by another key under our name", others.note(&text), UNSIGNED),
        ("our key, but as a witness", Signer { kind: COSIGNATURE, ..ours() }.note(&text), UNSIGNED),
        ("another ledger's own", elsewhere.note(&text.replace("example.org", "example.net")), UNSIGNED),
        ("size changed since", note.replace("\n5\n", "\n6\n"), WRONG_SIGNATURE),
        ("root changed since", note.replace(&base64(&root()), &base64(&mth(&[]))), WRONG_SIGNATURE),
        ("origin changed since", note.replacen("example.org", "example.net", 1), WRONG_SIGNATURE),
        ("a line added since", note.replace("\n5\n", "\n5\n5\n"), WRONG_SIGNATURE),
        ("no signature", text.clone(), NO_NOTE),
        ("lines that end with CR LF", note.replace('\n', "\r\n"), NO_NOTE),
    ] {
        book.refuse(name, &note, expect);
    }
}
