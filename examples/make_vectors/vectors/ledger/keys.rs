//! Verifier keys as text: name, key id and key, joined by plus signs.

use curve25519_dalek::constants::EIGHT_TORSION;

use super::{
    Book, Expect, NO_KEY, Vector,
    signer::{COSIGNATURE, ED25519, Signer, base64, key_id, verifier_key},
};
use crate::vectors::world::hex;

pub fn all() -> Vec<Vector> {
    let mut book = Book::default();
    good(&mut book);
    spellings(&mut book);
    names(&mut book);
    keys(&mut book);
    book.0
}

fn good(book: &mut Book) {
    for (name, signer) in [
        ("the ledger's", Signer::ledger()),
        ("a single letter", Signer::new("a", ED25519, "witness")),
        ("a name beyond ASCII", Signer::new("pr\u{fc}fung.example/\u{738b}", ED25519, "witness")),
        ("a key with a plus in its base64", with_plus()),
    ] {
        let public_key_hex = hex(signer.key.verifying_key().as_bytes());
        book.push(name, &signer.verifier_key(), Expect::Key { name: signer.name, public_key_hex });
    }
}

fn with_plus() -> Signer {
    let numbered = |n| Signer::new("plus.example", ED25519, &format!("key {n}"));
    (0..1_000).map(numbered).find(|signer| base64(signer.key.verifying_key().as_bytes()).contains('+')).expect("one in two")
}

fn spellings(book: &mut Book) {
    let ours = Signer::ledger();
    let right = ours.verifier_key();
    let (name, id) = (ours.name.as_str(), hex(&ours.id()));
    // Base64 may hold a plus sign, as this one does.
    let key = right.splitn(3, '+').last().expect("three parts");
    assert_eq!(key.len(), 44);
    assert!(id.contains(|c: char| c.is_ascii_lowercase()), "an id whose capitals differ");
    for (defect, text) in [
        ("empty", String::new()),
        ("two plus signs only", "++".into()),
        ("a name only", name.into()),
        ("a name and an id only", format!("{name}+{id}")),
        ("a key without an id", format!("{name}+{key}")),
        ("an empty id", format!("{name}++{key}")),
        ("an empty key", format!("{name}+{id}+")),
        ("an id in capitals", format!("{name}+{}+{key}", id.to_uppercase())),
        ("an id short of a digit", format!("{name}+{}+{key}", &id[1..])),
        ("an id with a digit more", format!("{name}+0{id}+{key}")),
        ("an id with its bytes reversed", format!("{name}+{}{}{}{}+{key}", &id[6..], &id[4..6], &id[2..4], &id[..2])),
        ("another id", format!("{name}+{}+{key}", hex(&Signer::witness().id()))),
        ("another name under the same id", format!("verify.example.net/ledger+{id}+{key}")),
        (
            "another key under the same id",
            format!("{name}+{id}+{}", base64(&[&[ED25519], &Signer::witness().key.verifying_key().to_bytes()[..]].concat())),
        ),
        ("a newline behind", format!("{right}\n")),
        ("a space behind", format!("{right} ")),
        ("a space before", format!(" {right}")),
        ("something behind the key", format!("{right}+more")),
        ("padding behind the key", format!("{right}=")),
        ("a key in hexadecimal", format!("{name}+{id}+{}", hex(ours.key.verifying_key().as_bytes()))),
    ] {
        book.refuse(defect, &text, NO_KEY);
    }
    let plus = with_plus().verifier_key();
    let (head, key) = plus.split_at(plus.len() - 44);
    book.refuse("a key in base64url", &format!("{head}{}", key.replace('+', "-").replace('/', "_")), NO_KEY);
}

/// Names that no key may have, each with the id that it would have.
fn names(book: &mut Book) {
    for (defect, name) in [
        ("empty", ""),
        ("with a space", "verify example"),
        ("with a no-break space", "verify\u{a0}example"),
        ("with a tab", "verify\texample"),
        ("with a newline", "verify\nexample"),
        ("with a null", "verify\0example"),
        ("with a plus", "verify+example"),
    ] {
        book.refuse(&format!("a name {defect}"), &Signer::new(name, ED25519, "ledger").verifier_key(), NO_KEY);
    }
}

/// Keys that cannot be trusted, each with the id that it would have.
fn keys(book: &mut Book) {
    let ours = Signer::ledger();
    let (name, key) = (ours.name.as_str(), ours.key.verifying_key().to_bytes());
    // y = p + 3 decodes like y = 3, which has no other spelling; no x fits y = 2.
    let mut above_p = [0xff; 32];
    (above_p[0], above_p[31]) = (0xf0, 0x7f);
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    for (defect, kind, key) in [
        ("of type 0", 0, key.to_vec()),
        ("of type 2", 2, key.to_vec()),
        ("of a witness's type", COSIGNATURE, key.to_vec()),
        ("short of a byte", ED25519, key[..31].to_vec()),
        ("with a byte more", ED25519, [&key[..], &[0]].concat()),
        ("of no bytes", ED25519, vec![]),
        ("that is not canonical", ED25519, above_p.to_vec()),
        ("that is no point", ED25519, off_curve.to_vec()),
    ] {
        book.refuse(&format!("a key {defect}"), &verifier_key(name, kind, &key), NO_KEY);
    }
    for (i, point) in EIGHT_TORSION.iter().enumerate() {
        book.refuse(&format!("a key of small order, torsion point {i}"), &verifier_key(name, ED25519, point.compress().as_bytes()), NO_KEY);
    }
    let typed_2 = format!("{name}+{}+{}", hex(&ours.id()), base64(&[&[2], &key[..]].concat()));
    book.refuse("a key of type 2 under the id of type 1", &typed_2, NO_KEY);
    let untyped = format!("{name}+{}+{}", hex(&key_id(name, ED25519, &key)), base64(&key));
    book.refuse("a key without its type", &untyped, NO_KEY);
}
