//! Suspended and reinstated.

use countersign::{
    authority::{ActorName, AuthorisationId, Callsign, Decision, Role},
    ledger::Entry,
    store::{Answered, Ended, Follows, IssueRefusal, Once, PasskeyRow, PasskeyUse, Reinstated, StoreError},
};

use crate::{
    Backend,
    acts::{NOW, World, authorisation, entry, entry_at, narrowed, new_token, officer},
};
use countersign::authority::AccessHash;

fn named(callsign: &str) -> Callsign {
    callsign.parse().unwrap()
}

fn by(callsign: &str) -> ActorName {
    ActorName::Person(named(callsign))
}

fn once(key: u8) -> Once {
    Once { hash: [key; 32], act: "act", body: [key; 32] }
}

impl World {
    async fn with_administrators(backend: &dyn Backend) -> Self {
        let world = Self::new(backend).await;
        for (callsign, role) in [("otter", Role::Administrator), ("stoat", Role::Administrator), ("swan", Role::Approver)] {
            assert!(world.stores.issuer.enrol(officer(callsign, role), entry()).await.unwrap());
        }
        world
    }

    async fn reinstated(&self, callsign: &str, by: ActorName) -> Reinstated {
        self.stores.issuer.reinstate(named(callsign), by, None, entry()).await.unwrap()
    }

    async fn is_suspended(&self, callsign: &str) -> bool {
        self.stores.issuer.officer(named(callsign)).await.unwrap().unwrap().suspended_at.is_some()
    }

    /// A session of this person, by a passkey of their own.
    async fn opens(&self, callsign: &str, n: u8) {
        let issuer = &self.stores.issuer;
        let link = countersign::store::NewLink { hash: AccessHash([n; 32]), callsign: named(callsign), expires_at: NOW + 60 };
        issuer.add_link(link, entry()).await.unwrap();
        let (hash, record) = (AccessHash([n + 1; 32]), "1".to_owned());
        let row = PasskeyRow { hash, callsign: named(callsign), handle: [n; 16], record: record.clone() };
        assert!(issuer.register_passkey(AccessHash([n; 32]), row, entry()).await.unwrap());
        let used = PasskeyUse { hash, before: record, after: "2".into() };
        assert!(issuer.open_session(AccessHash([n + 2; 32]), used, NOW).await.unwrap());
    }
}

pub async fn a_suspension_is_lifted_by_another_administrator_alone(backend: &dyn Backend) {
    let world = World::with_administrators(backend).await;
    world.opens("otter", 10).await;
    world.issued(1).await;
    for callsign in ["falcon", "otter"] {
        assert!(world.stores.issuer.suspend(named(callsign), entry()).await.unwrap());
    }
    let before = world.entries().await;
    // Nobody on themselves, nobody who is suspended, nobody of another role or unknown.
    for (callsign, who) in [("otter", "otter"), ("falcon", "otter"), ("falcon", "falcon"), ("falcon", "heron"), ("falcon", "nobody")] {
        assert_eq!(world.reinstated(callsign, by(who)).await, Reinstated::NotAllowed, "{callsign} by {who}");
        assert!(world.is_suspended(callsign).await);
    }
    assert_eq!(world.reinstated("nobody", ActorName::Operator).await, Reinstated::Unknown);
    assert_eq!(world.reinstated("heron", by("stoat")).await, Reinstated::Already);
    assert_eq!(world.entries().await, before);

    assert_eq!(world.reinstated("otter", by("stoat")).await, Reinstated::Done);
    assert_eq!(world.reinstated("falcon", by("otter")).await, Reinstated::Done, "who may act again lifts others' again");
    assert_eq!(world.reinstated("falcon", by("otter")).await, Reinstated::Already);
    assert_eq!(world.entries().await, before + 2);
    assert!(!world.is_suspended("falcon").await);
    world.issued(2).await;
    assert_eq!(world.record(1).await.withdrawn_at, Some(NOW), "what it ended stays ended");
    assert!(world.stores.issuer.session(AccessHash([12; 32]), false, NOW).await.unwrap().is_none());
    assert!(world.stores.issuer.suspend(named("falcon"), entry_at(NOW + 1)).await.unwrap(), "and again");
    assert_eq!(world.record(2).await.withdrawn_at, Some(NOW + 1));
    assert_eq!(world.reinstated("falcon", ActorName::Operator).await, Reinstated::Done);
}

pub async fn what_follows_a_suspension_is_known_before_it(backend: &dyn Backend) {
    let world = World::with_administrators(backend).await;
    let issuer = &world.stores.issuer;
    for n in [10, 20] {
        world.opens("falcon", n).await;
    }
    world.approved(2, 5).await;
    issuer.ask(authorisation(3, 5), None, entry()).await.unwrap();
    for cti in 1..=4 {
        let under = AuthorisationId([if cti == 4 { 2 } else { 1 }; 8]);
        world.issue(countersign::store::NewToken { authorisation: under, ..new_token(cti) }).await.unwrap();
    }
    world.withdraw(1).await;
    let follows = async |callsign: &str, now| issuer.follows(named(callsign), now).await.unwrap();
    let both = Follows { sessions: 2, live_tokens: 3, authorisations: 2 };
    assert_eq!(follows("falcon", NOW).await, both);
    assert_eq!(follows("heron", NOW).await, Follows { sessions: 0, ..both }, "what they approved");
    assert_eq!(follows("swan", NOW).await, Follows { sessions: 0, live_tokens: 0, authorisations: 0 });
    assert_eq!(follows("falcon", NOW + 3_600).await, Follows { sessions: 0, live_tokens: 0, authorisations: 0 }, "all over");
    assert_eq!(issuer.live_tokens_under(AuthorisationId([1; 8]), NOW).await.unwrap(), 2);
    let ended = issuer.suspend_once(named("falcon"), None, entry()).await.unwrap();
    assert_eq!(ended, Some(Ended { sessions: 2, withdrawn: 3 }));
    assert_eq!(follows("falcon", NOW).await, Follows { sessions: 0, live_tokens: 0, ..both });
    assert_eq!(issuer.suspend_once(named("falcon"), None, entry()).await.unwrap(), None);
}

pub async fn an_authorisation_says_that_its_approver_is_suspended(backend: &dyn Backend) {
    let world = World::with_administrators(backend).await;
    let issuer = &world.stores.issuer;
    let (first, asked) = (AuthorisationId([1; 8]), AuthorisationId([2; 8]));
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    let refused = Answered { decision: Decision::Refuse, reason: Some("Nid nawr".parse().unwrap()), by: named("heron") };
    issuer.decide_once(asked, refused, None, entry()).await.unwrap();
    let said = async |id| {
        let found = issuer.authorisation(id).await.unwrap().unwrap();
        (found.approver_suspended, found.reason.map(|reason| reason.to_string()))
    };
    assert_eq!(said(first).await, (false, None));
    assert!(issuer.suspend(named("heron"), entry()).await.unwrap());
    assert_eq!(said(first).await, (true, None));
    assert_eq!(said(asked).await, (false, Some("Nid nawr".into())), "a refusal stands, suspended or not");
    let live = issuer.live_authorisations(named("falcon"), countersign::token::Channel::InPerson, NOW).await.unwrap();
    assert_eq!(live, vec![], "nothing can be issued under it");
    assert!(matches!(world.issue(new_token(1)).await, Err(IssueRefusal::NotAuthorised)));
    issuer.review(first, narrowed(), named("swan"), entry()).await.unwrap();
    assert_eq!(said(first).await, (false, None), "another approver answers for it now");
    world.issued(2).await;
}

pub async fn an_act_under_a_key_is_done_once_whatever_happened_since(backend: &dyn Backend) {
    let world = World::with_administrators(backend).await;
    let issuer = &world.stores.issuer;
    issuer.ask(authorisation(2, 5), None, entry()).await.unwrap();
    let asked = AuthorisationId([2; 8]);
    let approve = |by: &str| Answered { decision: Decision::Approve, reason: None, by: named(by) };
    assert_eq!(
        issuer.decide_once(asked, approve("falcon"), Some(once(1)), entry()).await.unwrap(),
        countersign::store::Decided::OwnRequest,
        "what is refused uses no key up"
    );
    issuer.decide_once(asked, approve("heron"), Some(once(1)), entry()).await.unwrap();
    issuer.withdraw_authorisation(asked, "heron".parse().unwrap(), entry()).await.unwrap();
    assert!(matches!(issuer.decide_once(asked, approve("heron"), Some(once(1)), entry()).await, Err(StoreError::Repeated)));
    assert_eq!(issuer.earlier([1; 32]).await.unwrap().unwrap().subject, asked.0);

    assert_eq!(issuer.suspend_once(named("nobody"), Some(once(2)), entry()).await.unwrap(), None);
    world.issued(1).await;
    assert!(issuer.suspend_once(named("falcon"), Some(once(2)), entry()).await.unwrap().is_some());
    let lifted = issuer.reinstate(named("falcon"), by("otter"), Some(once(3)), entry()).await.unwrap();
    assert_eq!(lifted, Reinstated::Done);
    let before = world.entries().await;
    let late = Entry { at: NOW + 5, ..entry() };
    assert!(matches!(issuer.suspend_once(named("falcon"), Some(once(2)), late.clone()).await, Err(StoreError::Repeated)));
    assert!(!world.is_suspended("falcon").await, "a request that comes late suspends nobody again");
    issuer.suspend(named("falcon"), late.clone()).await.unwrap();
    assert!(matches!(issuer.reinstate(named("falcon"), by("otter"), Some(once(3)), late).await, Err(StoreError::Repeated)));
    assert!(world.is_suspended("falcon").await);
    assert_eq!(world.entries().await, before + 1);
}
