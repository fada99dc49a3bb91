//! What may not be.

use countersign::{
    authority::{Role, Why},
    ledger::{Event, KeyCause::Renewed, VerifierKey},
    token::Channel::{InPerson, Online, Telephone},
};

use super::{Story, found, judged};
use crate::book::{
    Ask, DAY, LINK_LASTS, activated, actor, approved, checked, closed, copied, corrected, credential, enrolled, numbered, passkey,
    published, refused, reinstated, rekeyed, removed, retired, reviewed, revoked, speakable, suspended, swept, taken_back, tried,
    withdrawn,
};

const PEOPLE: &[Story] = &[
    ("an officer enrols", "falcon was no administrator", |book| {
        book.add(enrolled("robin", Role::Officer, "falcon"));
    }),
    ("somebody unknown enrols", "wren was no administrator", |book| {
        book.add(enrolled("robin", Role::Officer, "wren"));
    }),
    ("an approver suspends", "heron was no administrator", |book| {
        book.add(suspended("kestrel", "heron"));
    }),
    ("an overseer makes a credential", "owl was no administrator", |book| {
        book.add(credential("falcon", "owl"));
    }),
    ("an approver revokes a key", "heron was no administrator", |book| {
        book.add(revoked(1, "heron"));
    }),
    ("a callsign is enrolled again", "falcon was enrolled before", |book| {
        book.add(enrolled("falcon", Role::Approver, "otter"));
    }),
    ("a suspended callsign is enrolled again", "falcon was enrolled before", |book| {
        book.add(suspended("falcon", "otter")).add(enrolled("falcon", Role::Officer, "otter"));
    }),
    ("somebody unknown is suspended", "wren was nobody who could be suspended", |book| {
        book.add(suspended("wren", "otter"));
    }),
    ("somebody is suspended twice", "falcon was nobody who could be suspended", |book| {
        book.add(suspended("falcon", "otter")).add(suspended("falcon", "otter"));
    }),
    ("somebody who is not suspended is reinstated", "falcon was not suspended", |book| {
        book.add(reinstated("falcon", "otter"));
    }),
    ("an officer reinstates", "heron was no administrator", |book| {
        book.add(suspended("falcon", "otter")).add(reinstated("falcon", "heron"));
    }),
    ("somebody reinstates themselves", "swan lifted their own suspension", |book| {
        book.add(enrolled("swan", Role::Administrator, "otter")).add(suspended("swan", "otter")).add(reinstated("swan", "swan"));
    }),
    ("a token after a second suspension", "token 0000000000000001 was issued to falcon, who was suspended", |book| {
        book.add(suspended("falcon", "otter")).add(reinstated("falcon", "otter")).add(suspended("falcon", "otter")).issue(|_| {});
    }),
    ("a credential for somebody unknown", "wren was not enrolled", |book| {
        book.add(credential("wren", "otter"));
    }),
];

const WAYS: &[Story] = &[
    ("a credential is made twice", " was made before", |book| {
        book.add(credential("falcon", "otter")).add(credential("falcon", "otter"));
    }),
    ("a passkey that nobody registered is used", "falcon had no passkey", |book| {
        book.add(copied("key", "falcon"));
    }),
    ("another person's passkey is used", "falcon had no passkey", |book| {
        book.offer("one", "kestrel", "otter").add(passkey("key", "kestrel", "one")).add(copied("key", "falcon"));
    }),
    ("an approver makes a link", "heron was no administrator", |book| {
        book.offer("one", "falcon", "heron");
    }),
    ("a link for somebody unknown", "wren was not enrolled", |book| {
        book.offer("one", "wren", "otter");
    }),
    ("a link is made again after it was used", " was made before", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).offer("one", "falcon", "otter");
    }),
    ("a refusal is recorded twice", "falcon was refused the same twice in one second", |book| {
        book.add(tried("falcon", Why::OwnRequest)).after(0, tried("falcon", Why::OwnRequest));
    }),
    ("somebody unknown tries what they may not", "wren was not enrolled", |book| {
        book.add(tried("wren", Why::NotAllowed));
    }),
    ("a link is made twice", " was made before", |book| {
        book.offer("one", "falcon", "otter").offer("one", "falcon", "otter");
    }),
    ("a passkey without a link", "falcon had no link ", |book| {
        book.add(passkey("key", "falcon", "one"));
    }),
    ("a passkey with another person's link", "falcon had no link ", |book| {
        book.offer("one", "kestrel", "otter").add(passkey("key", "falcon", "one"));
    }),
    ("two passkeys with one link", "falcon had no link ", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).add(passkey("other", "falcon", "one"));
    }),
    ("a passkey at the second when its link ran out", "falcon had no link ", |book| {
        book.offer("one", "falcon", "otter").after(LINK_LASTS, passkey("key", "falcon", "one"));
    }),
    ("one passkey for two people", " was made before", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one"));
        book.offer("two", "kestrel", "otter").add(passkey("key", "kestrel", "two"));
    }),
    ("an officer revokes a passkey", "falcon was no administrator", |book| {
        book.add(credential("falcon", "otter")).add(closed("falcon", "falcon", "falcon"));
    }),
    ("a credential is revoked that was not made", "falcon had no passkey or credential ", |book| {
        book.add(closed("falcon", "falcon", "otter"));
    }),
    ("another person's credential is revoked", "kestrel had no passkey or credential ", |book| {
        book.add(credential("falcon", "otter")).add(closed("falcon", "kestrel", "otter"));
    }),
    ("a credential is revoked twice", "falcon had no passkey or credential ", |book| {
        book.add(credential("falcon", "otter")).add(closed("falcon", "falcon", "otter")).add(closed("falcon", "falcon", "otter"));
    }),
];

const REVIEWS: &[Story] = &[
    ("an officer reviews", "kestrel was no approver", |book| {
        let until = book.now + DAY;
        book.add(reviewed(1, "kestrel", InPerson, until, 3));
    }),
    ("a suspended approver reviews", "kite was suspended and could not decide", |book| {
        let until = book.now + DAY;
        book.add(suspended("kite", "otter")).add(reviewed(1, "kite", InPerson, until, 3));
    }),
    ("an approver reviews their own", "heron decided about their own request", |book| {
        let until = book.now + DAY;
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(approved(2, "kite")).add(reviewed(2, "heron", InPerson, until, 3));
    }),
    ("what was never asked for is reviewed", " was never asked for", |book| {
        let until = book.now + DAY;
        book.add(reviewed(9, "kite", InPerson, until, 3));
    }),
    ("a request that waits is reviewed", " was not in force and could not be changed", |book| {
        let until = book.now + DAY;
        book.add(Ask::number(2).event()).add(reviewed(2, "kite", InPerson, until, 3));
    }),
    ("what was withdrawn is reviewed", " was not in force and could not be changed", |book| {
        let until = book.now + DAY;
        book.add(taken_back(1, "falcon")).add(reviewed(1, "kite", InPerson, until, 3));
    }),
    ("what ran out this second is reviewed", " was not in force and could not be changed", |book| {
        let end = book.now + 600;
        book.add(reviewed(1, "kite", InPerson, end, 3)).after(540, reviewed(1, "kite", InPerson, end + DAY, 3));
    }),
    ("a review that changes nothing", " was changed to what it was", |book| {
        let until = book.now + DAY;
        book.add(reviewed(1, "kite", InPerson, until, 3)).add(reviewed(1, "kite", InPerson, until, 3));
    }),
    ("fewer tokens than were issued", " was changed to fewer tokens than were issued", |book| {
        let until = book.now + DAY;
        book.issue(|_| {}).issue(|token| token.number = 2).add(reviewed(1, "kite", InPerson, until, 1));
    }),
    ("a token by a channel that a review took away", " did not cover telephone", |book| {
        let until = book.now + DAY;
        book.add(reviewed(1, "kite", InPerson, until, 3)).issue(|token| token.channel = Telephone);
    }),
    ("a token after a review cut the time", " did not cover its time", |book| {
        let until = book.now + 180 + 300 - 61;
        book.add(reviewed(1, "kite", InPerson, until, 3)).issue(|_| {});
    }),
    ("a token after a review cut the number", " was used up", |book| {
        let until = book.now + DAY;
        book.issue(|_| {}).add(reviewed(1, "kite", InPerson, until, 1)).issue(|token| token.number = 2);
    }),
    ("a token after the reviewer was suspended", " was approved by kite, who was suspended", |book| {
        let until = book.now + DAY;
        book.add(reviewed(1, "kite", InPerson, until, 3)).add(suspended("kite", "otter")).issue(|_| {});
    }),
];

const AUTHORISATIONS: &[Story] = &[
    ("an administrator asks", "otter was no officer and could not ask", |book| {
        book.add(Ask { by: "otter", ..Ask::number(2) }.event());
    }),
    ("somebody unknown asks", "wren was no officer and could not ask", |book| {
        book.add(Ask { by: "wren", ..Ask::number(2) }.event());
    }),
    ("one id is asked for twice", "authorisation 0000000000000001 was asked for before", |book| {
        book.add(Ask { by: "kestrel", ..Ask::number(1) }.event());
    }),
    ("an officer approves", "kestrel was no approver", |book| {
        book.add(Ask::number(2).event()).add(approved(2, "kestrel"));
    }),
    ("an administrator approves", "otter was no approver", |book| {
        book.add(Ask::number(2).event()).add(approved(2, "otter"));
    }),
    ("somebody unknown approves", "wren was no approver", |book| {
        book.add(Ask::number(2).event()).add(approved(2, "wren"));
    }),
    ("an overseer refuses", "owl was no approver", |book| {
        book.add(Ask::number(2).event()).add(refused(2, "owl"));
    }),
    ("a suspended approver approves", "heron was suspended and could not decide", |book| {
        book.add(Ask::number(2).event()).add(suspended("heron", "otter")).add(approved(2, "heron"));
    }),
    ("a suspended approver refuses", "heron was suspended and could not decide", |book| {
        book.add(Ask::number(2).event()).add(suspended("heron", "otter")).add(refused(2, "heron"));
    }),
    ("what nobody asked for is approved", "authorisation 0000000000000007 was never asked for", |book| {
        book.add(approved(7, "heron"));
    }),
    ("what nobody asked for is refused", "authorisation 0000000000000007 was never asked for", |book| {
        book.add(refused(7, "heron"));
    }),
    ("what nobody asked for is withdrawn", "authorisation 0000000000000007 was never asked for", |book| {
        book.add(taken_back(7, "otter"));
    }),
    ("an approval is given twice", "authorisation 0000000000000001 was decided before", |book| {
        book.add(approved(1, "kite"));
    }),
    ("what was approved is refused", "authorisation 0000000000000001 was decided before", |book| {
        book.add(refused(1, "kite"));
    }),
    ("what was refused is approved", "authorisation 0000000000000002 was decided before", |book| {
        book.add(Ask::number(2).event()).add(refused(2, "heron")).add(approved(2, "kite"));
    }),
    ("what was withdrawn is approved", "authorisation 0000000000000002 was decided before", |book| {
        book.add(Ask::number(2).event()).add(taken_back(2, "falcon")).add(approved(2, "kite"));
    }),
    ("an approver approves their own request", "heron decided about their own request 0000000000000002", |book| {
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(approved(2, "heron"));
    }),
    ("an approver refuses their own request", "heron decided about their own request 0000000000000002", |book| {
        book.add(Ask { by: "heron", ..Ask::number(2) }.event()).add(refused(2, "heron"));
    }),
    ("another officer withdraws an authorisation", "authorisation 0000000000000001 was not kestrel's to withdraw", |book| {
        book.add(taken_back(1, "kestrel"));
    }),
    ("an overseer withdraws an authorisation", "authorisation 0000000000000001 was not owl's to withdraw", |book| {
        book.add(taken_back(1, "owl"));
    }),
    ("an authorisation is withdrawn twice", "authorisation 0000000000000001 could not be withdrawn any more", |book| {
        book.add(taken_back(1, "falcon")).add(taken_back(1, "heron"));
    }),
    ("what was refused is withdrawn", "authorisation 0000000000000002 could not be withdrawn any more", |book| {
        book.add(Ask::number(2).event()).add(refused(2, "heron")).add(taken_back(2, "falcon"));
    }),
];

const ISSUES: &[Story] = &[
    ("a token of eleven minutes", "token 0000000000000001 lived too long or was prepared too early", |book| {
        book.issue(|token| token.exp = token.iat + 601);
    }),
    ("a token of no time", "lived too long or was prepared too early", |book| {
        book.issue(|token| token.exp = token.iat);
    }),
    ("a token that ends before it begins", "lived too long or was prepared too early", |book| {
        book.issue(|token| token.exp = token.iat - 1);
    }),
    ("a token that begins when it is issued", "lived too long or was prepared too early", |book| {
        book.issue(|token| token.nbf = Some(token.iat));
    }),
    ("a token prepared for the day after tomorrow", "lived too long or was prepared too early", |book| {
        book.issue(|token| (token.nbf, token.exp) = (Some(token.iat + DAY + 1), token.iat + DAY + 301));
    }),
    ("a prepared token of eleven minutes", "lived too long or was prepared too early", |book| {
        book.issue(|token| (token.nbf, token.exp) = (Some(token.iat + DAY), token.iat + DAY + 601));
    }),
    ("a token by a key that nobody named", "token 0000000000000001 was not signed by the active key", |book| {
        book.issue(|token| token.key = 2);
    }),
    ("a token by a retired key", "was not signed by the active key", |book| {
        book.add(retired(1)).issue(|_| {});
    }),
    ("a token by a revoked key", "was not signed by the active key", |book| {
        book.add(revoked(1, "otter")).issue(|_| {});
    }),
    ("a token by the key before", "was not signed by the active key", |book| {
        book.add(retired(1)).add(activated(2)).issue(|_| {});
    }),
    ("a token for a suspended officer", "token 0000000000000001 was issued to falcon, who was suspended", |book| {
        book.add(suspended("falcon", "otter")).issue(|_| {});
    }),
    ("one id for two tokens", "token 0000000000000001 was issued before", |book| {
        book.issue(|_| {}).issue(|_| {});
    }),
    ("a token under nothing", "was issued under 0000000000000007, which was never asked for", |book| {
        book.issue(|token| token.under = 7);
    }),
    ("a token under what nobody has approved yet", "under 0000000000000002, which was asked", |book| {
        book.add(Ask::number(2).event()).issue(|token| token.under = 2);
    }),
    ("a token under what was refused", "under 0000000000000002, which was refused", |book| {
        book.add(Ask::number(2).event()).add(refused(2, "heron")).issue(|token| token.under = 2);
    }),
    ("a token under what was withdrawn", "under 0000000000000001, which was withdrawn", |book| {
        book.add(taken_back(1, "otter")).issue(|_| {});
    }),
    ("a token under the word of a suspended approver", "which was approved by heron, who was suspended", |book| {
        book.add(suspended("heron", "otter")).issue(|_| {});
    }),
    ("a token under another officer's authorisation", "which was falcon's, not kestrel's", |book| {
        book.issue(|token| token.by = "kestrel");
    }),
    ("a token by a channel that was not approved", "which did not cover online", |book| {
        book.issue(|token| token.channel = Online);
    }),
    ("a token before its authorisation begins", "which did not cover its time", |book| {
        let from = book.now + 3 * 60 + 1;
        book.add(Ask { from, ..Ask::number(2) }.event()).add(approved(2, "heron")).issue(|token| token.under = 2);
    }),
    ("a token that outlives its authorisation", "which did not cover its time", |book| {
        let until = book.now + 3 * 60 + 299;
        book.add(Ask { until, ..Ask::number(2) }.event()).add(approved(2, "heron")).issue(|token| token.under = 2);
    }),
    ("a prepared token that outlives its authorisation", "which did not cover its time", |book| {
        let until = book.now + DAY;
        book.add(Ask { until, ..Ask::number(2) }.event())
            .add(approved(2, "heron"))
            .issue(|token| (token.under, token.nbf, token.exp) = (2, Some(until - 299), until + 1));
    }),
    ("a token more than was approved", "token 0000000000000004 was issued under 0000000000000001, which was used up", |book| {
        for number in 1..=4 {
            book.issue(|token| token.number = number);
        }
    }),
];

const TOKENS: &[Story] = &[
    ("a token is issued with another person's credential", "which was no passkey or credential of falcon", |book| {
        book.add(credential("kestrel", "otter")).issue(|token| token.with = Some("kestrel"));
    }),
    ("a token is issued with a revoked passkey", "which was no passkey or credential of falcon", |book| {
        book.offer("one", "falcon", "otter").add(passkey("key", "falcon", "one")).add(closed("key", "falcon", "otter"));
        book.issue(|token| token.with = Some("key"));
    }),
    ("a token is issued with a credential that nobody made", "which was no passkey or credential of falcon", |book| {
        book.issue(|token| token.with = Some("key"));
    }),
    ("a token that nobody issued is made speakable", "token 0000000000000007 was never issued", |book| {
        book.add(speakable(7, "falcon"));
    }),
    ("a token that nobody issued is withdrawn", "token 0000000000000007 was never issued", |book| {
        book.add(withdrawn(7, "otter"));
    }),
    ("another officer makes a token speakable", "token 0000000000000001 was not kestrel's to touch", |book| {
        book.issue(|token| token.channel = Telephone).add(speakable(1, "kestrel"));
    }),
    ("an approver of others withdraws a token", "token 0000000000000001 was not kite's to touch", |book| {
        book.issue(|_| {}).add(withdrawn(1, "kite"));
    }),
    ("somebody unknown withdraws a token", "token 0000000000000001 was not wren's to touch", |book| {
        book.issue(|_| {}).add(withdrawn(1, "wren"));
    }),
    ("a token is withdrawn twice", "token 0000000000000001 was withdrawn before", |book| {
        book.issue(|_| {}).add(withdrawn(1, "falcon")).add(withdrawn(1, "otter"));
    }),
    ("an officer withdraws all", "falcon was no administrator", |book| {
        book.issue(|_| {}).add(swept("all", 1, "falcon"));
    }),
    ("a token is withdrawn once more after all were", "token 0000000000000001 was withdrawn before", |book| {
        book.issue(|_| {}).add(swept("all", 1, "otter")).add(withdrawn(1, "falcon"));
    }),
    ("a token that nobody issued is checked", "token 0000000000000007 was checked, but never issued", |book| {
        let now = book.now;
        book.add(checked(7, now));
    }),
    ("a token is made speakable twice", "token 0000000000000001 was made speakable before", |book| {
        book.issue(|_| {}).add(speakable(1, "falcon")).add(speakable(1, "falcon"));
    }),
    ("a token is checked first twice", "token 0000000000000001 was first checked before", |book| {
        let now = book.now;
        book.issue(|_| {}).add(checked(1, now + 60)).add(checked(1, now + 120));
    }),
];

const KEYS: &[Story] = &[
    ("a key set is published twice", "key set 1 was published after a newer one", |book| {
        book.add(published(1));
    }),
    ("an older key set is published", "key set 2 was published after a newer one", |book| {
        book.add(published(3)).add(published(2));
    }),
    ("the active key is removed", "was removed before it was retired", |book| {
        book.add(removed(1));
    }),
    ("a key that nobody named is removed", "was removed before it was retired", |book| {
        book.add(removed(2));
    }),
    ("a retired key is removed twice", "was removed twice", |book| {
        book.add(retired(1)).add(removed(1)).add(removed(1));
    }),
    ("a retired key comes back", "was used again after it was retired or revoked", |book| {
        book.add(retired(1)).add(activated(1));
    }),
    ("a revoked key comes back", "was used again after it was retired or revoked", |book| {
        book.add(revoked(1, "otter")).add(activated(1));
    }),
    ("two keys are active", "was made the active one beside another", |book| {
        book.add(activated(2));
    }),
    ("a key is retired that is not active", "was retired, but was not the active one", |book| {
        book.add(retired(2));
    }),
    ("a key is retired twice", "was retired, but was not the active one", |book| {
        book.add(retired(1)).add(retired(1));
    }),
    ("a revoked key is retired", "was retired, but was not the active one", |book| {
        book.add(revoked(1, "otter")).add(retired(1));
    }),
    ("a key is revoked twice", "was revoked before", |book| {
        book.add(revoked(1, "otter")).add(revoked(1, "otter"));
    }),
];

const LEDGER_KEYS: &[Story] = &[
    ("an officer replaces the ledger's key", "falcon was no administrator", |book| {
        let Event::LedgerKeyChanged { old, new, size, cause, reason, .. } = rekeyed(5, 6, 0, Renewed) else { unreachable!() };
        book.add(Event::LedgerKeyChanged { old, new, size, cause, reason, by: actor("falcon") });
    }),
    ("a key is replaced that was replaced before", "was replaced, but was not the one in force", |book| {
        book.add(rekeyed(5, 6, 0, Renewed)).add(rekeyed(5, 7, 0, Renewed));
    }),
    ("a key of the ledger comes back", " was used before", |book| {
        book.add(rekeyed(5, 6, 0, Renewed)).add(rekeyed(6, 5, 0, Renewed));
    }),
    ("a key is replaced by the same key", " was used before", |book| {
        book.add(rekeyed(5, 5, 0, Renewed));
    }),
    ("a key of another ledger takes over", " is another ledger's", |book| {
        let Event::LedgerKeyChanged { old, size, cause, reason, by, .. } = rekeyed(5, 6, 0, Renewed) else { unreachable!() };
        let new = Box::new(VerifierKey::new("verify.example.net/ledger".into(), numbered(6).public()).unwrap());
        book.add(Event::LedgerKeyChanged { old, new, size, cause, reason, by });
    }),
];

const CLOCKS: &[Story] = &[
    ("a purge mark is raised", "was not the clock's to correct", |book| {
        let now = book.now;
        book.add(corrected(now - 2 * DAY, now - DAY, "otter"));
    }),
    ("a purge mark is lowered to the future", "was not the clock's to correct", |book| {
        let now = book.now;
        book.add(corrected(now + 3 * DAY, now + 2 * DAY, "otter"));
    }),
    ("an officer corrects the clock", "falcon was no administrator", |book| {
        let now = book.now;
        book.add(corrected(now + DAY, now - DAY, "falcon"));
    }),
];

/// What each story ends with. A revocation, a refusal, a used counter, a correction, a lifted suspension and a change of the ledger's key are always remarked,
/// besides.
pub fn all() -> Vec<String> {
    let stories = [PEOPLE, WAYS, AUTHORISATIONS, REVIEWS, ISSUES, TOKENS, KEYS, LEDGER_KEYS, CLOCKS].into_iter().flatten();
    let tell = |story: &Story| {
        let (report, last) = judged(story);
        let always = [
            "was revoked by",
            " and was refused, because ",
            "old counter",
            "the ledger's key was replaced by ",
            " undid what a clock ",
            "the suspension of ",
        ];
        let always = |what: &str| always.iter().any(|part| what.contains(part));
        let others: Vec<_> = report.unusual.iter().filter(|finding| !always(&finding.what)).collect();
        assert!(others.is_empty(), "{}: {others:#?}", story.0);
        found(story, &report.faults, last)
    };
    stories.map(tell).collect()
}

#[test]
fn every_breach_is_found_at_its_entry_and_nothing_else() {
    assert_eq!(all().len(), 124);
}
