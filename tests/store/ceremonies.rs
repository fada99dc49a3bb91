//! Ceremonies that wait for their answers: taken once, by whichever process, and each share bounds itself alone.

use countersign::{
    authority::AccessHash,
    store::{
        CEREMONY_LASTS, Ceremony, CeremonyKind, IssueRefusal, IssuerStore, MOST_CEREMONIES, NewCeremony, NewToken, PasskeyUse,
        SESSION_SKEW, Share,
    },
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    access::hash,
    acts::{NOW, World, entry, entry_at, new_token},
};

use CeremonyKind::{Confirm, Register, SignIn};

fn name(n: u32) -> AccessHash {
    AccessHash::of(&n.to_be_bytes())
}

fn share(own: u32, together: u32) -> Share {
    Share { own: name(own).0, together: name(together).0 }
}

fn ceremony(n: u32) -> Ceremony {
    Ceremony { bound: Some(name(n)), challenge: name(n).0, counters: vec![(name(n), n), (name(n + 1), u32::MAX)] }
}

fn new(n: u32, kind: CeremonyKind, share: Share) -> NewCeremony {
    NewCeremony { hash: name(n), kind, ceremony: ceremony(n), share, begun_at: NOW }
}

async fn begun(issuer: &dyn IssuerStore, numbers: impl IntoIterator<Item = u32>, kind: CeremonyKind, share: impl Fn(u32) -> Share) {
    for n in numbers {
        issuer.begin_ceremony(new(n, kind, share(n))).await.unwrap();
    }
}

/// Which of them still wait.
async fn waiting(issuer: &dyn IssuerStore, numbers: impl IntoIterator<Item = u32>, kind: CeremonyKind) -> Vec<u32> {
    let mut waiting = vec![];
    for n in numbers {
        waiting.extend(issuer.take_ceremony(name(n), kind, NOW).await.unwrap().map(|_| n));
    }
    waiting
}

pub async fn a_ceremony_begun_here_is_ended_there_and_once(backend: &dyn Backend) {
    let (here, there) = (backend.open().await.issuer, backend.open().await.issuer);
    for (n, kind) in [(1, Register), (2, SignIn), (3, Confirm)] {
        begun(&*here, [n], kind, |n| share(n, n)).await;
        for other in [Register, SignIn, Confirm] {
            if other != kind {
                assert_eq!(there.take_ceremony(name(n), other, NOW).await.unwrap(), None, "one kind is no other");
            }
        }
        assert_eq!(there.take_ceremony(name(n), kind, NOW).await.unwrap(), Some(ceremony(n)));
        assert_eq!(here.take_ceremony(name(n), kind, NOW).await.unwrap(), None);
    }
    let nothing = Ceremony { bound: None, challenge: [0; 32], counters: vec![] };
    here.begin_ceremony(NewCeremony { ceremony: nothing.clone(), ..new(4, SignIn, share(4, 4)) }).await.unwrap();
    let mut racing = JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { here.clone() } else { there.clone() };
        racing.spawn(async move { store.take_ceremony(name(4), SignIn, NOW).await.unwrap() });
    }
    let taken: Vec<_> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, [nothing]);
}

pub async fn a_ceremony_waits_for_two_minutes(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    let times = [(0, true), (CEREMONY_LASTS - 1, true), (CEREMONY_LASTS, false), (-SESSION_SKEW, true), (-SESSION_SKEW - 1, false)];
    for (n, (passed, waits)) in (1..).zip(times) {
        begun(issuer, [n, n + 100], Confirm, |n| share(n, n)).await;
        assert_eq!(issuer.confirmation(name(n), NOW + passed).await.unwrap().is_some(), waits, "{passed}");
        assert_eq!(issuer.take_ceremony(name(n), Confirm, NOW + passed).await.unwrap().is_some(), waits, "{passed}");
        issuer.purge(NOW + passed).await.unwrap();
        let is_kept = issuer.take_ceremony(name(n + 100), Confirm, NOW).await.unwrap().is_some();
        assert_eq!(is_kept, passed < CEREMONY_LASTS, "{passed}");
    }
    begun(issuer, [50], Confirm, |n| share(n, n)).await;
    issuer.end_ceremony(name(50)).await.unwrap();
    assert_eq!(issuer.confirmation(name(50), NOW).await.unwrap(), None);
}

pub async fn who_begins_too_many_ends_their_own_and_no_others(backend: &dyn Backend) {
    let issuer = &*backend.open().await.issuer;
    for kind in [Register, SignIn, Confirm] {
        let most = kind.most();
        // Another's of the same person or site, and another's altogether, both begun before the flood.
        begun(issuer, [1], kind, |_| share(1, 9)).await;
        begun(issuer, [2], kind, |_| share(2, 8)).await;
        begun(issuer, 1_000..1_000 + 2 * most, kind, |_| share(3, 9)).await;
        assert_eq!(waiting(issuer, [1, 2], kind).await, [1, 2], "{kind:?}");
        let left = waiting(issuer, 1_000..1_000 + 2 * most, kind).await;
        assert_eq!(left, (1_000 + most..1_000 + 2 * most).collect::<Vec<_>>(), "{kind:?}: the newest of their own");
    }
}

pub async fn many_addresses_of_one_site_are_bounded_together(backend: &dyn Backend) {
    let issuer = &*backend.open().await.issuer;
    let most = Register.most_together();
    begun(issuer, [1], Register, |_| share(1, 9)).await;
    begun(issuer, [2], Register, |_| share(2, 8)).await;
    begun(issuer, 1_000..1_000 + 2 * most, Register, |n| share(n % 7 + 10, 9)).await;
    let left = waiting(issuer, 1_000..1_000 + 2 * most, Register).await.len();
    assert!(left <= most as usize && left >= most as usize / 2, "{left} of {most}");
    assert_eq!(waiting(issuer, [1, 2], Register).await, [1, 2], "who has one keeps it");
}

pub async fn all_room_is_taken_from_those_who_have_most(backend: &dyn Backend) {
    let store = backend.open().await.issuer;
    let issuer = &*store;
    begun(issuer, [1], SignIn, |_| share(1, 1)).await;
    begun(issuer, [2], Confirm, |_| share(2, 2)).await;
    // Every address of so many has two.
    let mut flood = JoinSet::new();
    for n in 10..10 + MOST_CEREMONIES + 100 {
        let store = store.clone();
        flood.spawn(async move { store.begin_ceremony(new(n, SignIn, share(10 + n / 2, 10 + n / 2))).await.unwrap() });
        if flood.len() >= 2_000 {
            while flood.try_join_next().is_some() {}
            flood.join_next().await;
        }
    }
    flood.join_all().await;
    assert_eq!(waiting(issuer, [1], SignIn).await, [1], "who has one keeps it");
    assert_eq!(waiting(issuer, [2], Confirm).await, [2], "and another kind has room of its own");
}

pub async fn a_confirmation_and_its_issue_are_one_act(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    world.session("falcon", 1).await;
    let used = |before: u32| PasskeyUse { hash: hash(1), before: before.to_string(), after: (before + 1).to_string() };
    let confirmation = world.confirmation(1, 77, used(1), NOW).await;
    let token = |cti| NewToken { access: hash(1), confirmation: Some(confirmation.clone()), ..new_token(cti) };
    let before = world.entries().await;
    backend.block("ledger_entries").await;
    assert!(matches!(issuer.issue_and_record(token(1), entry()).await, Err(IssueRefusal::Store(_))));
    backend.unblock("ledger_entries").await;
    let elsewhere = NewToken { expires_at: NOW + 9_999, ..token(1) };
    assert!(matches!(issuer.issue_and_record(elsewhere, entry()).await, Err(IssueRefusal::NotAuthorised)));
    let late = issuer.issue_and_record(token(1), entry_at(NOW + CEREMONY_LASTS)).await;
    assert!(matches!(late, Err(IssueRefusal::NotConfirmed)));
    assert_eq!((world.entries().await, issuer.passkey(hash(1)).await.unwrap().unwrap().0.record), (before, "1".into()), "nothing yet");
    let mut racing = JoinSet::new();
    for cti in 1..30 {
        let (issuer, token) = (world.stores.issuer.clone(), token(cti));
        racing.spawn(async move { issuer.issue_and_record(token, entry()).await });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(IssueRefusal::NotConfirmed))));
    assert_eq!((world.entries().await, issuer.passkey(hash(1)).await.unwrap().unwrap().0.record), (before + 1, "2".into()));
}
