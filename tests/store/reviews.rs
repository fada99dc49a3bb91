//! An authorisation is looked at again while it lasts.

use std::collections::BTreeSet;

use countersign::{
    authority::{AuthorisationId, Callsign, Review, Role},
    ledger::Entry,
    store::{Decided, IssueRefusal, NewToken, Page},
    token::{Channel, Cti},
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{END, NOW, World, authorisation, entry, narrowed, new_token, officer},
};

const FIRST: AuthorisationId = AuthorisationId([1; 8]);

fn named(callsign: &str) -> Callsign {
    callsign.parse().unwrap()
}

fn changed(channels: &[Channel], until: i64, max_tokens: u32) -> Review {
    Review::new(NOW, channels.iter().copied().collect(), until, max_tokens, NOW).unwrap()
}

impl World {
    /// Two more approvers beside heron, who approved the first authorisation.
    async fn with_approvers(backend: &dyn Backend) -> Self {
        let world = Self::new(backend).await;
        for callsign in ["kite", "swan"] {
            assert!(world.stores.issuer.enrol(officer(callsign, Role::Approver), entry()).await.unwrap());
        }
        world
    }

    async fn review(&self, id: u8, review: Review, by: &str, at: i64) -> Decided {
        let entry = Entry { at, ..entry() };
        self.stores.issuer.review(AuthorisationId([id; 8]), review, named(by), entry).await.unwrap()
    }
}

pub async fn a_review_replaces_the_frame_and_the_one_who_answers(backend: &dyn Backend) {
    let world = World::with_approvers(backend).await;
    let before = world.entries().await;
    let Decided::Done(after) = world.review(1, changed(&[Channel::Online], NOW + 7_200, 1_000), "kite", NOW + 5).await else {
        panic!("it is in force")
    };
    assert_eq!((after.channels, after.until, after.max_tokens), (BTreeSet::from([Channel::Online]), NOW + 7_200, 1_000));
    assert_eq!((after.decided_by, after.decided_at), (Some(named("kite")), Some(NOW + 5)));
    assert_eq!(world.entries().await, before + 1);
    let again = world.review(1, changed(&[Channel::Online], NOW + 7_200, 1_000), "kite", NOW + 6).await;
    assert!(matches!(again, Decided::Done(same) if same.decided_at == Some(NOW + 5)), "nothing changes, and nothing is written");
    assert_eq!(world.entries().await, before + 1);
    assert!(matches!(world.issue(new_token(1)).await, Err(IssueRefusal::NotAuthorised)), "in person is not covered any more");
    let online = |cti| NewToken { channel: Channel::Online, expires_at: NOW + 7_200, ..new_token(cti) };
    world.issue(online(2)).await.unwrap();
    // Heron answers for it no more, kite does.
    assert!(world.stores.issuer.suspend(named("heron"), entry()).await.unwrap());
    world.issue(online(3)).await.unwrap();
    assert!(world.stores.issuer.suspend(named("kite"), entry()).await.unwrap());
    assert!(matches!(world.issue(online(4)).await, Err(IssueRefusal::NotAuthorised)));
    assert_eq!(world.record(3).await.withdrawn_at, Some(NOW), "with who approved it");
}

pub async fn tokens_outside_of_what_is_left_are_withdrawn(backend: &dyn Backend) {
    let world = World::with_approvers(backend).await;
    let both = changed(&[Channel::InPerson, Channel::Telephone], NOW + 3_600, 1_000);
    assert!(matches!(world.review(1, both, "heron", NOW).await, Decided::Done(_)));
    let until = NOW + 1_000;
    for (cti, channel, expires_at) in [
        (1, Channel::InPerson, until),
        (2, Channel::InPerson, until + 1),
        (3, Channel::Telephone, until),
        (4, Channel::InPerson, NOW - 61),
        (5, Channel::InPerson, END),
    ] {
        world.issue(NewToken { channel, expires_at, starts_at: NOW, ..new_token(cti) }).await.unwrap();
    }
    world.withdraw(5).await;
    assert!(matches!(world.review(1, changed(&[Channel::InPerson], until, 5), "heron", NOW + 1).await, Decided::Done(_)));
    let mut withdrawn = vec![];
    for cti in 1..=5 {
        withdrawn.push(world.record(cti).await.withdrawn_at);
    }
    assert_eq!(withdrawn, [None, Some(NOW + 1), Some(NOW + 1), None, Some(NOW)]);
}

pub async fn a_review_needs_a_second_person_and_an_authorisation_in_force(backend: &dyn Backend) {
    let world = World::with_approvers(backend).await;
    let issuer = &world.stores.issuer;
    world.issued(1).await;
    world.issued(2).await;
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    world.approved(3, 5).await;
    issuer.withdraw_authorisation(AuthorisationId([3; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    issuer.suspend(named("swan"), entry()).await.unwrap();
    let before = (world.entries().await, issuer.authorisations(None, Page::default(), NOW).await.unwrap());
    assert_eq!(world.review(1, narrowed(), "falcon", NOW).await, Decided::OwnRequest);
    assert_eq!(world.review(1, narrowed(), "swan", NOW).await, Decided::Suspended);
    assert_eq!(world.review(1, narrowed(), "kite", NOW + 3_600).await, Decided::Over);
    assert_eq!(world.review(1, changed(&[Channel::InPerson], NOW + 60, 1), "kite", NOW).await, Decided::TooFew(2));
    assert!(matches!(world.review(2, narrowed(), "kite", NOW).await, Decided::AlreadyIs(_)));
    assert!(matches!(world.review(3, narrowed(), "kite", NOW).await, Decided::AlreadyIs(_)));
    assert_eq!(world.review(9, narrowed(), "kite", NOW).await, Decided::Unknown);
    assert_eq!((world.entries().await, issuer.authorisations(None, Page::default(), NOW).await.unwrap()), before);
    assert!(world.record(1).await.withdrawn_at.is_none());
}

pub async fn of_a_token_and_a_narrowing_at_once_nothing_is_left_outside(backend: &dyn Backend) {
    let world = World::with_approvers(backend).await;
    let mut racing = JoinSet::new();
    for cti in 1..=100 {
        let issuer = world.stores.issuer.clone();
        if cti == 50 {
            let narrow = changed(&[Channel::InPerson], NOW + 60, 1_000);
            racing.spawn(async move { drop(issuer.review(FIRST, narrow, named("kite"), entry()).await.unwrap()) });
        } else {
            racing.spawn(async move { drop(issuer.issue_and_record(new_token(cti), entry()).await) });
        }
    }
    racing.join_all().await;
    for token in world.live_tokens(None, NOW).await {
        assert!(token.record.withdrawn_at.is_some(), "{}", token.cti);
    }
}

pub async fn live_tokens_are_listed_for_those_who_may_touch_them(backend: &dyn Backend) {
    let world = World::with_approvers(backend).await;
    world.issue(NewToken { expires_at: END + 1, ..new_token(1) }).await.unwrap();
    world.issued(2).await;
    let listed = async |of: Option<&str>, now| {
        let live = world.live_tokens(of.map(named), now).await;
        live.into_iter().map(|token| token.cti).collect::<Vec<_>>()
    };
    let both = vec![Cti([2; 8]), Cti([1; 8])];
    assert_eq!(listed(None, NOW).await, both, "the soonest to end first");
    assert_eq!(listed(Some("falcon"), NOW).await, both);
    assert_eq!(listed(Some("heron"), NOW).await, both);
    assert_eq!(listed(Some("kite"), NOW).await, vec![]);
    assert_eq!(listed(None, END - 1).await, both);
    assert_eq!(listed(None, END).await, vec![Cti([1; 8])]);
}
