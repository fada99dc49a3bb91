//! What is asked for once is done once, however often and by however many processes it is asked.

use countersign::{
    authority::AuthorisationId,
    store::{
        AskRefusal, Decided, Earlier, IssueRefusal, IssuedToken, IssuerStore, KEEP_LOOK_UPS, KEEP_REQUESTS, MOST_LOOK_UPS, NewToken, Once,
    },
    token::Reference,
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{END, NOW, World, authorisation, entry, new_token, token},
};

fn once(key: u8, act: &'static str) -> Once {
    Once { hash: [key; 32], act, body: [key + 1; 32] }
}

pub async fn an_issue_under_one_key_is_one_token(backend: &dyn Backend) {
    let (world, elsewhere) = (World::new(backend).await, backend.open().await);
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for cti in 1..=30 {
        let issuer = if cti % 2 == 0 { world.stores.issuer.clone() } else { elsewhere.issuer.clone() };
        let new = NewToken { once: Some(once(7, "issue")), ..new_token(cti) };
        racing.spawn(async move { (cti, issuer.issue_and_record(new, entry()).await) });
    }
    let outcomes = racing.join_all().await;
    let issued: Vec<u8> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(cti, _)| *cti).collect();
    let [cti] = issued[..] else { panic!("{issued:?}") };
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Ok(_) | Err(IssueRefusal::Repeated))));
    assert_eq!(world.entries().await, before + 1);
    assert_eq!(world.live_tokens(None, NOW).await.len(), 1);
    let earlier = elsewhere.issuer.earlier([7; 32]).await.unwrap();
    assert_eq!(earlier, Some(Earlier { act: "issue".into(), body: [8; 32], subject: [cti; 8], callsign: None }));
    let kept = elsewhere.issuer.issued_token(new_token(cti).cti).await.unwrap();
    assert_eq!(kept, Some(IssuedToken { hash: token(cti).hash(), kid: new_token(1).kid, issued_at: NOW, expires_at: END }));
    assert_eq!(elsewhere.issuer.issued_token(new_token(99).cti).await.unwrap(), None);
    assert_eq!(elsewhere.issuer.earlier([9; 32]).await.unwrap(), None);
}

pub async fn a_key_of_which_nothing_came_is_free(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    let new = |cti| NewToken { once: Some(once(7, "issue")), ..new_token(cti) };
    let refused = issuer.issue_and_record(NewToken { expires_at: NOW + 9_999, ..new(1) }, entry()).await;
    assert!(matches!(refused, Err(IssueRefusal::NotAuthorised)));
    backend.block("ledger_entries").await;
    assert!(matches!(issuer.issue_and_record(new(1), entry()).await, Err(IssueRefusal::Store(_))));
    assert!(matches!(issuer.ask(authorisation(9, 1), Some(once(8, "ask")), entry()).await, Err(AskRefusal::Store(_))));
    backend.unblock("ledger_entries").await;
    assert_eq!((issuer.earlier([7; 32]).await.unwrap(), issuer.earlier([8; 32]).await.unwrap()), (None, None));
    issuer.issue_and_record(new(1), entry()).await.unwrap();
    issuer.ask(authorisation(9, 1), Some(once(8, "ask")), entry()).await.unwrap();
}

pub async fn a_request_under_one_key_waits_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    let before = world.entries().await;
    issuer.ask(authorisation(2, 5), Some(once(7, "ask")), entry()).await.unwrap();
    let again = issuer.ask(authorisation(3, 5), Some(once(7, "ask")), entry()).await;
    assert!(matches!(again, Err(AskRefusal::Repeated)));
    assert_eq!(issuer.authorisation(AuthorisationId([3; 8])).await.unwrap(), None);
    assert_eq!(issuer.earlier([7; 32]).await.unwrap().map(|earlier| earlier.subject), Some([2; 8]));
    assert_eq!(world.entries().await, before + 1);
}

pub async fn a_key_is_forgotten_after_a_day(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    issuer.ask(authorisation(2, 5), Some(once(7, "ask")), entry()).await.unwrap();
    for (now, kept) in [(NOW + KEEP_REQUESTS - 1, true), (NOW + KEEP_REQUESTS, false)] {
        issuer.purge(now).await.unwrap();
        assert_eq!(issuer.earlier([7; 32]).await.unwrap().is_some(), kept, "{}", now - NOW);
    }
}

pub async fn the_same_decision_again_is_done(backend: &dyn Backend) {
    use countersign::authority::Decision::{Approve, Refuse};
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    for callsign in ["kite", "swan"] {
        issuer.enrol(crate::acts::officer(callsign, countersign::authority::Role::Approver), entry()).await.unwrap();
    }
    let by = |callsign: &str| callsign.parse().unwrap();
    for (id, first, other) in [(2, Approve, Refuse), (3, Refuse, Approve)] {
        let id = AuthorisationId([id; 8]);
        issuer.ask(authorisation(id.0[0], 5), None, entry()).await.unwrap();
        assert!(matches!(issuer.decide(id, first, by("kite"), entry()).await.unwrap(), Decided::Done(_)));
        let before = world.entries().await;
        let again = issuer.decide(id, first, by("kite"), entry()).await.unwrap();
        assert!(matches!(again, Decided::Done(a) if a.state == first.state() && a.decided_by == Some(by("kite"))));
        assert!(matches!(issuer.decide(id, other, by("kite"), entry()).await.unwrap(), Decided::AlreadyIs(_)), "another decision");
        assert!(matches!(issuer.decide(id, first, by("swan"), entry()).await.unwrap(), Decided::AlreadyIs(_)), "another person's");
        assert!(matches!(issuer.decide(id, first, by("falcon"), entry()).await.unwrap(), Decided::OwnRequest));
        assert_eq!(world.entries().await, before, "and no entry for any of it");
    }
    let id = AuthorisationId([2; 8]);
    for _ in 0..2 {
        assert!(matches!(issuer.withdraw_authorisation(id, "heron".parse().unwrap(), entry()).await.unwrap(), Decided::Done(_)));
    }
    assert!(matches!(
        issuer.withdraw_authorisation(AuthorisationId([3; 8]), "heron".parse().unwrap(), entry()).await.unwrap(),
        Decided::AlreadyIs(_)
    ));
}

pub async fn look_ups_at_once_never_exceed_what_one_person_may(backend: &dyn Backend) {
    let (world, elsewhere) = (World::new(backend).await, backend.open().await);
    world.issue(new_token(1)).await.unwrap();
    let reference = Reference::of(token(1).hash());
    let look_up = async |issuer: &dyn IssuerStore, by: &str, now| issuer.look_up(reference, by.parse().unwrap(), now).await.unwrap();
    let mut racing = JoinSet::new();
    for n in 0..MOST_LOOK_UPS + 20 {
        let issuer = if n % 2 == 0 { world.stores.issuer.clone() } else { elsewhere.issuer.clone() };
        racing.spawn(async move { issuer.look_up(reference, "heron".parse().unwrap(), NOW).await.unwrap() });
    }
    let answered: Vec<_> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(answered.len(), MOST_LOOK_UPS as usize);
    assert!(answered.iter().all(|found| found.len() == 1 && found[0].cti == new_token(1).cti));
    let issuer = &*world.stores.issuer;
    assert!(look_up(issuer, "heron", NOW).await.is_none() && look_up(issuer, "falcon", NOW).await.is_some());
    // A clock that was set back makes no room, and what counts no more is forgotten.
    assert!(look_up(issuer, "heron", NOW - 90_000).await.is_none());
    assert!(look_up(issuer, "heron", NOW + KEEP_LOOK_UPS).await.is_some());
}
