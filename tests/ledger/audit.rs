//! What an audit says of checkpoints, of silence and of lines that are no entries.

use countersign::{
    keyring::SigningKey,
    ledger::{Audit, Checkpoint, FINDINGS, Finding, Line, Report, Silence, ledger_key},
};
use zeroize::Zeroizing;

use crate::book::{Book, DAY, MINUTE, checkpoint, head, key, published, signing_key};

/// What stands in a file, in its order.
enum Stands<'a> {
    Entries(&'a [Vec<u8>]),
    Note(String),
}
use Stands::{Entries, Note};

fn audit(kept: Vec<Checkpoint>, file: &[Stands]) -> Report {
    let mut audit = Audit::new(key(), kept);
    for part in file {
        match part {
            Entries(leaves) => leaves.iter().for_each(|leaf| drop(audit.entry(leaf))),
            Note(note) => audit.checkpoint(note),
        }
    }
    audit.finish()
}

/// One finding, at this entry, that says this.
fn only(findings: &[Finding], entry: Option<u64>, says: &str) {
    let [finding] = findings else { panic!("not one that says {says:?}: {findings:#?}") };
    assert_eq!(finding.entry, entry, "{}", finding.what);
    assert!(finding.what.contains(says), "{:?} does not say {says:?}", finding.what);
}

fn leaves() -> Vec<Vec<u8>> {
    Book::opened().leaves()
}

#[test]
fn good_checkpoints_cover_what_stands_before_them() {
    let all = leaves();
    let report = audit(
        vec![],
        &[
            Note(checkpoint(&[])),
            Entries(&all[..4]),
            Note(checkpoint(&all[..4])),
            Entries(&all[4..]),
            Note(checkpoint(&all)),
            Note(checkpoint(&all)),
        ],
    );
    assert_eq!((report.faults, report.unusual), (vec![], vec![]));
    assert_eq!((report.entries, report.checkpoints, report.signed), (10, 4, 10));
    assert!(report.kept.is_empty());
}

#[test]
fn where_there_is_no_entry_nothing_was_verified() {
    for file in [vec![], vec![Note(checkpoint(&[]))], vec![Note(checkpoint(&[])), Note(checkpoint(&[]))]] {
        let report = audit(vec![], &file);
        only(&report.faults, None, "there is no entry");
        assert_eq!((report.entries, report.signed, report.period, report.longest_silence), (0, 0, None, None));
        assert_eq!(report.unusual, []);
    }
}

#[test]
fn a_checkpoint_that_stands_there_again_is_looked_at_once() {
    let all = leaves();
    let (good, older) = (checkpoint(&all), checkpoint(&all[..9]));
    let bad = good.replace("10\n", "11\n");
    let mut audit = Audit::new(key(), vec![]);
    for leaf in &all {
        audit.entry(leaf);
    }
    for _ in 0..1_000 {
        for note in [&bad, &good, &older] {
            audit.checkpoint(note);
        }
    }
    let report = audit.finish();
    assert_eq!((report.checkpoints, report.signed, report.fault_count), (3_000, 10, 2), "{:?}", report.faults);
    assert!(report.faults[0].what.contains("cannot be believed"));
    assert!(report.faults[1].what.contains("a checkpoint of 9 entries stands after this entry"));
}

#[test]
fn of_more_faults_than_anybody_reads_the_first_are_kept_and_all_are_counted() {
    let mut audit = Audit::new(key(), vec![]);
    let lines = FINDINGS + 1_000;
    for _ in 0..lines {
        audit.entry(b"");
    }
    let report = audit.finish();
    // One more: there is no checkpoint.
    assert_eq!((report.faults.len(), report.fault_count), (FINDINGS, lines as u64 + 1));
    assert_eq!(report.entries, lines as u64);
}

#[test]
fn a_ledger_without_any_checkpoint_is_at_fault() {
    let all = leaves();
    let report = audit(vec![], &[Entries(&all)]);
    only(&report.faults, None, "no checkpoint was signed");
    assert_eq!(report.unusual, []);
}

#[test]
fn entries_behind_the_last_checkpoint_are_unusual() {
    let all = leaves();
    let report = audit(vec![], &[Entries(&all[..7]), Note(checkpoint(&all[..7])), Entries(&all[7..])]);
    assert_eq!(report.faults, []);
    only(&report.unusual, Some(8), "3 entries are under no");
    assert_eq!((report.entries, report.signed), (10, 7));
}

#[test]
fn every_checkpoint_that_does_not_fit_is_found_and_covers_nothing() {
    let all = leaves();
    let stranger = SigningKey::from_seed(&Zeroizing::new([6; 32]));
    let theirs = ledger_key(&"verify.example.org".parse().unwrap(), stranger.public()).unwrap();
    let elsewhere = ledger_key(&"verify.example.net".parse().unwrap(), signing_key().public()).unwrap();
    let (right, size) = (head(&all), 10);
    let (mut root, mut edited) = (right.root, all.clone());
    root[31] ^= 1;
    edited[3] = published(9).at(1).canonical_bytes();
    for (defect, note, says) in [
        ("another key", right.sign(&theirs, &stranger), "cannot be believed"),
        ("another key under our name and id", right.sign(&key(), &stranger), "cannot be believed"),
        ("another ledger's", right.sign(&elsewhere, &signing_key()), "cannot be believed"),
        ("not signed", checkpoint(&all).split_once("\n\n").unwrap().0.to_owned(), "cannot be believed"),
        ("no note", "checkpoint".into(), "cannot be believed"),
        ("empty", String::new(), "cannot be believed"),
        ("an older one", checkpoint(&all[..9]), "a checkpoint of 9 entries stands after this entry"),
        ("that of no entries", checkpoint(&[]), "a checkpoint of 0 entries stands after this entry"),
        ("a later one", Checkpoint { size: size + 1, ..right }.sign(&key(), &signing_key()), "a checkpoint of 11 entries stands"),
        ("another root", Checkpoint { root, ..right }.sign(&key(), &signing_key()), "was signed for"),
        ("of entries one of which was another", checkpoint(&edited), "was signed for"),
    ] {
        let report = audit(vec![], &[Entries(&all), Note(note)]);
        only(&report.faults, Some(size), says);
        assert_eq!((report.checkpoints, report.signed), (1, 0), "{defect}");
        only(&report.unusual, Some(1), "10 entries are under no");
    }
}

#[test]
fn a_checkpoint_of_nothing_must_have_the_root_of_nothing() {
    let note = Checkpoint { size: 0, root: [0; 32] }.sign(&key(), &signing_key());
    let faults = audit(vec![], &[Note(note)]).faults;
    only(&faults[..1], Some(0), "was signed for");
    only(&faults[1..], None, "there is no entry");
}

#[test]
fn kept_checkpoints_that_agree_are_named_in_order() {
    let all = leaves();
    let kept = vec![head(&all), head(&all[..3]), head(&all[..7]), head(&[])];
    let report = audit(
        kept,
        &[
            Entries(&all[..3]),
            Note(checkpoint(&all[..3])),
            Entries(&all[3..7]),
            Note(checkpoint(&all[..7])),
            Entries(&all[7..]),
            Note(checkpoint(&all)),
        ],
    );
    assert_eq!((report.faults, report.unusual), (vec![], vec![]));
    assert_eq!(report.kept, [3, 7, 10]);
}

#[test]
fn a_kept_checkpoint_of_other_entries_shows_that_one_was_changed() {
    let all = leaves();
    let mut before = all.clone();
    before[2] = published(9).at(1).canonical_bytes();
    let report = audit(
        vec![head(&before[..7]), head(&all)],
        &[Entries(&all[..7]), Note(checkpoint(&all[..7])), Entries(&all[7..]), Note(checkpoint(&all))],
    );
    only(&report.faults, Some(7), "are not those of the checkpoint that was kept");
    assert_eq!(report.kept, [10]);
}

#[test]
fn two_kept_checkpoints_of_one_size_are_both_compared() {
    let all = leaves();
    let mut before = all.clone();
    before[2] = published(9).at(1).canonical_bytes();
    for kept in [vec![head(&before), head(&all)], vec![head(&all), head(&before)]] {
        let report = audit(kept, &[Entries(&all), Note(checkpoint(&all))]);
        only(&report.faults, Some(10), "are not those of the checkpoint that was kept");
        assert_eq!(report.kept, [10]);
    }
}

#[test]
fn a_kept_checkpoint_of_more_entries_shows_that_some_are_missing() {
    let all = leaves();
    let report = audit(vec![head(&all)], &[Entries(&all[..9]), Note(checkpoint(&all[..9]))]);
    only(&report.faults, Some(9), "a checkpoint of 10 was kept: entries are missing");
    let report = audit(vec![head(&all)], &[]);
    only(&report.faults[..1], Some(0), "entries are missing");
    only(&report.faults[1..], None, "there is no entry");
}

#[test]
fn a_kept_checkpoint_that_is_missing_in_the_file_is_found() {
    let all = leaves();
    let report = audit(vec![head(&all[..7])], &[Entries(&all), Note(checkpoint(&all))]);
    only(&report.faults, Some(7), "was kept, but is missing here");
    assert_eq!(report.kept, [7]);
    // One that stands there, but cannot be believed, is as good as missing.
    let mut spoilt = checkpoint(&all[..7]);
    spoilt.insert(0, 'x');
    let report = audit(vec![head(&all[..7])], &[Entries(&all[..7]), Note(spoilt), Entries(&all[7..]), Note(checkpoint(&all))]);
    assert_eq!(report.faults.iter().map(|fault| fault.entry).collect::<Vec<_>>(), [Some(7), Some(7)]);
}

#[test]
fn a_line_that_is_no_event_is_found_and_still_counts_for_the_tree() {
    let right = published(9).at(1).canonical_bytes();
    let right = std::str::from_utf8(&right).unwrap();
    let (spaced, doubled) = (right.replace(':', ": "), right.replace('{', "{\"at\":1,"));
    let more = right.replace('{', "{\"and\":0,");
    for line in [
        spaced.as_str(),
        &doubled,
        &more,
        "",
        "{}",
        "null",
        "garbage",
        r#"{"at":1,"event":"officer_promoted"}"#,
        r#"{"event":"key_activated","at":1}"#,
        "\u{fffd}",
    ] {
        let mut all = leaves();
        all.insert(4, line.as_bytes().to_vec());
        let report = audit(vec![head(&all)], &[Entries(&all), Note(checkpoint(&all))]);
        only(&report.faults, Some(5), "not an event of the closed list");
        assert_eq!((report.entries, report.signed, report.kept), (11, 11, vec![11]), "{line}");
        assert_eq!(report.counts.values().sum::<u64>(), 10, "{line}");
    }
    let mut all = leaves();
    all[4] = vec![0xff, 0xfe];
    only(&audit(vec![], &[Entries(&all), Note(checkpoint(&all))]).faults, Some(5), "not an event of the closed list");
}

#[test]
fn the_longest_silence_is_named_by_the_entry_that_ended_it() {
    let mut book = Book::opened();
    book.after(3 * DAY, published(2)).after(DAY, published(3)).after(3 * DAY, published(4));
    // Where two are as long, the first.
    assert_eq!(book.report().longest_silence, Some(Silence { seconds: 3 * DAY, before: 11 }));
    let mut at_once = Book::empty();
    at_once.add(published(1)).after(0, published(2)).after(-MINUTE, published(3));
    assert_eq!(at_once.report().longest_silence, None);
}

#[test]
fn who_feeds_the_audit_may_add_what_only_they_see() {
    let mut audit = Audit::new(key(), vec![]);
    for leaf in leaves() {
        drop(audit.entry(&leaf));
    }
    audit.checkpoint(&checkpoint(&leaves()));
    audit.fault(Some(3), "a node is missing".into());
    only(&audit.finish().faults, Some(3), "a node is missing");
}

#[test]
fn the_audit_gives_back_the_nodes_that_each_entry_completes() {
    let (mut audit, mut tree) = (Audit::new(key(), vec![]), crate::grove::Tree::default());
    for (number, leaf) in (1..).zip(leaves()) {
        let completed = audit.entry(&leaf);
        tree.push(&leaf);
        assert_eq!(audit.size(), number);
        assert!(completed.iter().all(|(id, hash)| tree.node(*id) == *hash));
        assert_eq!(completed.len(), (number - 1).trailing_ones() as usize);
    }
}

#[test]
fn a_line_of_an_export_is_an_entry_or_a_checkpoint() {
    let (entry, note) = (leaves().swap_remove(0), checkpoint(&leaves()));
    assert_eq!(Line::read(&entry), Line::Entry(&entry));
    let line = Line::checkpoint(&note);
    assert!(!line.contains('\n'));
    assert_eq!(Line::read(line.as_bytes()), Line::Checkpoint(note));
    for garbage in [
        "",
        " ",
        "garbage",
        "{}",
        "[]",
        "\"checkpoint\"",
        r#"{"checkpoint":1}"#,
        r#"{"checkpoint":null}"#,
        r#"{"checkpoint":"a","checkpoint":"b"}"#,
        r#"{"checkpoint":"a","at":1}"#,
        r#"{"checkpoint":"a"} {}"#,
        r#"{"Checkpoint":"a"}"#,
    ] {
        assert_eq!(Line::read(garbage.as_bytes()), Line::Entry(garbage.as_bytes()), "{garbage}");
    }
    assert_eq!(Line::read(b"\xff"), Line::Entry(b"\xff"));
}
