//! Inclusion proofs as files: what is written is read and believed, and nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign::{
    keyring::SigningKey,
    ledger::{Checkpoint, CheckpointError, Entry, NoteError, Proof, ProofError, ledger_key},
};
use zeroize::Zeroizing;

use crate::{
    book::{Book, checkpoint, head, key, signing_key},
    grove::Tree,
};

/// A proof of each entry, under a checkpoint of them all.
fn proofs() -> Vec<(Entry, Proof)> {
    let book = Book::opened();
    let leaves = book.leaves();
    let (tree, size, checkpoint) = (Tree::of(&leaves), leaves.len() as u64, checkpoint(&leaves));
    let proof = |(index, leaf)| Proof { leaf, index, path: tree.inclusion(index, size), checkpoint: checkpoint.clone() };
    book.entries.into_iter().zip((0..).zip(leaves).map(proof)).collect()
}

fn sixth() -> Proof {
    proofs().swap_remove(5).1
}

#[test]
fn every_entry_is_proved_by_a_file() {
    let all = proofs();
    assert_eq!(all.len(), 10);
    for (entry, proof) in all {
        let text = proof.write();
        assert!(Proof::is_one(&text));
        let read = Proof::read(&text).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&key()), Ok((entry, head(&Book::opened().leaves()))));
    }
}

#[test]
fn a_file_is_written_as_the_specification_says() {
    let Proof { leaf, path, checkpoint, .. } = sixth();
    let text = sixth().write();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", &format!("extra {}", STANDARD.encode(leaf)), "index 5"]);
    let hashes: Vec<String> = path.iter().map(|hash| STANDARD.encode(hash)).collect();
    assert_eq!(lines[3..3 + path.len()], hashes);
    assert_eq!(lines[3 + path.len()], "");
    assert!(text.ends_with(&format!("\n\n{checkpoint}")));
}

#[test]
fn a_single_entry_needs_no_path() {
    let leaf = Book::opened().leaves().swap_remove(0);
    let proof = Proof { index: 0, path: vec![], checkpoint: checkpoint(std::slice::from_ref(&leaf)), leaf };
    let read = Proof::read(&proof.write()).unwrap();
    assert_eq!(read, proof);
    assert!(read.verify(&key()).is_ok());
}

#[test]
fn a_text_in_another_form_is_no_proof() {
    let right = sixth().write();
    let hash = right.lines().nth(3).unwrap();
    for (defect, wrong) in [
        ("another version", right.replace("@v1", "@v2")),
        ("no version", right.replacen("c2sp.org/tlog-proof@v1\n", "", 1)),
        ("a line before", format!("\n{right}")),
        ("a space before", format!(" {right}")),
        ("no entry", right.replacen("extra ", "other ", 1)),
        ("an entry that is not base64", right.replacen("extra ", "extra *", 1)),
        ("the index before the entry", right.replacen("extra ", "index 5\nextra ", 1)),
        ("no index", right.replacen("index 5\n", "", 1)),
        ("an empty index", right.replacen("index 5", "index ", 1)),
        ("an index with a leading zero", right.replacen("index 5", "index 05", 1)),
        ("an index with a plus", right.replacen("index 5", "index +5", 1)),
        ("a negative index", right.replacen("index 5", "index -5", 1)),
        ("an index with a space", right.replacen("index 5", "index 5 ", 1)),
        ("an index of 2 to the 64", right.replacen("index 5", "index 18446744073709551616", 1)),
        ("a short hash", right.replacen(hash, &STANDARD.encode([1; 31]), 1)),
        ("a long hash", right.replacen(hash, &STANDARD.encode([1; 33]), 1)),
        ("a hash without padding", right.replacen(hash, hash.trim_end_matches('='), 1)),
        ("a hash in hexadecimal", right.replacen(hash, &"01".repeat(32), 1)),
        ("a space behind a hash", right.replacen(hash, &format!("{hash} "), 1)),
        ("no empty line", right.replace("\n\n", "\n")),
        ("lines that end with CR LF", right.replace('\n', "\r\n")),
        ("nothing", String::new()),
        ("a version only", "c2sp.org/tlog-proof@v1\n".into()),
        ("a head only", right.split_once("\n\n").unwrap().0.into()),
        ("a checkpoint only", checkpoint(&[])),
    ] {
        assert_ne!(wrong, right, "{defect}");
        assert_eq!(Proof::read(&wrong), None, "{defect}");
    }
}

#[test]
fn every_flipped_bit_of_a_file_is_noticed() {
    let text = sixth().write().into_bytes();
    let mut read_but_refused = 0;
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Some(proof) = std::str::from_utf8(&flipped).ok().and_then(Proof::read) else { continue };
        assert!(proof.verify(&key()).is_err(), "bit {bit}: {proof:?}");
        read_but_refused += 1;
    }
    assert!(read_but_refused > 1_000, "only {read_but_refused} had the form of a proof");
}

#[test]
fn an_entry_stands_at_its_own_place_only() {
    let all = proofs();
    for (entry, proof) in &all {
        for (other_entry, other) in all.iter().filter(|(other, _)| other != entry) {
            let moved = Proof { index: other.index, ..proof.clone() };
            assert_eq!(moved.verify(&key()), Err(ProofError::NotIncluded(other.index + 1)));
            let taken = Proof { leaf: other_entry.canonical_bytes(), ..proof.clone() };
            assert_eq!(taken.verify(&key()), Err(ProofError::NotIncluded(proof.index + 1)));
            let led = Proof { path: other.path.clone(), ..proof.clone() };
            assert_eq!(led.verify(&key()), Err(ProofError::NotIncluded(proof.index + 1)));
        }
    }
}

#[test]
fn a_proof_needs_the_checkpoint_of_its_own_tree_and_ledger() {
    let (right, leaves) = (sixth(), Book::opened().leaves());
    let under = |checkpoint: String| Proof { checkpoint, ..right.clone() }.verify(&key());
    for size in 0..leaves.len() {
        assert_eq!(under(checkpoint(&leaves[..size])), Err(ProofError::NotIncluded(6)), "{size} entries");
    }
    let stranger = SigningKey::from_seed(&Zeroizing::new([6; 32]));
    let strange = ledger_key(&"verify.example.org".parse().unwrap(), stranger.public()).unwrap();
    let unsigned = CheckpointError::Note(NoteError::Unsigned(key().name().to_owned()));
    assert_eq!(under(head(&leaves).sign(&strange, &stranger)), Err(ProofError::Checkpoint(unsigned)));
    // A signature by another key under the right name and id, as one who finds a key with the same id could make.
    let wrong = CheckpointError::Note(NoteError::WrongSignature(key().name().to_owned()));
    assert_eq!(under(head(&leaves).sign(&key(), &stranger)), Err(ProofError::Checkpoint(wrong)));
    let elsewhere = checkpoint(&leaves).replacen("example.org", "example.net", 1);
    assert!(matches!(under(elsewhere), Err(ProofError::Checkpoint(CheckpointError::Note(_)))));
    assert_eq!(under(String::new()), Err(ProofError::Checkpoint(CheckpointError::Note(NoteError::Malformed))));
}

#[test]
fn what_is_included_but_no_event_shows_nothing() {
    let mut leaves = Book::opened().leaves();
    leaves[5] = br#"{"at":1,"event":"officer_promoted"}"#.to_vec();
    let path = Tree::of(&leaves).inclusion(5, leaves.len() as u64);
    let proof = Proof { leaf: leaves[5].clone(), index: 5, path, checkpoint: checkpoint(&leaves) };
    assert_eq!(proof.verify(&key()), Err(ProofError::Malformed));
}

#[test]
fn an_index_as_large_as_can_be_is_refused_like_any_other() {
    for index in [10, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        let proof = Proof { index, ..sixth() };
        assert!(matches!(proof.verify(&key()), Err(ProofError::NotIncluded(_))), "{index}");
    }
}

#[test]
fn an_empty_tree_includes_nothing() {
    let empty = head(&[]);
    assert_eq!(empty, Checkpoint { size: 0, root: Tree::default().frontier.root() });
    let proof =
        Proof { leaf: Book::opened().leaves().swap_remove(0), index: 0, path: vec![], checkpoint: empty.sign(&key(), &signing_key()) };
    assert_eq!(proof.verify(&key()), Err(ProofError::NotIncluded(1)));
}
