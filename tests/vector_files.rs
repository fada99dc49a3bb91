//! The shared vector files, which the page reads as well: they are what `cargo run --example make_vectors` makes, and
//! the library agrees with every one. Counts are exact, so that a file that lost vectors is noticed.

use std::collections::{BTreeMap, HashSet};

use countersign::{
    keyring::{IssuerName, PublicKey, PublicKeys},
    token::{Challenge, Correction, InputError, Reference, Rejection, SpokenCode, Token, Unverified, correct},
};
use serde_json::{Value, json};

#[path = "../examples/make_vectors/vectors/mod.rs"]
mod vectors;

fn file(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} in {value}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Compares what `judge` says of each vector with what the vector expects, names all that differ, and counts.
fn check(file: &Value, judge: impl Fn(&Value) -> Value, counts: &[(&str, usize)]) {
    let all = file["vectors"].as_array().unwrap();
    let mut found = BTreeMap::new();
    let (mut names, mut wrong) = (HashSet::new(), vec![]);
    for vector in all {
        assert!(names.insert(text(vector, "name")), "{} stands twice", vector["name"]);
        let expect = &vector["expect"];
        *found.entry(expect.as_str().unwrap_or("read")).or_insert(0) += 1;
        let says = judge(vector);
        if says != *expect {
            wrong.push(format!("{}: {says}, not {expect}", vector["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors differ:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert_eq!(found, counts.iter().copied().collect(), "vectors by what they expect");
}

fn issuer(file: &Value) -> IssuerName {
    text(file, "issuer").parse().unwrap()
}

fn root(file: &Value) -> PublicKey {
    let root = PublicKey::from_jwk_x(text(&file["root"], "x")).unwrap();
    assert_eq!(root.id().to_string(), text(&file["root"], "kid"));
    root
}

#[test]
fn the_files_are_what_the_example_makes() {
    for (name, made) in vectors::files() {
        let committed = std::fs::read_to_string(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_default();
        assert!(made == committed, "{name} differs: run `cargo run --example make_vectors`");
    }
}

#[test]
fn every_token_gets_its_verdict() {
    let file = file("tokens.json");
    let (issuer, now) = (issuer(&file), file["now"].as_i64().unwrap());
    let keys = PublicKeys::open(text(&file, "key_set"), &root(&file), &issuer, now, 0).unwrap();
    let judge = |vector: &Value| {
        let Ok(token) = Token::from_bytes(bytes(text(vector, "token_hex"))) else { return "mistyped".into() };
        let Ok(unverified) = Unverified::decode(&token) else { return "not_genuine".into() };
        match unverified.verify(&keys, &issuer, now) {
            Ok(verified) => {
                assert_eq!(verified.hash(), token.hash());
                "good".into()
            }
            Err(Rejection::NotGenuine) => "not_genuine".into(),
            Err(Rejection::Withdrawn) => "withdrawn".into(),
            Err(Rejection::NotYetValid) => "not_yet_valid".into(),
            Err(Rejection::Expired) => "expired".into(),
        }
    };
    check(&file, judge, &[("expired", 5), ("good", 113), ("mistyped", 126), ("not_genuine", 373), ("not_yet_valid", 4), ("withdrawn", 6)]);
}

#[test]
fn every_input_is_read_or_refused() {
    let judge = |vector: &Value| match Token::parse(text(vector, "input")) {
        Ok(token) => json!({"token_hex": hex(token.as_bytes())}),
        Err(InputError::NoToken) => "mistyped".into(),
        Err(InputError::Damaged) => "not_genuine".into(),
        Err(InputError::Several) => "several".into(),
    };
    check(&file("inputs.json"), judge, &[("mistyped", 80), ("not_genuine", 51), ("read", 51)]);
}

#[test]
fn every_spoken_code_is_read_or_mistyped() {
    let judge = |vector: &Value| {
        let words = vector["spoken_words"].as_u64().unwrap();
        match SpokenCode::parse(text(vector, "input")) {
            // A whole code of the other size is read as one of that size.
            Ok(code) if code.size().words() as u64 != words => "mistyped".into(),
            Ok(code) => json!({"code": format!("{:x}", code.value())}),
            Err(_) => "mistyped".into(),
        }
    };
    check(&file("spoken.json"), judge, &[("mistyped", 157), ("read", 72)]);
}

#[test]
fn whatever_people_give_is_read_or_its_fault_is_named() {
    let own = ["https://verify.example.org", "https://vfy.example:8443"].map(String::from);
    let judge = |vector: &Value| {
        let input = text(vector, "input");
        match (Token::find(input), SpokenCode::parse(input)) {
            (Ok(token), _) => json!({"token_hex": hex(token.as_bytes())}),
            (Err(InputError::Damaged), _) => json!({"problem": "damaged"}),
            (Err(InputError::NoToken), Ok(code)) => json!({"code": format!("{:x}", code.value())}),
            (Err(InputError::NoToken | InputError::Several), _) => fault(&correct(input, &own)),
        }
    };
    check(&file("readings.json"), judge, &[("read", 299)]);
}

/// A fault as the vectors write it.
fn fault(correction: &Correction) -> Value {
    match correction {
        Correction::DidYouMean { words, changed, .. } => json!({"did_you_mean": words.join(" "), "changed": changed}),
        Correction::Word { position, .. } => json!({"problem": "wrong_word", "position": position}),
        Correction::TwoUnheard(position) => json!({"problem": "two_unheard", "position": position}),
        Correction::Count(count) => json!({"problem": "wrong_count", "count": count}),
        Correction::Digits(count) => json!({"problem": "wrong_digits", "count": count}),
        Correction::Check => json!({"problem": "wrong_check"}),
        Correction::Several => json!({"problem": "several"}),
        Correction::LinkChanged => json!({"problem": "link_changed"}),
        Correction::LinkForeign => json!({"problem": "link_foreign"}),
        Correction::LinkEmpty => json!({"problem": "link_empty"}),
        Correction::NoCode => json!({"problem": "no_code"}),
    }
}

#[test]
fn every_number_is_read_or_wrong() {
    let judge = |vector: &Value| text(vector, "input").parse::<Challenge>().map_or_else(|_| json!("wrong"), |n| json!(n.to_string()));
    let expected = file("numbers.json");
    let wrong = expected["vectors"].as_array().unwrap().iter().filter(|vector| judge(vector) != vector["expect"]);
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&Value>::new());
    assert_eq!(expected["vectors"].as_array().unwrap().len(), 36);
}

#[test]
fn every_token_has_its_reference() {
    let file = file("references.json");
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let token = Token::from_bytes(bytes(text(vector, "token_hex"))).unwrap();
        let reference = Reference::of(token.hash());
        assert_eq!(reference.to_string(), text(vector, "reference"), "{}", vector["name"]);
        assert_eq!(text(vector, "reference").parse(), Ok(reference));
    }
}

#[test]
fn every_key_set_opens_or_is_refused() {
    let file = file("keysets.json");
    let (issuer, root, now) = (issuer(&file), root(&file), file["now"].as_i64().unwrap());
    let least = file["minimum_version"].as_u64().unwrap();
    let judge = |vector: &Value| match PublicKeys::open(text(vector, "jwt"), &root, &issuer, now, least) {
        Ok(_) => "good".into(),
        Err(_) => "refused".into(),
    };
    check(&file, judge, &[("good", 12), ("refused", 229)]);
}

#[test]
fn every_ed25519_edge_case_is_decided() {
    let judge = |vector: &Value| {
        let key: [u8; 32] = bytes(text(vector, "public_key_hex")).try_into().unwrap();
        let signature: [u8; 64] = bytes(text(vector, "signature_hex")).try_into().unwrap();
        let accepts = PublicKey::from_bytes(&key).is_ok_and(|key| key.verifies(&bytes(text(vector, "message_hex")), &signature));
        if accepts { "accept".into() } else { "refuse".into() }
    };
    check(&file("ed25519.json"), judge, &[("accept", 22), ("refuse", 133)]);
}
