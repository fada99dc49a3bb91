//! `ledger.json`, made by an independent program: the library agrees with every case. Counts are exact, so that a file
//! that lost cases is noticed.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign::{
    hex,
    keyring::SigningKey,
    ledger::{Checkpoint, CheckpointError, Hash, NoteError, VerifierKey, includes, leaf_hash, tree::extends},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{book, grove::Tree};

/// The longest note that is read. Bytes.
const LONGEST: usize = 128 * 1_024;

fn file() -> Value {
    serde_json::from_str(include_str!("../vectors/ledger.json")).unwrap()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} in {value}"))
}

fn number(value: &Value, member: &str) -> u64 {
    value[member].as_u64().unwrap_or_else(|| panic!("{member} in {value}"))
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().unwrap_or_else(|| panic!("{member} in {value}"))
}

fn hash(hex: &Value) -> Hash {
    hex::decode(hex.as_str().unwrap()).unwrap()
}

fn hashes(value: &Value, member: &str) -> Vec<Hash> {
    list(value, member).iter().map(hash).collect()
}

fn leaves(trees: &Value) -> Vec<Vec<u8>> {
    let byte = |hex: &str, at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let leaf = |hex: &str| (0..hex.len()).step_by(2).map(|at| byte(hex, at)).collect();
    list(trees, "leaves_hex").iter().map(|leaf_hex| leaf(leaf_hex.as_str().unwrap())).collect()
}

#[test]
fn the_roots_are_those_of_every_implementation_of_certificate_transparency() {
    let roots = hashes(&file()["trees"], "roots_hex");
    assert_eq!(roots.len(), 9);
    for (size, known) in [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ] {
        assert_eq!(hex::encode(&roots[size]), known, "{size} leaves");
    }
}

#[test]
fn every_root_is_made_from_kept_nodes_and_from_the_right_edge() {
    let trees = &file()["trees"];
    let (leaves, roots) = (leaves(trees), hashes(trees, "roots_hex"));
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    let (tree, mut growing) = (Tree::of(&leaves), Tree::default());
    for (size, root) in (0..).zip(&roots) {
        assert_eq!(tree.root(size), *root, "{size} leaves");
        assert_eq!(growing.frontier.root(), *root, "{size} leaves");
        if let Some(leaf) = leaves.get(usize::try_from(size).unwrap()) {
            growing.push(leaf);
        }
    }
}

#[test]
fn every_inclusion_proof_is_made_and_accepted() {
    let trees = &file()["trees"];
    let (leaves, roots) = (leaves(trees), hashes(trees, "roots_hex"));
    let (tree, proofs) = (Tree::of(&leaves), list(trees, "inclusion"));
    assert_eq!(proofs.len(), 36);
    for vector in proofs {
        let (index, size, proof) = (number(vector, "index"), number(vector, "size"), hashes(vector, "proof_hex"));
        assert_eq!(tree.inclusion(index, size), proof, "{index} of {size}");
        let (at, of) = (usize::try_from(index).unwrap(), usize::try_from(size).unwrap());
        assert!(includes(&roots[of], size, index, leaf_hash(&leaves[at]), &proof), "{index} of {size}");
    }
}

#[test]
fn every_consistency_proof_is_made_and_accepted() {
    let trees = &file()["trees"];
    let (tree, roots) = (Tree::of(&leaves(trees)), hashes(trees, "roots_hex"));
    let proofs = list(trees, "consistency");
    assert_eq!(proofs.len(), 36);
    for vector in proofs {
        let (first, second, proof) = (number(vector, "first"), number(vector, "second"), hashes(vector, "proof_hex"));
        assert_eq!(tree.consistency(first, second), proof, "{first} to {second}");
        let root = |size| &roots[usize::try_from(size).unwrap()];
        assert!(extends((first, root(first)), (second, root(second)), &proof), "{first} to {second}");
    }
}

/// Compares what `judge` says of each case with what the case expects, names all that differ, and counts.
fn check(cases: &str, judge: impl Fn(&str) -> Value, counts: &[(&str, usize)]) {
    let file = file();
    let (mut found, mut wrong) = (BTreeMap::new(), vec![]);
    for case in list(&file, cases) {
        let (expect, says) = (&case["expect"], judge(text(case, "input")));
        *found.entry(expect.as_str().unwrap_or("good")).or_insert(0) += 1;
        if says != *expect {
            wrong.push(format!("{}: {says}, not {expect}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(found, counts.iter().copied().collect(), "{cases} by what they expect");
}

fn verifier_key() -> VerifierKey {
    text(&file(), "verifier_key").parse().unwrap()
}

/// The word for an error, which names our key and no other.
fn word(error: &NoteError, key: &VerifierKey) -> Value {
    match error {
        NoteError::Malformed => "no_note".into(),
        NoteError::Unsigned(name) if name == key.name() => "unsigned".into(),
        NoteError::WrongSignature(name) if name == key.name() => "wrong_signature".into(),
        other => other.to_string().into(),
    }
}

#[test]
fn every_note_opens_or_is_refused_for_its_defect() {
    let key = verifier_key();
    let judge = |note: &str| match key.open(note) {
        Ok(text) => json!({ "text": text }),
        Err(error) => word(&error, &key),
    };
    check("notes", judge, &[("good", 15), ("no_note", 47), ("unsigned", 11), ("wrong_signature", 25)]);
}

#[test]
fn every_checkpoint_opens_or_is_refused_for_its_defect() {
    let key = verifier_key();
    let judge = |note: &str| match Checkpoint::open(note, &key) {
        Ok(Checkpoint { size, root }) => json!({"size": size.to_string(), "root_hex": hex::encode(&root)}),
        Err(CheckpointError::Note(error)) => word(&error, &key),
        Err(CheckpointError::Malformed) => "no_checkpoint".into(),
        Err(CheckpointError::OtherLedger(name)) if name == note.lines().next().unwrap_or_default() => "other_ledger".into(),
        Err(other) => other.to_string().into(),
    };
    let counts = [("good", 15), ("no_checkpoint", 35), ("no_note", 2), ("other_ledger", 8), ("unsigned", 4), ("wrong_signature", 4)];
    check("checkpoints", judge, &counts);
}

#[test]
fn every_verifier_key_is_read_and_written_the_same_or_refused() {
    let judge = |text: &str| match text.parse::<VerifierKey>() {
        Ok(key) => {
            assert_eq!(key.to_string(), text, "one spelling");
            json!({"name": key.name(), "public_key_hex": hex::encode(&public_key(text))})
        }
        Err(NoteError::BadKey) => "no_key".into(),
        Err(other) => other.to_string().into(),
    };
    check("verifier_keys", judge, &[("good", 4), ("no_key", 46)]);
}

/// The last 32 bytes of the last part.
fn public_key(text: &str) -> [u8; 32] {
    let bytes = STANDARD.decode(text.splitn(3, '+').nth(2).unwrap()).unwrap();
    bytes[1..].try_into().unwrap()
}

#[test]
fn the_example_of_the_first_implementation_opens() {
    // From the documentation of golang.org/x/mod/sumdb/note, and the key of the database that it was written for.
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let line = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    assert_eq!(key.open(&format!("{text}\n{line}")), Ok(text));
    assert!("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8".parse::<VerifierKey>().is_ok());
}

#[test]
fn a_note_of_64_kib_is_read_and_a_byte_more_is_not() {
    let (key, private) = (book::key(), book::signing_key());
    let around = key.sign("\n", &private).len();
    for (bytes, read) in [(LONGEST, true), (LONGEST + 1, false)] {
        let text = "x".repeat(bytes - around) + "\n";
        let note = key.sign(&text, &private);
        assert_eq!(note.len(), bytes);
        assert_eq!(key.open(&note), if read { Ok(text.as_str()) } else { Err(NoteError::Malformed) });
    }
}

#[test]
fn what_is_signed_is_what_the_independent_program_signs() {
    let key = verifier_key();
    // Ed25519 gives one signature for one text, so that ours must be theirs.
    let seed: [u8; 32] = Sha256::digest("countersign vectors ledger").into();
    let private = SigningKey::from_seed(&Zeroizing::new(seed));
    let file = file();
    let own = list(&file, "notes").iter().find(|note| note["name"] == "own signature only").unwrap();
    assert_eq!(key.sign(text(&own["expect"], "text"), &private), text(own, "input"));
    let (empty, size) = (hash(&file["trees"]["roots_hex"][0]), 0);
    let none = list(&file, "checkpoints").iter().find(|note| note["name"] == "no entry").unwrap();
    assert_eq!(Checkpoint { size, root: empty }.sign(&key, &private), text(none, "input"));
}
