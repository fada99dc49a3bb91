//! Who comes in: each rule inside the statement that lets somebody in.

use std::sync::atomic::{AtomicU8, Ordering};

use countersign::{
    authority::{AccessHash, AccessKind, ActorName, Callsign, Role, Scope},
    store::{
        Ceremony, CeremonyKind, Confirmation, IssueRefusal, NewCeremony, NewCredential, NewLink, NewToken, PasskeyRow, PasskeyUse,
        SESSION_IDLE, SESSION_LONGEST, SESSION_SKEW, Share, StoreError,
    },
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{NOW, USUAL, World, entry, entry_at, new_token, officer},
};

pub fn hash(n: u8) -> AccessHash {
    AccessHash([n; 32])
}

fn named(callsign: &str) -> Callsign {
    callsign.parse().unwrap()
}

pub fn credential(callsign: &str, n: u8, expires_at: i64) -> NewCredential {
    NewCredential { hash: hash(n), callsign: named(callsign), scopes: [Scope::Tokens].into(), added_at: NOW, expires_at }
}

fn link(callsign: &str, n: u8, expires_at: i64) -> NewLink {
    NewLink { hash: hash(n), callsign: named(callsign), expires_at }
}

fn row(callsign: &str, n: u8) -> PasskeyRow {
    PasskeyRow { hash: hash(n), callsign: named(callsign), handle: [n; 16], record: "0".into() }
}

fn counted(n: u8, before: u32, after: u32) -> PasskeyUse {
    PasskeyUse { hash: hash(n), before: before.to_string(), after: after.to_string() }
}

impl World {
    /// A passkey numbered `n`, registered with a link of the same number.
    pub async fn passkey(&self, callsign: &str, n: u8) {
        self.stores.issuer.add_link(link(callsign, n, NOW + 1), entry()).await.unwrap();
        assert!(self.stores.issuer.register_passkey(hash(n), row(callsign, n), entry()).await.unwrap());
    }

    /// A session numbered like its passkey, which was not used before.
    pub async fn session(&self, callsign: &str, n: u8) {
        self.passkey(callsign, n).await;
        assert!(self.stores.issuer.open_session(hash(n), counted(n, 0, 1), NOW).await.unwrap());
    }

    /// A confirmation that was begun in this session, numbered `n`, and is answered by this use.
    pub async fn confirmation(&self, session: u8, n: u8, used: PasskeyUse, begun_at: i64) -> Confirmation {
        let (ceremony, share) = (hash(n), Share { own: [session; 32], together: [0; 32] });
        let kept = Ceremony { bound: Some(hash(session)), challenge: [n; 32], counters: vec![] };
        let new = NewCeremony { hash: ceremony, kind: CeremonyKind::Confirm, ceremony: kept, share, begun_at };
        self.stores.issuer.begin_ceremony(new).await.unwrap();
        Confirmation { ceremony, session: hash(session), used }
    }

    /// Issues a token with a confirmation in this session by this use, each with a number of its own.
    async fn issues_confirmed(&self, session: u8, used: PasskeyUse, now: i64) -> Result<(), IssueRefusal> {
        static NEXT: AtomicU8 = AtomicU8::new(100);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let confirmation = Some(self.confirmation(session, n, used.clone(), now).await);
        self.stores.issuer.issue_and_record(NewToken { access: used.hash, confirmation, ..new_token(n) }, entry_at(now)).await.map(drop)
    }

    async fn is_in(&self, n: u8, now: i64) -> bool {
        self.stores.issuer.session(hash(n), false, now).await.unwrap().is_some()
    }
}

pub async fn credentials_name_their_owner_until_they_run_out(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.add_credential(credential("falcon", 7, NOW + 10), entry()).await.unwrap();
    for (n, now, owner) in [(7, NOW + 9, true), (7, NOW + 10, false), (8, NOW, false)] {
        let found = issuer.credential(hash(n), now).await.unwrap();
        assert_eq!(found.is_some(), owner);
        assert!(found.is_none_or(|(officer, scopes)| officer.callsign == named("falcon") && scopes == [Scope::Tokens].into()));
    }
    let before = world.entries().await;
    for (callsign, n) in [("heron", 7), ("nobody", 9)] {
        let refused = issuer.add_credential(credential(callsign, n, NOW + 10), entry()).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{callsign}");
    }
    assert_eq!(world.entries().await, before);
}

pub async fn a_person_and_their_first_link_come_together(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let before = world.entries().await;
    backend.block("links").await;
    assert!(issuer.enrol_with_link(officer("kite", Role::Officer), entry(), link("kite", 1, NOW + 9), entry()).await.is_err());
    assert!(issuer.officer(named("kite")).await.unwrap().is_none(), "nobody is there without a way in");
    assert_eq!(world.entries().await, before);
    backend.unblock("links").await;
    assert!(issuer.enrol_with_link(officer("kite", Role::Officer), entry(), link("kite", 1, NOW + 9), entry()).await.unwrap());
    assert_eq!(issuer.link(hash(1), NOW).await.unwrap().map(|officer| officer.callsign), Some(named("kite")));
    assert_eq!(world.entries().await, before + 2);
    assert!(!issuer.enrol_with_link(officer("kite", Role::Approver), entry(), link("kite", 2, NOW + 9), entry()).await.unwrap());
    assert!(issuer.link(hash(2), NOW).await.unwrap().is_none(), "a callsign that is taken gives no way in");
    assert_eq!(world.entries().await, before + 2);
}

pub async fn a_link_is_used_once_by_the_first(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.stores.issuer.add_link(link("falcon", 1, NOW + 1), entry()).await.unwrap();
    let before = world.entries().await;
    let mut racing = JoinSet::new();
    for n in 0..50 {
        let issuer = world.stores.issuer.clone();
        racing.spawn(async move { issuer.register_passkey(hash(1), row("falcon", n), entry()).await.unwrap() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|registered| *registered).count(), 1);
    assert_eq!(world.stores.issuer.passkeys(named("falcon")).await.unwrap().len(), 1);
    assert_eq!(world.entries().await, before + 1);
    assert!(world.stores.issuer.link(hash(1), NOW).await.unwrap().is_none());
}

pub async fn a_link_that_is_over_registers_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    // `entry()` is at NOW: the first has just run out.
    issuer.add_link(link("falcon", 1, NOW), entry()).await.unwrap();
    issuer.add_link(link("falcon", 2, NOW + 1), entry()).await.unwrap();
    world.passkey("heron", 9).await;
    let before = world.entries().await;
    for (why, link, passkey) in [
        ("run out", 1, row("falcon", 5)),
        ("unknown", 3, row("falcon", 5)),
        ("another person's", 2, row("heron", 5)),
        ("a passkey that is known", 2, row("falcon", 9)),
    ] {
        assert!(!issuer.register_passkey(hash(link), passkey, entry()).await.unwrap(), "{why}");
    }
    assert!(issuer.link(hash(2), NOW).await.unwrap().is_some(), "and what was refused used nothing up");
    assert!(issuer.link(hash(1), NOW).await.unwrap().is_none());
    assert!(issuer.suspend(named("falcon"), entry()).await.unwrap());
    assert!(!issuer.register_passkey(hash(2), row("falcon", 5), entry()).await.unwrap());
    assert!(issuer.link(hash(2), NOW).await.unwrap().is_none());
    assert_eq!(world.entries().await, before + 1, "the suspension alone");
}

pub async fn a_passkey_is_used_once_with_one_counter(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.passkey("falcon", 1).await;
    let mut racing = JoinSet::new();
    for n in 100..150 {
        let issuer = world.stores.issuer.clone();
        racing.spawn(async move { issuer.open_session(hash(n), counted(1, 0, 1), NOW).await.unwrap() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|opened| *opened).count(), 1);
    let (kept, owner) = world.stores.issuer.passkey(hash(1)).await.unwrap().unwrap();
    assert_eq!((kept.record.as_str(), owner.callsign), ("1", named("falcon")));
    assert!(world.stores.issuer.open_session(hash(2), counted(1, 1, 2), NOW).await.unwrap());
    assert!(!world.stores.issuer.open_session(hash(3), counted(8, 0, 1), NOW).await.unwrap(), "unknown");
}

pub async fn a_session_ends_when_it_is_idle_old_or_of_another_clock(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    world.session("falcon", 1).await;
    for (now, stands) in [
        (NOW, true),
        (NOW + SESSION_IDLE - 1, true),
        (NOW + SESSION_IDLE, false),
        (NOW - SESSION_SKEW, true),
        (NOW - SESSION_SKEW - 1, false),
    ] {
        assert_eq!(world.is_in(1, now).await, stands, "{}", now - NOW);
    }
    // Looking on does not count; doing something begins the idle time again.
    assert!(world.is_in(1, NOW + 600).await);
    assert!(!world.is_in(1, NOW + SESSION_IDLE).await);
    assert!(issuer.session(hash(1), true, NOW + 600).await.unwrap().is_some());
    assert!(world.is_in(1, NOW + 600 + SESSION_IDLE - 1).await);
    // And in the end it is over whatever somebody does.
    let mut now = NOW + 600;
    while now + 600 < NOW + SESSION_LONGEST {
        now += 600;
        let ends_at = issuer.session(hash(1), true, now).await.unwrap().map(|open| open.ends_at);
        assert_eq!(ends_at, Some(NOW + SESSION_LONGEST), "{}", now - NOW);
    }
    assert!(world.is_in(1, NOW + SESSION_LONGEST - 1).await);
    assert!(!world.is_in(1, NOW + SESSION_LONGEST).await);
}

pub async fn only_their_own_passkey_confirms_in_a_session(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.session("falcon", 1).await;
    world.passkey("falcon", 2).await;
    world.session("heron", 3).await;
    for (why, session, used, now, allowed) in [
        ("another person's passkey", 1, counted(3, 1, 2), NOW, false),
        ("no session", 9, counted(2, 0, 1), NOW, false),
        ("a session that is over", 1, counted(2, 0, 1), NOW + SESSION_IDLE, false),
        ("another of their passkeys", 1, counted(2, 0, 1), NOW, true),
        ("the same use again", 1, counted(2, 0, 1), NOW, false),
        ("the passkey that they signed in with", 1, counted(1, 1, 2), NOW, true),
    ] {
        let issued = world.issues_confirmed(session, used, now).await;
        assert_eq!(issued.is_ok(), allowed, "{why}");
        assert!(issued.is_ok() || matches!(issued, Err(IssueRefusal::NotConfirmed)), "{why}: {issued:?}");
    }
}

pub async fn suspension_ends_sessions_and_opens_no_more(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    world.session("falcon", 1).await;
    world.session("heron", 2).await;
    world.issued(1).await;
    backend.block("ledger_entries").await;
    assert!(issuer.suspend(named("falcon"), entry()).await.is_err());
    assert!(world.is_in(1, NOW).await && world.record(1).await.withdrawn_at.is_none(), "all of it or nothing");
    backend.unblock("ledger_entries").await;
    assert!(issuer.suspend(named("falcon"), entry()).await.unwrap());
    assert_eq!((world.is_in(1, NOW).await, world.is_in(2, NOW).await), (false, true));
    assert_eq!(world.record(1).await.withdrawn_at, Some(NOW));
    assert!(!issuer.open_session(hash(5), counted(1, 1, 2), NOW).await.unwrap());
    assert!(matches!(world.issues_confirmed(2, counted(1, 1, 2), NOW).await, Err(IssueRefusal::NotConfirmed)));
}

pub async fn what_is_revoked_opens_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    world.session("falcon", 1).await;
    world.session("falcon", 2).await;
    issuer.add_credential(credential("falcon", 3, NOW + 10), entry()).await.unwrap();
    let before = world.entries().await;
    for (n, owner) in [(1, Some("falcon")), (3, Some("falcon")), (1, None), (9, None)] {
        let revoked = issuer.revoke_access(hash(n).id(), ActorName::Operator, NOW).await.unwrap();
        assert_eq!(revoked.map(|revoked| revoked.owner), owner.map(named), "{n}");
    }
    assert_eq!(world.entries().await, before + 2);
    assert_eq!((world.is_in(1, NOW).await, world.is_in(2, NOW).await), (false, true));
    assert!(issuer.credential(hash(3), NOW).await.unwrap().is_none());
    assert!(!issuer.open_session(hash(5), counted(1, 1, 2), NOW).await.unwrap());
}

pub async fn the_ways_in_are_listed_by_person(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.passkey("heron", 1).await;
    world.passkey("falcon", 2).await;
    world.stores.issuer.add_credential(credential("falcon", 3, NOW + 10), entry()).await.unwrap();
    let listed = world.stores.issuer.accesses(crate::world::everybody()).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|(who, access)| (who.as_str(), access.id, access.kind, access.expires_at)).collect();
    let expected = [
        ("falcon", hash(2).id(), AccessKind::Passkey, None),
        ("falcon", hash(3).id(), AccessKind::Credential, Some(NOW + 10)),
        ("falcon", USUAL.id(), AccessKind::Credential, Some(i64::MAX)),
        ("heron", hash(1).id(), AccessKind::Passkey, None),
    ];
    assert_eq!(seen, expected);
    let scopes: Vec<_> = listed.into_iter().map(|(_, access)| access.scopes).collect();
    assert_eq!(scopes, [None, Some([Scope::Tokens].into()), Some(Scope::ALL.into()), None]);
}

pub async fn what_is_over_is_purged(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.stores.issuer.enrol(officer("kite", Role::Officer), entry()).await.unwrap();
    world.session("falcon", 1).await;
    world.stores.issuer.add_link(link("kite", 7, NOW + SESSION_IDLE), entry()).await.unwrap();
    for (now, kept) in [(NOW + SESSION_IDLE - 1, true), (NOW + SESSION_IDLE, false)] {
        world.stores.issuer.purge(now).await.unwrap();
        // Listed at a time at which they would stand if they were still there.
        let stands = (world.is_in(1, NOW).await, world.stores.issuer.link(hash(7), NOW).await.unwrap().is_some());
        assert_eq!(stands, (kept, kept), "{}", now - NOW);
    }
}

pub async fn a_passkey_has_the_name_that_its_person_gave_it(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let hash = AccessHash([60; 32]);
    issuer.add_link(NewLink { hash, callsign: "heron".parse().unwrap(), expires_at: NOW + 60 }, entry()).await.unwrap();
    let row = PasskeyRow { hash: AccessHash([61; 32]), callsign: "heron".parse().unwrap(), handle: [1; 16], record: "1".into() };
    assert!(issuer.register_passkey(hash, row, entry()).await.unwrap());
    let id = AccessHash([61; 32]).id();
    let name = |text: &str| text.parse::<countersign::authority::AccessName>().unwrap();
    let named = async || {
        let all = issuer.accesses("heron".parse().unwrap()..="heron".parse().unwrap()).await.unwrap();
        all[0].1.name.as_ref().map(ToString::to_string)
    };
    assert_eq!(named().await, None);
    assert!(!issuer.name_passkey(id, "falcon".parse().unwrap(), name("Mine")).await.unwrap(), "another's");
    assert_eq!(named().await, None);
    for given in ["Ffôn las", "نیلا فون"] {
        assert!(issuer.name_passkey(id, "heron".parse().unwrap(), name(given)).await.unwrap());
        assert_eq!(named().await.as_deref(), Some(given));
    }
}
