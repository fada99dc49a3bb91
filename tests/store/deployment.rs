//! An organisation at work on a SQLite file: everybody acts through the use-cases themselves, so that its ledger is a real one.

use std::{path::Path, sync::Arc};

use countersign::{
    authority::{AccessHash, Actor, AuthorisationId, Callsign, Decision, Officer, Role, Scope},
    clock::{Clock as _, ClockWatch, ManualClock},
    issuer::{
        Ask, Changed, Checked, Confirmed, Custodian, Desk, DeskSettings, Housekeeper, IssueRequest, Issued, Notary, POLICY, Registry, Trust,
    },
    keyring::PublishedKey,
    ledger::Event,
    store::{AccessStore as _, AttemptHash, LedgerStore as _, Marked, Page, PasskeyRow, Presented, SqliteStore, VerifierStore as _},
    token::Channel,
};

use crate::{
    acts::five_words,
    vault::{MemoryLedger, MemoryVault},
    world::{self, DAY, NOW, Seeded},
};

/// How many days it works.
const DAYS: usize = 10;
/// How many tokens are issued on each; with what becomes of them that makes 99 entries a day.
const TOKENS: usize = 49;

/// People, keys and the signer of the ledger.
pub struct Deployment {
    store: Arc<SqliteStore>,
    clock: Arc<ManualClock>,
    custodian: Arc<Custodian>,
    housekeeper: Housekeeper,
    registry: Registry,
    desk: Desk,
    administrator: Actor,
    approver: Officer,
}

/// Makes the ledger of a thousand entries that were made on ten days, each under a checkpoint of its day.
pub async fn a_thousand_entries(path: &Path) {
    let deployment = Deployment::begin(path).await;
    for day in 0..DAYS {
        deployment.day(day).await;
    }
    assert_eq!(deployment.size().await, 1_000);
}

impl Deployment {
    async fn begin(path: &Path) -> Self {
        let store = Arc::new(SqliteStore::open_for_issuer(path, &world::deployment_keys()).unwrap());
        let (clock, entropy) = (Arc::new(ManualClock::at(NOW)), Arc::new(Seeded::new(7)));
        let notary = Arc::new(Notary::new(store.clone(), Arc::new(MemoryLedger::with(world::ledger()))));
        // Of nothing yet, so that the checkpoints are those of the days.
        notary.sign().await.unwrap();
        let vault = Arc::new(MemoryVault::with(&[3, 10, 11].map(world::key)));
        let trust = Trust { root: world::root().public(), issuer: world::issuer(), policy: POLICY };
        let custodian = Arc::new(Custodian::new(store.clone(), vault, clock.clone(), entropy.clone(), trust));
        let later = |seed, days| PublishedKey { key: world::key(seed).public(), expires_at: NOW + days * DAY, ..world::published() };
        custodian.install(&world::key_set(1, NOW + 30 * DAY, vec![later(3, 40), later(10, 41), later(11, 42)])).await.unwrap();
        custodian.rotate(Checked::Settled(NOW)).await.unwrap();
        let watch = Arc::new(ClockWatch::new(clock.clone()));
        let housekeeper =
            Housekeeper::new(store.clone(), watch.clone(), Arc::default(), custodian.clone(), notary.clone(), five_words(256));
        let registry = Registry::new(store.clone(), clock.clone(), entropy.clone());
        let rules = DeskSettings { issuer: world::issuer(), spoken: five_words(256), reader_level: countersign::token::ReaderLevel::Two };
        let desk = Desk::new(store.clone(), watch, entropy, custodian.clone(), notary, rules);
        let enrol = async |callsign: &str, role| registry.enrol(&Actor::Operator, callsign.parse().unwrap(), role).await.unwrap();
        let (administrator, approver) = (Actor::Person(enrol("otter", Role::Administrator).await), enrol("heron", Role::Approver).await);
        enrol("swift", Role::Overseer).await;
        Self { store, clock, custodian, housekeeper, registry, desk, administrator, approver }
    }

    async fn size(&self) -> u64 {
        self.store.head().await.unwrap().size
    }

    fn passes(&self, seconds: i64) {
        self.clock.set(self.clock.now() + seconds);
    }

    /// Somebody comes, is allowed, refused and changes their mind, approaches people, and leaves.
    async fn day(&self, day: usize) {
        let callsign: Callsign = format!("kestrel{day}").parse().unwrap();
        let officer = self.registry.enrol(&self.administrator, callsign.clone(), Role::Officer).await.unwrap();
        let credential = self.registry.make_credential(&self.administrator, callsign.clone(), Scope::ALL.into(), DAY).await.unwrap();
        let by = Confirmed { officer: &officer, access: credential.hash(), confirmation: None };
        self.comes_in(&callsign, day).await;
        let refused = self.asked(&officer).await;
        self.registry.decide(&self.approver, refused, Decision::Refuse).await.unwrap();
        let regretted = self.asked(&officer).await;
        self.registry.withdraw(&officer, regretted).await.unwrap();
        let approved = self.asked(&officer).await;
        self.registry.decide(&self.approver, approved, Decision::Approve).await.unwrap();
        let changed = Changed { channels: Channel::ALL.into(), until: self.clock.now() + DAY, max_tokens: 50 };
        self.registry.review(&self.approver, approved, changed).await.unwrap();
        for n in 0..TOKENS {
            self.approach(by, approved, n).await;
        }
        self.registry.suspend(&self.administrator, callsign).await.unwrap();
        if day == DAYS - 1 {
            self.custodian.revoke(&self.administrator, world::key(10).public().id(), "stolen").await.unwrap();
        }
        // First checks are reported, keys change over, and all of it goes under a checkpoint.
        self.housekeeper.round().await;
        self.passes(DAY);
    }

    /// Registers a passkey, which is lost on the same day; on the last day they reach for what is not theirs instead.
    async fn comes_in(&self, callsign: &Callsign, day: usize) {
        let link = self.registry.make_link(&self.administrator, callsign).await.unwrap().link.hash();
        let hash = AccessHash::of(callsign.as_str().as_bytes());
        let passkey = PasskeyRow { hash, callsign: callsign.clone(), handle: [7; 16], record: "{}".into() };
        let registered = Event::PasskeyRegistered { callsign: callsign.clone(), passkey: hash.id(), link: link.id() };
        assert!(self.store.register_passkey(link, passkey, registered.at(self.clock.now())).await.unwrap());
        if day == DAYS - 1 {
            let person = self.registry.person(callsign).await.unwrap();
            assert!(self.registry.people(&Actor::Person(person), Page::default()).await.is_err());
        } else {
            self.registry.revoke_access(&self.administrator, hash.id()).await.unwrap();
        }
    }

    async fn asked(&self, officer: &Officer) -> AuthorisationId {
        let until = self.clock.now() + DAY;
        let ask = Ask {
            reference: "OP-1".into(),
            purpose: "Return a lost bag".into(),
            channels: Channel::ALL.into(),
            from: None,
            until,
            max_tokens: 100,
        };
        let id = self.registry.ask(officer, ask).await.unwrap().id;
        self.passes(60);
        id
    }

    /// Every fourth token is spoken after all, withdrawn, checked, or runs out.
    async fn approach(&self, by: Confirmed<'_>, under: AuthorisationId, n: usize) {
        let channel = Channel::ALL[n % 2];
        let request = IssueRequest {
            authorisation: Some(under),
            approach: world::approach(channel),
            not_before: None,
            lifetime: None,
            spoken: Some(false),
        };
        let Issued { token, claims, .. } = self.desk.issue(by, request).await.unwrap();
        self.passes(7);
        match n % 4 {
            0 => drop(self.desk.make_speakable(by.officer, claims.cti(), &token).await.unwrap()),
            1 => self.desk.withdraw(&self.approver, claims.cti()).await.unwrap(),
            2 => {
                let shown = Presented { cti: claims.cti(), hash: token.hash(), expires_at: claims.window().expires_at() };
                let marked = self.store.use_once(shown, Some(AttemptHash([7; 32])), self.clock.now()).await.unwrap();
                assert_eq!(marked, Marked::First);
            }
            _ => {}
        }
    }
}
