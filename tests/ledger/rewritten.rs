//! Somebody rewrites the ledger: one entry after the other is edited, deleted, doubled or swapped with its neighbour.
//!
//! Anybody who has only the file leaves the checkpoints as they are, and is found by the next one. Anybody who has the ledger's
//! true key as well signs them all again, and is found by the one checkpoint that the overseer kept.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use countersign::{
    authority::Role,
    ledger::{Audit, Checkpoint, Entry, Event, Frontier, Hash, Report, leaf_hash},
};

use crate::book::{
    Ask, Book, DAY, MINUTE, activated, approved, callsign, checked, checkpoint, credential, enrolled, head, key, permit, removed, retired,
    signing_key, speakable, suspended, taken_back, withdrawn,
};

const ENTRIES: usize = 1_000;
/// Entries between two checkpoints.
const STRETCH: usize = 100;

#[derive(Clone, Copy, Debug)]
enum Attack {
    Edit,
    Delete,
    Double,
    Swap,
}
use Attack::{Delete, Double, Edit, Swap};

const ATTACKS: [Attack; 4] = [Edit, Delete, Double, Swap];

/// A thousand entries of a sound ledger: round after round of all that an organisation does. A round has thirteen
/// entries, and as the attacks are four, each kind of attack meets each kind of event.
fn book() -> Book {
    let mut book = Book::opened();
    for number in 2.. {
        let (key, name) = (u8::try_from(number).unwrap(), format!("robin-{number}"));
        book.add(enrolled(&name, Role::Officer, "otter")).add(credential(&name, "otter"));
        book.add(retired(key - 1)).add(activated(key)).add(removed(key - 1));
        book.add(Ask::number(number).event()).add(approved(number, "heron"));
        book.issue(|token| (token.number, token.under, token.key) = (number, number, key)).add(speakable(number, "falcon"));
        let minute = book.now;
        book.add(checked(number, minute)).add(withdrawn(number, "heron")).add(taken_back(number, "otter"));
        book.add(suspended(&name, "otter"));
        if book.entries.len() >= ENTRIES {
            break;
        }
    }
    book.entries.truncate(ENTRIES);
    book
}

/// The entry with a member changed to what would suit the one who does it; still an event in its only form.
fn edited(entry: &Entry) -> Vec<u8> {
    let (mut event, mut at) = (entry.event.clone(), entry.at);
    match &mut event {
        Event::OfficerEnrolled { role, .. } => *role = if *role == Role::Approver { Role::Officer } else { Role::Approver },
        Event::CredentialMade { expires_at, .. } => *expires_at += DAY,
        Event::AuthorisationAsked { max_tokens, .. } => *max_tokens += 1,
        Event::AuthorisationApproved { by, .. } => *by = callsign("kite"),
        Event::AuthorisationWithdrawn { authorisation, .. } => *authorisation = permit(1),
        Event::TokenIssued { sha256, .. } => sha256.0[0] ^= 1,
        Event::FirstCheckReported { first_checked_at, .. } => *first_checked_at += MINUTE,
        _ => at += 1,
    }
    let leaf = event.at(at).canonical_bytes();
    assert!(Entry::parse(&leaf).is_ok_and(|read| read != *entry));
    leaf
}

/// A file line by line: entries, or their hashes, and nothing where a checkpoint stands.
type Lines<T> = Vec<Option<T>>;

fn lines<T: Clone>(entries: &[T]) -> Lines<T> {
    entries.chunks(STRETCH).flat_map(|stretch| stretch.iter().cloned().map(Some).chain([None])).collect()
}

/// The line of an entry in a file as [`lines`] makes it.
fn line(at: usize) -> usize {
    at + at / STRETCH
}

/// Rewrites the entry at `at`. The last one swaps places with the one before.
fn rewrite<T: Clone>(lines: &mut Lines<T>, at: usize, edited: T, attack: Attack) {
    match attack {
        Edit => lines[line(at)] = Some(edited),
        Delete => drop(lines.remove(line(at))),
        Double => lines.insert(line(at), lines[line(at)].clone()),
        Swap => lines.swap(line(at), line(if at + 1 < ENTRIES { at + 1 } else { at - 1 })),
    }
}

/// Two threads go through all entries.
fn for_every_entry(hold: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for start in [0, 1] {
            let hold = &hold;
            scope.spawn(move || (start..ENTRIES).step_by(2).for_each(hold));
        }
    });
}

#[test]
fn none_of_four_thousand_rewritten_ledgers_has_the_tree_of_a_checkpoint_behind_the_change() {
    let book = book();
    let hashes: Vec<Hash> = book.leaves().iter().map(|leaf| leaf_hash(leaf)).collect();
    let mut before = vec![Frontier::default()];
    for (at, hash) in hashes.iter().enumerate() {
        before.push(before[at].clone());
        before[at + 1].push(*hash);
    }
    for_every_entry(|at| {
        for attack in ATTACKS {
            let mut forged = lines(&hashes);
            rewrite(&mut forged, at, leaf_hash(&edited(&book.entries[at])), attack);
            // Nothing before this one was touched.
            let from = at.min(ENTRIES - 2);
            let (mut tree, mut nth) = (before[from].clone(), from / STRETCH);
            let (mut has_kept_root, mut has_kept_size) = (false, false);
            for line in &forged[line(from)..] {
                if let Some(hash) = line {
                    tree.push(*hash);
                    has_kept_root |= tree.size() == ENTRIES as u64 && tree.root() == before[ENTRIES].root();
                } else {
                    nth += 1;
                    let signed = &before[nth * STRETCH];
                    assert_ne!((tree.size(), tree.root()), (signed.size(), signed.root()), "{attack:?} at {at}, checkpoint {nth}");
                    has_kept_size |= tree.size() == ENTRIES as u64;
                }
            }
            // Where the last entry is doubled, the kept root is there, but no checkpoint of its size.
            assert!(!(has_kept_root && has_kept_size), "{attack:?} at {at}");
        }
    });
}

/// An audit of a rewritten file in which beside every checkpoint that was signed again stands the one that was there, so
/// that one audit shows how each forger is found.
fn audit(forged: &Lines<Vec<u8>>, old: &[String], kept: Checkpoint) -> Report {
    let (key, private) = (key(), signing_key());
    let (mut audit, mut tree, mut old) = (Audit::new(key.clone(), vec![kept]), Frontier::default(), old.iter());
    for line in forged {
        if let Some(leaf) = line {
            audit.entry(leaf);
            tree.push(leaf_hash(leaf));
        } else {
            audit.checkpoint(&Checkpoint { size: tree.size(), root: tree.root() }.sign(&key, &private));
            audit.checkpoint(old.next().unwrap());
        }
    }
    audit.finish()
}

#[test]
fn every_rewritten_entry_is_found_by_the_next_checkpoint_and_where_all_are_signed_again_by_the_kept_one() {
    let book = book();
    let (leaves, found_by_conduct) = (book.leaves(), AtomicUsize::new(0));
    let (kept, old) = (head(&leaves), (1..=ENTRIES / STRETCH).map(|nth| checkpoint(&leaves[..nth * STRETCH])).collect::<Vec<_>>());
    let sound = audit(&lines(&leaves), &old, kept);
    assert_eq!((sound.faults, sound.unusual, sound.kept), (vec![], vec![], vec![1_000]));
    for_every_entry(|at| {
        // The test above takes each entry in every way; an audit of each takes too long.
        let (mut forged, attack) = (lines(&leaves), ATTACKS[at % ATTACKS.len()]);
        rewrite(&mut forged, at, edited(&book.entries[at]), attack);
        let report = audit(&forged, &old, kept);
        let (of_checkpoints, of_conduct): (Vec<_>, Vec<_>) = report.faults.iter().partition(|fault| fault.what.contains("checkpoint"));
        let (by_kept, by_old): (Vec<_>, Vec<_>) = of_checkpoints.into_iter().partition(|fault| fault.what.contains("was kept"));
        assert!(!by_kept.is_empty(), "{attack:?} at {at}");
        let next = forged.iter().skip(line(at)).position(Option::is_none).unwrap() + line(at);
        assert_eq!(by_old[0].entry, Some(forged[..next].iter().flatten().count() as u64), "{attack:?} at {at}");
        found_by_conduct.fetch_add(usize::from(!of_conduct.is_empty()), Relaxed);
    });
    // Otherwise this would say little about the checkpoints.
    let by_conduct = found_by_conduct.into_inner();
    assert!(by_conduct < ENTRIES / 2, "{by_conduct} would have been found without a checkpoint");
}
