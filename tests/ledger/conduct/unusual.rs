//! What may be, and somebody should look at; and the same a second earlier or later, which is nothing.

use countersign::{
    authority::{Role, Why},
    ledger::{Event, KeyCause},
    token::{
        Channel::{InPerson, Telephone},
        LEEWAY,
    },
};

use super::{Story, found, judged};
use crate::book::{
    Ask, Book, DAY, LINK_LASTS, activated, approved, checked, closed, copied, corrected, credential, enrolled, only_closed, passkey,
    published, refused, reinstated, rekeyed, removed, retired, reviewed, revoked, speakable, suspended, swept, taken_back, tried,
    withdrawn,
};

/// Otter, who was an administrator, was suspended by another one.
fn without_otter(book: &mut Book) -> &mut Book {
    book.add(enrolled("swan", Role::Administrator, "*operator")).add(suspended("otter", "swan"))
}

const UNUSUAL: &[Story] = &[
    ("the ledger's key is replaced", "behind a checkpoint of 0 entries, because it was time", |book| {
        book.add(rekeyed(5, 6, 0, KeyCause::Renewed));
    }),
    ("the ledger's key is replaced for a reason", "because the key before was stolen (a burglary)", |book| {
        let Event::LedgerKeyChanged { old, new, size, cause, by, .. } = rekeyed(5, 6, 0, KeyCause::Stolen) else { unreachable!() };
        book.add(Event::LedgerKeyChanged { old, new, size, cause, reason: Some("a burglary".into()), by });
    }),
    ("the clock is set back by over a minute", "the clock was set back by 61 seconds", |book| {
        book.after(-61, published(2));
    }),
    ("a suspension is lifted", "the suspension of falcon was lifted by otter: a slip", |book| {
        book.add(suspended("falcon", "otter")).add(reinstated("falcon", "otter"));
    }),
    ("a suspended administrator enrols", "otter acted just after being suspended", |book| {
        without_otter(book).add(enrolled("robin", Role::Officer, "otter"));
    }),
    ("a suspended administrator suspends", "otter acted just after being suspended", |book| {
        without_otter(book).add(suspended("falcon", "otter"));
    }),
    ("a suspended administrator makes a credential", "otter acted just after being suspended", |book| {
        without_otter(book).add(credential("falcon", "otter"));
    }),
    ("a suspended officer asks", "falcon acted just after being suspended", |book| {
        book.add(suspended("falcon", "otter")).add(Ask::number(2).event());
    }),
    ("a suspended officer takes an authorisation back", "falcon acted just after being suspended", |book| {
        book.add(suspended("falcon", "otter")).add(taken_back(1, "falcon"));
    }),
    ("a suspended officer withdraws a token", "falcon acted just after being suspended", |book| {
        book.issue(|_| {}).add(suspended("falcon", "otter")).add(withdrawn(1, "falcon"));
    }),
    ("a token is checked after its officer was suspended", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(suspended("falcon", "otter")).add(checked(1, minute));
    }),
    ("a token is checked after its authorisation was withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(taken_back(1, "falcon")).add(checked(1, minute));
    }),
    ("an approval within nine seconds", "heron approved authorisation 0000000000000002 after 9 seconds", |book| {
        book.add(Ask::number(2).event()).after(9, approved(2, "heron"));
    }),
    ("an approval before the request", "heron approved authorisation 0000000000000002 after -9 seconds", |book| {
        book.add(Ask::number(2).event()).after(-9, approved(2, "heron"));
    }),
    ("two who approve each other", "heron and kite approve each other's requests", |book| {
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(approved(2, "kite"));
        book.add(Ask { by: "kite", ..Ask::number(3) }.event()).add(approved(3, "heron"));
    }),
    ("a token that says it was issued a second before", "token 0000000000000001 says that it was issued at another time", |book| {
        book.issue(|token| token.iat -= 1);
    }),
    ("a token that says it was issued a second later", "token 0000000000000001 says that it was issued at another time", |book| {
        book.issue(|token| token.iat += 1);
    }),
    ("a purge mark is lowered", "otter undid what a clock that was ahead had left; 2 tokens count as withdrawn", |book| {
        let now = book.now;
        book.add(corrected(now + 2 * 86_400, now - 86_400, "otter"));
    }),
    ("a newest time is corrected", "otter undid what a clock that was ahead had left; 2 tokens count as withdrawn", |book| {
        let now = book.now;
        book.add(corrected(now - 86_400, now - 86_400, "otter"));
    }),
    ("a key is revoked", "was revoked by otter: stolen", |book| {
        book.add(revoked(1, "otter"));
    }),
    ("a token is checked two minutes before its time", "token 0000000000000001 was checked outside of its time", |book| {
        let minute = book.now + 60;
        book.issue(|token| (token.nbf, token.exp) = (Some(minute + 120), minute + 420)).add(checked(1, minute));
    }),
    ("a token is checked over a minute after its time", "token 0000000000000001 was checked outside of its time", |book| {
        let minute = book.now + 60 + 300 + 61;
        book.issue(|_| {}).after(400, checked(1, minute));
    }),
    ("a token is checked after it was withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(withdrawn(1, "falcon")).add(checked(1, minute));
    }),
    ("a token is checked after its approver was suspended", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(suspended("heron", "otter")).add(checked(1, minute));
    }),
    ("a token is checked after a review took its channel away", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let (minute, until) = (book.now + 120 + 1, book.now + DAY);
        book.issue(|_| {}).add(reviewed(1, "kite", Telephone, until, 3)).add(checked(1, minute));
    }),
    ("a token is checked after a review cut its time", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let (minute, until) = (book.now + 120 + 1, book.now + 60 + 299);
        book.issue(|_| {}).add(reviewed(1, "kite", InPerson, until, 3)).add(checked(1, minute));
    }),
    ("a suspended person registers a passkey", "falcon acted just after being suspended", |book| {
        book.offer("one", "falcon", "otter").add(suspended("falcon", "otter")).add(passkey("key", "falcon", "one"));
    }),
    ("somebody tries what they may not", "falcon tried to approve an authorisation and was refused, because the request was", |book| {
        book.add(tried("falcon", Why::OwnRequest));
    }),
    ("a passkey's counter goes back", "of falcon was used with an old counter; there may be a copy of it", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).add(copied("key", "falcon"));
    }),
    ("a token is checked after its credential was revoked", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 180 + 1;
        book.add(credential("falcon", "otter")).issue(|token| token.with = Some("falcon"));
        book.add(closed("falcon", "falcon", "otter")).add(checked(1, minute));
    }),
    (
        "a token of no known credential is checked after any was revoked",
        "token 0000000000000001 was checked after it was withdrawn",
        |book| {
            let minute = book.now + 180 + 1;
            book.add(credential("falcon", "otter")).issue(|_| {}).add(closed("falcon", "falcon", "otter")).add(checked(1, minute));
        },
    ),
    ("a token is checked after all were withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(swept("all", 1, "otter")).add(checked(1, minute));
    }),
    ("a token is checked after its approver's were withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(swept("person:heron", 1, "*operator")).add(checked(1, minute));
    }),
    ("a token is checked after its channel's were withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(swept("channel:in-person", 1, "otter")).add(checked(1, minute));
    }),
    ("a token is checked after its authorisation's were withdrawn", "token 0000000000000001 was checked after it was withdrawn", |book| {
        let minute = book.now + 120 + 1;
        book.issue(|_| {}).add(swept("1", 1, "otter")).add(checked(1, minute));
    }),
    ("fewer were withdrawn than could be", "1 tokens were withdrawn together, and 2 could be checked", |book| {
        book.issue(|_| {}).issue(|token| token.number = 2).add(swept("all", 1, "otter"));
    }),
    ("more were withdrawn than could be", "1 tokens were withdrawn together, and 0 could be checked", |book| {
        book.issue(|_| {}).add(withdrawn(1, "falcon")).add(swept("all", 1, "otter"));
    }),
    ("a suspended administrator withdraws all", "otter acted just after being suspended", |book| {
        without_otter(book).add(swept("all", 0, "otter"));
    }),
    ("a check is reported over three minutes later", "the check of token 0000000000000001 was reported 181 seconds later", |book| {
        let minute = book.now + 60;
        book.issue(|_| {}).after(181, checked(1, minute));
    }),
];

/// Nothing is said.
const USUAL: &[Story] = &[
    ("the clock is set back by a minute", "", |book| {
        book.after(-60, published(2));
    }),
    ("a token that was issued with another credential is checked", "", |book| {
        let minute = book.now + 240 + 1;
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).add(credential("falcon", "otter"));
        book.issue(|token| token.with = Some("key")).add(closed("falcon", "falcon", "otter"));
        book.add(checked(1, minute - minute % 60 + 60));
    }),
    ("a token is checked after another person's credential was revoked", "", |book| {
        book.add(credential("kestrel", "otter")).issue(|_| {}).add(closed("kestrel", "kestrel", "otter"));
        let minute = book.now;
        book.add(checked(1, minute));
    }),
    ("a token is checked after a revocation that withdrew none yet", "", |book| {
        book.add(credential("falcon", "otter")).issue(|_| {}).add(only_closed("falcon", "falcon", "otter"));
        let minute = book.now;
        book.add(checked(1, minute));
    }),
    ("a token is issued and checked after one's credential was revoked", "", |book| {
        book.add(credential("falcon", "otter")).add(closed("falcon", "falcon", "otter")).issue(|_| {});
        let minute = book.now;
        book.add(checked(1, minute));
    }),
    ("tokens of others are withdrawn", "", |book| {
        book.issue(|_| {}).add(swept("channel:online", 0, "otter")).add(swept("person:kite", 0, "otter")).add(swept("2", 0, "otter"));
        let minute = book.now;
        book.add(checked(1, minute));
    }),
    ("an approver reviews after their tokens were withdrawn", "", |book| {
        let until = book.now + DAY;
        book.issue(|_| {}).add(swept("person:kite", 0, "otter")).add(reviewed(1, "kite", InPerson, until, 3));
        let minute = book.now;
        book.add(checked(1, minute));
    }),
    ("what expired so long before that nobody can check it is not withdrawn", "", |book| {
        book.issue(|_| {}).after(300 + LEEWAY, swept("all", 0, "otter"));
    }),
    ("what expired a second later is", "", |book| {
        book.issue(|_| {}).after(299 + LEEWAY, swept("all", 1, "otter")).add(swept("all", 0, "otter"));
    }),
    ("the operator does what administrators do", "", |book| {
        book.add(enrolled("robin", Role::Officer, "*operator")).add(credential("robin", "*operator")).add(suspended("robin", "*operator"));
    }),
    ("an approver asks, another approves", "", |book| {
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(approved(2, "kite"));
        book.issue(|token| (token.by, token.under) = ("heron", 2));
    }),
    ("one pair works together often", "", |book| {
        book.add(Ask::number(2).event()).add(approved(2, "heron")).add(Ask::number(3).event()).add(approved(3, "heron"));
    }),
    ("an approval after ten seconds", "", |book| {
        book.add(Ask::number(2).event()).after(10, approved(2, "heron"));
    }),
    ("a refusal at once", "", |book| {
        book.add(Ask::number(2).event()).after(0, refused(2, "heron"));
    }),
    ("two who refuse each other", "", |book| {
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(refused(2, "kite"));
        book.add(Ask { by: "kite", ..Ask::number(3) }.event()).add(refused(3, "heron"));
    }),
    ("an authorisation is withdrawn by its officer, an approver and an administrator", "", |book| {
        book.add(taken_back(1, "falcon"));
        book.add(Ask::number(2).event()).add(approved(2, "heron")).add(taken_back(2, "kite"));
        book.add(Ask::number(3).event()).add(taken_back(3, "otter"));
    }),
    ("two passkeys of one person, the first revoked", "", |book| {
        book.offer("one", "falcon", "otter").offer("two", "falcon", "*operator");
        book.add(passkey("key", "falcon", "one")).add(passkey("other", "falcon", "two")).add(closed("key", "falcon", "otter"));
    }),
    ("a revoked passkey is registered once more", "", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).add(closed("key", "falcon", "otter"));
        book.offer("two", "falcon", "otter").add(passkey("key", "falcon", "two")).add(closed("key", "falcon", "otter"));
    }),
    ("a passkey in the last second of its link", "", |book| {
        book.offer("one", "falcon", "otter").after(LINK_LASTS - 1, passkey("key", "falcon", "one"));
    }),
    ("an authorisation is extended in its last second, and used", "", |book| {
        let end = book.now + 600;
        book.add(reviewed(1, "kite", InPerson, end, 3)).after(539, reviewed(1, "heron", InPerson, end + DAY, 4)).issue(|_| {});
    }),
    ("a token that a review left alone is checked", "", |book| {
        let (minute, until) = (book.now + 120 + 1, book.now + 60 + 300);
        book.issue(|_| {}).add(reviewed(1, "kite", InPerson, until, 1)).add(checked(1, minute));
    }),
    ("a token is issued and checked after an earlier narrowing was undone", "", |book| {
        let (minute, until) = (book.now + 240 + 1, book.now + DAY);
        book.add(reviewed(1, "kite", Telephone, until, 3))
            .add(reviewed(1, "kite", InPerson, until, 3))
            .issue(|_| {})
            .add(checked(1, minute));
    }),
    ("who answered before a review is suspended", "", |book| {
        let until = book.now + DAY;
        book.add(reviewed(1, "kite", InPerson, until, 3)).add(suspended("heron", "otter")).issue(|_| {});
    }),
    ("a token of ten minutes", "", |book| {
        book.issue(|token| token.exp = token.iat + 600);
    }),
    ("a token prepared a day ahead", "", |book| {
        book.issue(|token| (token.nbf, token.exp) = (Some(token.iat + DAY), token.iat + DAY + 600));
    }),
    ("a token from the first to the last second of its authorisation", "", |book| {
        let (from, until) = (book.now + 180, book.now + 180 + 300);
        book.add(Ask { from, until, ..Ask::number(2) }.event()).add(approved(2, "heron")).issue(|token| token.under = 2);
    }),
    ("as many tokens as were approved", "", |book| {
        for number in 1..=3 {
            book.issue(|token| token.number = number);
        }
    }),
    ("a token is touched by its officer, its approver and an administrator", "", |book| {
        book.issue(|_| {}).add(speakable(1, "falcon")).add(withdrawn(1, "otter"));
        book.issue(|token| token.number = 2).add(speakable(2, "heron")).add(withdrawn(2, "heron"));
    }),
    ("a token while another approver is suspended", "", |book| {
        book.add(suspended("kite", "otter")).issue(|_| {});
    }),
    ("a token is checked in the minute before its time, by a clock that is a minute behind", "", |book| {
        let minute = book.now + 60;
        book.issue(|token| (token.nbf, token.exp) = (Some(minute + 119), minute + 419)).add(checked(1, minute));
    }),
    ("a token is checked a minute after its time", "", |book| {
        let minute = book.now + 60 + 300 + 60;
        book.issue(|_| {}).after(400, checked(1, minute));
    }),
    ("a token is checked in the second in which it is withdrawn", "", |book| {
        let minute = book.now + 120;
        book.issue(|_| {}).add(withdrawn(1, "falcon")).add(checked(1, minute));
    }),
    ("a check is reported three minutes later", "", |book| {
        let minute = book.now + 60;
        book.issue(|_| {}).after(180, checked(1, minute));
    }),
    ("keys follow one another", "", |book| {
        book.add(published(2)).add(retired(1)).add(activated(2)).issue(|token| token.key = 2).add(removed(1)).add(published(4));
    }),
];

/// What each story ends with.
pub fn all() -> Vec<String> {
    let tell = |story: &Story| {
        let (report, last) = judged(story);
        assert_eq!(report.faults, [], "{}", story.0);
        found(story, &report.unusual, last)
    };
    UNUSUAL.iter().map(tell).collect()
}

#[test]
fn everything_unusual_is_remarked_at_its_entry_and_nothing_else() {
    assert_eq!(all().len(), 39);
}

#[test]
fn what_is_just_allowed_is_not_remarked() {
    for story in USUAL {
        let (report, _) = judged(story);
        assert_eq!((report.faults, report.unusual), (vec![], vec![]), "{}", story.0);
    }
}

#[test]
fn what_a_clock_that_was_ahead_withdrew_is_counted_once() {
    let mut book = Book::opened();
    book.issue(|_| {}).issue(|token| token.number = 2).after(3 * DAY, swept("channel:in-person", 2, "otter"));
    book.after(-3 * DAY, published(2)).issue(|token| token.number = 3).add(swept("all", 1, "otter"));
    let report = book.report();
    let [unusual] = &report.unusual[..] else { panic!("{:?}", report.unusual) };
    assert_eq!((report.faults, unusual.what.as_str()), (vec![], "the clock was set back by 259200 seconds"));
}

#[test]
fn a_pair_that_approves_each_other_is_remarked_once() {
    let mut book = Book::opened();
    for (number, by, approver) in [(2, "heron", "kite"), (3, "kite", "heron"), (4, "heron", "kite"), (5, "kite", "heron")] {
        book.add(Ask { by, ..Ask::number(number) }.event()).add(approved(number, approver));
    }
    assert_eq!(book.report().unusual.len(), 1);
}

#[test]
fn a_check_after_the_key_was_revoked_is_remarked_besides_the_revocation() {
    let mut book = Book::opened();
    let minute = book.now + 120 + 1;
    book.issue(|_| {}).add(revoked(1, "otter")).add(checked(1, minute));
    let report = book.report();
    assert_eq!((report.faults, report.unusual.len()), (vec![], 2));
    assert_eq!(report.unusual[1].what, "token 0000000000000001 was checked after it was withdrawn");
}

#[test]
fn what_a_suspension_ended_stays_ended_when_it_is_lifted() {
    let mut book = Book::opened();
    let minute = book.now + 240 + 1;
    book.issue(|_| {}).add(suspended("falcon", "otter")).add(reinstated("falcon", "otter")).add(checked(1, minute));
    let report = book.report();
    assert_eq!((report.faults, report.unusual.len()), (vec![], 2));
    assert_eq!(report.unusual[1].what, "token 0000000000000001 was checked after it was withdrawn");
    let mut book = Book::opened();
    book.add(suspended("falcon", "otter")).add(reinstated("falcon", "otter")).issue(|_| {});
    let minute = book.now;
    let report = book.add(checked(1, minute)).report();
    assert_eq!((report.faults, report.unusual.len()), (vec![], 1), "a token from after it is as any other");
}

#[test]
fn a_suspended_administrator_who_revokes_a_key_is_remarked_besides_the_revocation() {
    let mut book = Book::opened();
    without_otter(&mut book).add(revoked(1, "otter"));
    let report = book.report();
    assert_eq!(report.faults, []);
    let last = Some(book.entries.len() as u64);
    assert!(report.unusual.iter().all(|finding| finding.entry == last));
    assert_eq!(report.unusual.len(), 2);
    assert!(report.unusual[0].what.contains("acted just after being suspended"), "{:?}", report.unusual);
}
