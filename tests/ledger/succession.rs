//! What an overseer who has one key of a ledger believes of the others.

use countersign::ledger::{
    Audit, Checkpoint, Entry, Finding, Handover,
    KeyCause::{self, Lost, Renewed, Restored},
    KeyChange, Lineage, Proof, ProofError, Report, Succession, tree,
};

use crate::{
    book::{Book, head, named, published, rekeyed, signed_by},
    grove::Tree,
};

/// A ledger in the making: entries, and checkpoints by keys with these numbers.
struct Log {
    book: Book,
    /// The size that a checkpoint covers, and its note.
    notes: Vec<(usize, String)>,
}

impl Log {
    fn begin() -> Self {
        let mut log = Self { book: Book::opened(), notes: vec![] };
        log.sign(&[5]);
        log
    }

    fn sign(&mut self, keys: &[u8]) -> &mut Self {
        let leaves = self.book.leaves();
        self.notes.push((leaves.len(), signed_by(&leaves, keys)));
        self
    }

    fn rekey(&mut self, old: u8, new: u8, cause: KeyCause) -> &mut Self {
        let size = self.notes.last().map_or(0, |(size, _)| *size as u64);
        self.book.add(rekeyed(old, new, size, cause));
        self
    }

    /// Something happens.
    fn act(&mut self) -> &mut Self {
        let version = self.book.entries.len() as u64;
        self.book.add(published(version));
        self
    }

    fn changes(&self) -> Vec<KeyChange> {
        (1..).zip(&self.book.entries).filter_map(|(number, entry)| KeyChange::of(number, entry)).collect()
    }

    fn audit(&self, given: u8, kept: Vec<Checkpoint>) -> Report {
        let keys = Succession::new(named(given), self.changes());
        let mut audit = Audit::of(&keys, named(given), kept);
        let signed = |audit: &mut Audit, size| {
            self.notes.iter().filter(|(covers, _)| *covers == size).for_each(|(_, note)| audit.checkpoint(note));
        };
        for (number, leaf) in (1..).zip(self.book.leaves()) {
            audit.entry(&leaf);
            signed(&mut audit, number);
        }
        audit.finish()
    }

    /// The proof of the change at an entry, under the first checkpoint that covers it.
    fn proof(&self, number: usize) -> Proof {
        let (leaves, index) = (self.book.leaves(), number as u64 - 1);
        let (size, checkpoint) = self.notes.iter().find(|(size, _)| *size >= number).unwrap().clone();
        let grown = Tree::of(&leaves[..size]);
        let path = tree::inclusion_proof(index, size as u64, |id| Ok::<_, ()>(grown.node(id))).unwrap();
        Proof { leaf: leaves[number - 1].clone(), index, path, checkpoint }
    }

    fn handovers(&self) -> Vec<Handover> {
        let proofs: Vec<Proof> = self.changes().iter().map(|change| self.proof(usize::try_from(change.number).unwrap())).collect();
        Handover::all(&proofs).unwrap()
    }
}

/// One finding, at this entry, that says this.
fn only(findings: &[Finding], entry: Option<u64>, says: &str) {
    let [finding] = findings else { panic!("not one that says {says:?}: {findings:#?}") };
    assert_eq!(finding.entry, entry, "{}", finding.what);
    assert!(finding.what.contains(says), "{:?} does not say {says:?}", finding.what);
}

/// Two changes, each with the word of the key before.
fn renewed_twice() -> Log {
    let mut log = Log::begin();
    log.rekey(5, 6, Renewed).sign(&[6, 5]).act().sign(&[6]).act().rekey(6, 7, Renewed).sign(&[7, 6]).act().sign(&[7]);
    log
}

#[test]
fn whichever_key_of_a_renewed_ledger_is_given_the_others_follow() {
    let log = renewed_twice();
    for given in [5, 6, 7] {
        let leaves = log.book.leaves();
        let report = log.audit(given, vec![head(&leaves[..10]), head(&leaves[..12]), head(&leaves)]);
        assert_eq!(report.faults, [], "given {given}");
        assert_eq!(report.unusual.iter().map(|found| found.entry).collect::<Vec<_>>(), [Some(11), Some(14)], "the changes alone");
        assert_eq!((report.signed, report.checkpoints, report.kept), (15, 5, vec![10, 12, 15]));
    }
}

#[test]
fn a_key_that_has_nothing_to_do_with_it_believes_nothing() {
    only(&renewed_twice().audit(8, vec![]).faults, None, "no checkpoint here is signed by the key that was given");
    // Nor one that the ledger names, but that never signed.
    let mut log = Log::begin();
    log.rekey(5, 6, Renewed);
    only(&log.audit(6, vec![]).faults, None, "no checkpoint here is signed by the key that was given");
    assert_eq!(log.audit(5, vec![]).faults, [], "until then the key before is enough");
}

#[test]
fn without_the_word_of_the_key_before_the_new_one_has_to_be_given() {
    for cause in [Lost, Renewed] {
        let mut log = Log::begin();
        log.rekey(5, 6, cause).sign(&[6]).act().sign(&[6]);
        only(&log.audit(5, vec![]).faults, Some(11), "the key before did not sign for this change");
        let report = log.audit(6, vec![head(&log.book.leaves()[..10])]);
        assert_eq!(report.faults, []);
        assert_eq!(report.kept, [10], "what was kept under the key before still counts");
        assert!(report.unusual.iter().any(|found| found.what.contains("the key before did not sign for this change")));
    }
    // The word has to be there with the first checkpoint.
    let mut late = Log::begin();
    late.rekey(5, 6, Renewed).sign(&[6]).act().sign(&[6, 5]);
    only(&late.audit(5, vec![]).faults, Some(11), "the key before did not sign for this change");
    // Of two changes at once each needs its own.
    let mut both = Log::begin();
    both.rekey(5, 6, Lost).rekey(6, 7, Renewed).sign(&[7, 6]);
    assert_eq!((both.audit(6, vec![]).faults, both.audit(7, vec![]).faults), (vec![], vec![]));
    only(&both.audit(5, vec![]).faults, Some(11), "the key before did not sign for this change");
}

#[test]
fn a_lost_key_behind_a_renewed_one_ends_what_both_lead_to() {
    let mut log = Log::begin();
    log.rekey(5, 6, Renewed).sign(&[6, 5]).rekey(6, 7, Lost).sign(&[7]);
    for given in [5, 6] {
        only(&log.audit(given, vec![]).faults, Some(12), "the key before did not sign for this change");
    }
    assert_eq!(log.audit(7, vec![]).faults, []);
}

#[test]
fn each_key_signs_at_its_time_alone() {
    let mut late = Log::begin();
    late.rekey(5, 6, Renewed).sign(&[6, 5]).act().sign(&[5]);
    let mut early = Log::begin();
    early.act().sign(&[6]).rekey(5, 6, Renewed).sign(&[6, 5]);
    for (log, at) in [(late, 12), (early, 11)] {
        for given in [5, 6] {
            let faults = log.audit(given, vec![]).faults;
            assert!(faults.iter().any(|fault| fault.entry == Some(at) && fault.what.contains("cannot be believed")), "{faults:#?}");
        }
    }
}

#[test]
fn a_change_says_what_the_key_before_signed() {
    for (said, cause, sound) in [(10, Renewed, true), (9, Renewed, false), (11, Lost, false), (0, Renewed, false), (40, Restored, true)] {
        let mut log = Log::begin();
        log.book.add(rekeyed(5, 6, said, cause));
        log.sign(&[6, 5]);
        let faults = log.audit(6, vec![]).faults;
        if sound {
            assert_eq!(faults, [], "{said}");
        } else {
            only(&faults, Some(11), &format!("replaced behind a checkpoint of {said} entries, but it signed 10"));
        }
    }
}

#[test]
fn what_was_lost_with_a_restored_copy_stays_a_fault_for_who_kept_more() {
    let mut longer = Log::begin();
    longer.act().act().act();
    let kept = head(&longer.book.leaves());
    let mut log = Log::begin();
    log.book.add(rekeyed(5, 6, 13, Restored));
    log.sign(&[6]);
    assert_eq!(log.audit(6, vec![]).faults, []);
    only(&log.audit(6, vec![kept]).faults, Some(11), "entries are missing");
}

#[test]
fn an_overseer_is_led_on_by_proofs() {
    let log = renewed_twice();
    let (handovers, first, newest) = (log.handovers(), &log.notes[0].1, &log.notes.last().unwrap().1);
    for (given, followed) in [(5, 2), (6, 1), (7, 0)] {
        let lineage = Lineage::of(&named(given), &handovers);
        assert_eq!((lineage.followed.len(), lineage.stopped.is_none()), (followed, true), "given {given}");
        assert_eq!(lineage.open_newest(newest).unwrap(), head(&log.book.leaves()));
        assert_eq!(lineage.open_kept(first).unwrap().size, 10, "kept under the first key");
        // Who has a key that was replaced signs nothing new with it.
        assert_eq!(lineage.open_newest(first), None, "given {given}");
    }
    let stranger = Lineage::of(&named(8), &handovers);
    assert_eq!((stranger.open_newest(newest), stranger.open_kept(first)), (None, None));
}

#[test]
fn an_overseer_is_not_led_on_without_the_word_of_the_key_before() {
    let mut log = Log::begin();
    log.rekey(5, 6, Lost).sign(&[6]).rekey(6, 7, Renewed).sign(&[7, 6]);
    let (handovers, newest) = (log.handovers(), &log.notes.last().unwrap().1);
    let lineage = Lineage::of(&named(5), &handovers);
    assert_eq!(lineage.stopped.as_ref().unwrap().change.number, 11);
    assert_eq!((lineage.open_newest(newest), lineage.followed.len()), (None, 0));
    assert!(Lineage::of(&named(6), &handovers).open_newest(newest).is_some());
    assert!(Lineage::of(&named(7), &handovers).open_kept(&log.notes[0].1).is_some());
}

#[test]
fn a_key_that_was_replaced_before_it_signed_anything_is_passed_through() {
    let mut log = Log::begin();
    log.rekey(5, 6, Renewed).act().rekey(6, 7, Restored).sign(&[7]).act().rekey(7, 8, Renewed).sign(&[8, 7]);
    let (handovers, kept) = (log.handovers(), &log.notes[0].1);
    assert_eq!(
        handovers.iter().map(|shown| (shown.by.clone(), shown.vouched)).collect::<Vec<_>>(),
        [(named(7), false), (named(7), false), (named(8), true)]
    );
    for given in [7, 8] {
        let lineage = Lineage::of(&named(given), &handovers);
        assert!(lineage.open_kept(kept).is_some() && lineage.open_newest(&log.notes[2].1).is_some(), "given {given}");
    }
    for given in [5, 6] {
        let lineage = Lineage::of(&named(given), &handovers);
        assert_eq!((lineage.followed.len(), lineage.open_newest(&log.notes[2].1)), (0, None), "given {given}");
        assert_eq!(lineage.stopped.unwrap().change.old, named(given));
    }
    // A key that is not known names no past.
    let strange = Lineage::of(&named(6), &handovers[..1]);
    assert!(strange.open_kept(kept).is_none(), "the signature is by 7, which nobody named");
}

#[test]
fn a_change_that_is_not_under_its_checkpoint_shows_nothing() {
    let log = renewed_twice();
    let good = log.proof(11);
    let open = |proof: &Proof| Handover::all(std::slice::from_ref(proof));
    assert!(open(&good).unwrap()[0].vouched);
    let mut elsewhere = good.clone();
    elsewhere.index = 9;
    assert!(matches!(open(&elsewhere), Err(ProofError::NotIncluded(_))));
    let mut another = good.clone();
    another.leaf = rekeyed(5, 8, 10, Renewed).at(1).canonical_bytes();
    assert!(matches!(open(&another), Err(ProofError::Checkpoint(_))), "the new key has to sign");
    let mut no_change = good.clone();
    no_change.leaf = Entry::canonical_bytes(&published(1).at(1));
    assert!(matches!(open(&no_change), Err(ProofError::Malformed)));
    let mut unsigned = good;
    unsigned.checkpoint = log.notes[0].1.clone();
    assert!(matches!(open(&unsigned), Err(ProofError::Checkpoint(_))));
}
