//! What the issuer does, with its ledger entry or not at all; and the world in which the suite does it.

use countersign::{
    authority::{AccessHash, ActorName, Authorisation, AuthorisationId, Callsign, Decision, Officer, Request, Review, Role, Scope, State},
    ledger::{Entry, Event},
    store::{
        Decided, IssueRefusal, LiveToken, NewCredential, NewToken, Page, Presented, Room, Sort, Speakable, SpokenRules, TokenRecord, Wanted,
    },
    token::{Channel, Cti, SpokenCode, SpokenSize, SpokenWords, Token},
};

use crate::{
    Backend, Stores,
    keys::{key, set, stolen},
};

pub const NOW: i64 = 1_795_000_000;
pub const END: i64 = NOW + 300;

/// Falcon's program, with which tokens are issued unless a test says otherwise.
pub const USUAL: AccessHash = AccessHash([200; 32]);

/// A key that signs, an officer, an approver, and an approved authorisation with the id 01.. for a thousand tokens.
pub struct World {
    pub stores: Stores,
}

pub fn officer(callsign: &str, role: Role) -> Officer {
    Officer { callsign: callsign.parse().unwrap(), role, enrolled_at: NOW, suspended_at: None }
}

/// Some entry; which one does not matter to the store.
pub fn entry() -> Entry {
    entry_at(NOW)
}

/// Some entry of this time.
pub fn entry_at(now: i64) -> Entry {
    Event::KeySetPublished { version: 1, hash: [0; 32] }.at(now)
}

pub fn authorisation(id: u8, max_tokens: u32) -> Authorisation {
    let request = Request::new("OP-1", [Channel::InPerson].into(), (NOW, NOW + 3_600), max_tokens, NOW).unwrap();
    Authorisation::asked(AuthorisationId([id; 8]), request, "falcon".parse().unwrap(), NOW)
}

/// An hour of in-person tokens cut to half an hour.
pub fn narrowed() -> Review {
    Review::new(NOW, [Channel::InPerson].into(), NOW + 1_800, 5, NOW).unwrap()
}

pub fn token(cti: u8) -> Token {
    Token::from_bytes([&Token::BEGINNING, [cti].as_slice()].concat()).unwrap()
}

/// A silent token of the usual officer.
pub fn new_token(cti: u8) -> NewToken {
    NewToken {
        cti: Cti([cti; 8]),
        hash: token(cti).hash(),
        kid: key(1).public().id().prefix(),
        authorisation: AuthorisationId([1; 8]),
        officer: "falcon".parse().unwrap(),
        access: USUAL,
        channel: Channel::InPerson,
        issued_at: NOW,
        starts_at: NOW,
        expires_at: END,
        speakable: None,
        confirmation: None,
        once: None,
    }
}

pub fn speakable(cti: u8, max_live: u32) -> Speakable {
    Speakable { code: SpokenCode::of(&token(cti), SpokenSize::Six), token: token(cti), rules: five_words(max_live) }
}

/// Codes of five words, so many at once.
pub fn five_words(max_live: u32) -> SpokenRules {
    let room = Room { five: max_live, all: max_live, person: max_live };
    SpokenRules { words: SpokenWords::Fixed(SpokenSize::Five), room, five_guesses: 3_000, number_guesses: 300 }
}

impl World {
    /// The tokens that have not run out, of all or of one person: no more than a page.
    pub async fn live_tokens(&self, of: Option<Callsign>, now: i64) -> Vec<LiveToken> {
        let wanted = Wanted { search: None, sort: Sort::Until, page: Page::default() };
        self.stores.issuer.sorted_tokens(of, wanted, now).await.unwrap().unwrap().items
    }

    pub async fn new(backend: &dyn Backend) -> Self {
        let stores = backend.open().await;
        stores.issuer.put_key_set(set(1, &[1]), entry()).await.unwrap();
        assert!(stores.issuer.activate_key(key(1).public().id(), NOW).await.unwrap());
        for (callsign, role) in [("falcon", Role::Officer), ("heron", Role::Approver)] {
            assert!(stores.issuer.enrol(officer(callsign, role), entry()).await.unwrap());
        }
        let credential = NewCredential {
            hash: USUAL,
            callsign: "falcon".parse().unwrap(),
            scopes: Scope::ALL.into(),
            added_at: NOW,
            expires_at: i64::MAX,
        };
        stores.issuer.add_credential(credential, entry()).await.unwrap();
        let world = Self { stores };
        world.approved(1, 1_000).await;
        world
    }

    pub async fn approved(&self, id: u8, max_tokens: u32) {
        self.stores.issuer.ask(authorisation(id, max_tokens), None, entry()).await.unwrap();
        let decided = self.stores.issuer.decide(AuthorisationId([id; 8]), Decision::Approve, "heron".parse().unwrap(), entry()).await;
        assert!(matches!(decided.unwrap(), Decided::Done(a) if a.state == State::Approved));
    }

    pub async fn issue(&self, token: NewToken) -> Result<Option<SpokenSize>, IssueRefusal> {
        self.stores.issuer.issue_and_record(token, entry()).await
    }

    pub async fn issued(&self, cti: u8) -> Presented {
        self.issue(new_token(cti)).await.unwrap();
        Presented { cti: Cti([cti; 8]), hash: token(cti).hash(), expires_at: END }
    }

    pub async fn record(&self, cti: u8) -> TokenRecord {
        self.stores.issuer.token(Cti([cti; 8])).await.unwrap().unwrap()
    }

    pub async fn withdraw(&self, cti: u8) {
        assert!(self.stores.issuer.withdraw_token(Cti([cti; 8]), entry()).await.unwrap());
    }

    pub async fn entries(&self) -> u64 {
        self.stores.ledger.head().await.unwrap().size
    }
}

pub async fn people_are_enrolled_once_and_suspended_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    let before = world.entries().await;
    assert!(!issuer.enrol(officer("falcon", Role::Administrator), entry()).await.unwrap());
    assert!(!issuer.suspend("nobody".parse().unwrap(), entry()).await.unwrap());
    assert_eq!(world.entries().await, before);
    assert!(issuer.suspend("falcon".parse().unwrap(), entry()).await.unwrap());
    assert!(!issuer.suspend("falcon".parse().unwrap(), entry()).await.unwrap());
    assert_eq!(world.entries().await, before + 1);
    let falcon = issuer.officer("falcon".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((falcon.role, falcon.suspended_at), (Role::Officer, Some(NOW)));
    let everybody: Vec<String> = issuer.officers(Page::default()).await.unwrap().iter().map(|o| o.callsign.to_string()).collect();
    assert_eq!(everybody, ["falcon", "heron"]);
}

pub async fn suspension_and_withdrawal_reach_live_tokens_only(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.approved(2, 10).await;
    for (cti, authorisation, expires_at) in [(1, 1, END), (2, 2, END), (3, 2, NOW + 1), (4, 2, NOW + 2)] {
        world.issue(NewToken { authorisation: AuthorisationId([authorisation; 8]), expires_at, ..new_token(cti) }).await.unwrap();
    }
    let withdrawn = async || {
        let mut all = vec![];
        for cti in 1..=4 {
            all.push(world.record(cti).await.withdrawn_at);
        }
        all
    };
    // At the second where the leeway of the third token is over and that of the fourth is not.
    let at = NOW + 61;
    let late = Entry { at, ..entry() };
    world.stores.issuer.withdraw_authorisation(AuthorisationId([2; 8]), "heron".parse().unwrap(), late.clone()).await.unwrap();
    assert_eq!(withdrawn().await, [None, Some(at), None, Some(at)]);
    assert!(world.stores.issuer.suspend("falcon".parse().unwrap(), late).await.unwrap());
    assert_eq!(withdrawn().await, [Some(at), Some(at), None, Some(at)]);
}

pub async fn a_refused_act_leaves_no_trace(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.issued(1).await;
    let before = (world.entries().await, world.stores.issuer.authorisations(None, Page::default(), NOW).await.unwrap());
    let wrong_channel = NewToken { channel: Channel::Online, ..new_token(2) };
    assert!(matches!(world.issue(wrong_channel).await, Err(IssueRefusal::NotAuthorised)));
    assert!(matches!(world.issue(new_token(1)).await, Err(IssueRefusal::CodeTaken)));
    let full = NewToken { speakable: Some(speakable(2, 0)), ..new_token(2) };
    assert!(matches!(world.issue(full).await, Err(IssueRefusal::TooManyLive)));
    let unknown = world.stores.issuer.make_speakable(Cti([9; 8]), speakable(9, 10), entry()).await;
    assert!(matches!(unknown, Err(IssueRefusal::NotAuthorised)));
    let other_bytes = world.stores.issuer.make_speakable(Cti([1; 8]), speakable(9, 10), entry()).await;
    assert!(matches!(other_bytes, Err(IssueRefusal::NotAuthorised)));
    assert!(!world.stores.issuer.withdraw_token(Cti([9; 8]), entry()).await.unwrap());
    let none = world.stores.issuer.withdraw_authorisation(AuthorisationId([9; 8]), "heron".parse().unwrap(), entry()).await.unwrap();
    assert_eq!(none, Decided::Unknown);
    assert_eq!((world.entries().await, world.stores.issuer.authorisations(None, Page::default(), NOW).await.unwrap()), before);
    assert!(world.stores.issuer.token(Cti([2; 8])).await.unwrap().is_none());
}

pub async fn no_record_no_act(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.issued(1).await;
    let issuer = &world.stores.issuer;
    let seen = async || {
        let people = issuer.officers(Page::default()).await.unwrap();
        let keys = issuer.signing_keys().await.unwrap();
        (people, issuer.authorisations(None, Page::default(), NOW).await.unwrap(), world.record(1).await, world.entries().await, keys)
    };
    issuer.put_key_set(set(2, &[1, 2]), entry()).await.unwrap();
    let before = seen().await;
    backend.block("ledger_entries").await;
    let first = AuthorisationId([1; 8]);
    assert!(issuer.enrol(officer("kite", Role::Officer), entry()).await.is_err());
    assert!(issuer.suspend("falcon".parse().unwrap(), entry()).await.is_err());
    assert!(issuer.ask(authorisation(3, 5), None, entry()).await.is_err());
    assert!(issuer.withdraw_authorisation(first, "heron".parse().unwrap(), entry()).await.is_err());
    assert!(issuer.withdraw_token(Cti([1; 8]), entry()).await.is_err());
    assert!(matches!(issuer.make_speakable(Cti([1; 8]), speakable(1, 9), entry()).await, Err(IssueRefusal::Store(_))));
    assert!(matches!(world.issue(new_token(2)).await, Err(IssueRefusal::Store(_))));
    assert!(issuer.put_key_set(set(7, &[1, 3]), entry()).await.is_err());
    assert!(issuer.activate_key(key(2).public().id(), NOW).await.is_err());
    assert!(issuer.revoke_key(key(1).public().id(), stolen(), entry()).await.is_err());
    assert!(issuer.review(first, narrowed(), "heron".parse().unwrap(), entry()).await.is_err());
    assert!(issuer.record(entry()).await.is_err());
    assert_eq!(seen().await, before);
    assert!(issuer.token(Cti([2; 8])).await.unwrap().is_none());
}

pub async fn the_ledger_keeps_its_order(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let before = world.entries().await;
    for n in 0..20 {
        let entry =
            Event::OfficerEnrolled { callsign: format!("p{n}").parse().unwrap(), role: Role::Officer, by: ActorName::Operator }.at(NOW);
        world.stores.issuer.enrol(officer(&format!("p{n}"), Role::Officer), entry).await.unwrap();
    }
    let rows = backend.open().await.ledger.entries(before.cast_signed()).await.unwrap();
    for (n, row) in rows.iter().enumerate() {
        assert!(String::from_utf8_lossy(&row.leaf).contains(&format!("\"p{n}\"")));
    }
    assert_eq!(rows.len(), 20);
}
