//! A ledger in which everything that can happen happened as it may.

use std::collections::BTreeMap;

use countersign::{
    authority::{Role, Why},
    ledger::{Entry, KeyCause},
    token::Channel::InPerson,
};

use crate::book::{
    Ask, Book, DAY, MINUTE, activated, approved, checked, closed, copied, corrected, credential, enrolled, passkey, published, refused,
    reinstated, rekeyed, removed, retired, reviewed, revoked, speakable, suspended, swept, taken_back, tried, withdrawn,
};

/// Every kind of event.
fn sound() -> Book {
    let mut book = Book::opened();
    book.add(credential("falcon", "otter"));
    book.offer("two", "heron", "otter").add(passkey("phone", "heron", "two")).add(copied("phone", "heron"));
    book.offer("one", "kite", "otter").add(passkey("key", "kite", "one")).add(closed("key", "kite", "otter"));
    let until = book.now + DAY;
    book.add(reviewed(1, "kite", InPerson, until, 4)).add(tried("heron", Why::NotTheirs));
    book.issue(|_| {}).add(speakable(1, "falcon"));
    let minute = book.now;
    book.add(checked(1, minute));
    book.issue(|token| (token.number, token.nbf, token.exp) = (2, Some(token.iat + 3_600), token.iat + 4_000)).add(withdrawn(2, "kite"));
    book.issue(|token| (token.number, token.with) = (4, Some("falcon"))).add(swept("all", 1, "otter"));
    book.add(Ask { by: "kestrel", ..Ask::number(2) }.event()).add(refused(2, "kite"));
    book.add(Ask { by: "kestrel", ..Ask::number(3) }.event()).add(approved(3, "kite")).add(taken_back(3, "otter"));
    book.add(published(2)).add(retired(1)).add(activated(2)).add(removed(1));
    book.issue(|token| (token.number, token.key) = (3, 2));
    book.add(enrolled("robin", Role::Officer, "otter")).add(suspended("robin", "otter")).add(reinstated("robin", "otter"));
    let now = book.now;
    book.add(corrected(now + DAY, now - DAY, "otter"));
    book.add(revoked(2, "otter")).add(published(3)).add(activated(3));
    book.add(rekeyed(5, 6, 0, KeyCause::Renewed));
    book
}

#[test]
fn a_sound_ledger_has_no_fault_and_only_what_somebody_should_look_at_is_unusual() {
    let book = sound();
    let report = book.report();
    assert_eq!(report.faults, []);
    let [copy, refusal, lifted, correction, revocation, rekeyed] = report.unusual.as_slice() else { panic!("{:#?}", report.unusual) };
    assert!(revocation.what.contains("was revoked by otter: stolen"), "{revocation:?}");
    assert!(copy.what.contains("of heron was used with an old counter"), "{copy:?}");
    assert_eq!(lifted.what, "the suspension of robin was lifted by otter: a slip");
    assert!(correction.what.contains("otter undid what a clock that was ahead had left"), "{correction:?}");
    assert!(refusal.what.contains("heron tried to approve an authorisation"), "{refusal:?}");
    assert!(rekeyed.what.contains("the ledger's key was replaced by "), "{rekeyed:?}");
    assert_eq!(revocation.entry, Some(book.entries.len() as u64 - 3));
}

#[test]
fn a_report_counts_every_kind_of_event_and_names_the_period() {
    let book = sound();
    let report = book.report();
    let expected = BTreeMap::from(
        [
            ("access_revoked", 1),
            ("act_refused", 1),
            ("authorisation_approved", 2),
            ("authorisation_asked", 3),
            ("authorisation_refused", 1),
            ("authorisation_reviewed", 1),
            ("authorisation_withdrawn", 1),
            ("clock_corrected", 1),
            ("credential_made", 1),
            ("first_check_reported", 1),
            ("key_activated", 3),
            ("key_removed", 1),
            ("key_retired", 1),
            ("key_revoked", 1),
            ("key_set_published", 3),
            ("ledger_key_changed", 1),
            ("link_made", 2),
            ("officer_enrolled", 7),
            ("officer_reinstated", 1),
            ("officer_suspended", 1),
            ("passkey_counter_regressed", 1),
            ("passkey_registered", 2),
            ("token_issued", 4),
            ("token_made_speakable", 1),
            ("token_withdrawn", 1),
            ("tokens_withdrawn", 1),
        ]
        .map(|(kind, count)| (kind.to_owned(), count)),
    );
    assert_eq!(report.counts, expected);
    let entries = book.entries.len() as u64;
    assert_eq!((report.entries, report.signed, report.checkpoints), (entries, entries, 1));
    assert_eq!(report.period, Some((book.entries[0].at, book.now)));
    assert_eq!(report.longest_silence.map(|silence| silence.seconds), Some(MINUTE));
    assert_eq!(report.ledger, "verify.example.org/ledger");
}

#[test]
fn every_kind_of_event_is_read_back_from_its_bytes() {
    for entry in sound().entries {
        assert_eq!(Entry::parse(&entry.canonical_bytes()), Ok(entry));
    }
}

#[test]
fn before_the_ledger_tells_of_keys_any_key_may_sign() {
    let mut book = Book::with_people();
    book.add(Ask::number(1).event()).add(approved(1, "heron")).issue(|token| token.key = 9);
    book.add(activated(1)).issue(|token| token.number = 2);
    let report = book.report();
    assert_eq!((report.faults, report.unusual), (vec![], vec![]));
    let last = book.issue(|token| (token.number, token.key) = (3, 9)).entries.len() as u64;
    assert_eq!(book.report().faults.iter().map(|fault| fault.entry).collect::<Vec<_>>(), [Some(last)]);
}
