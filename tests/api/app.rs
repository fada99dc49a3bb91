//! One deployment in this process: a store in a folder that vanishes, both listeners, people to act.

mod setup;
mod stored;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use countersign::{
    authority::{AccessHash, ActorName, Authorisation, AuthorisationId, Decision, Officer, Role, Scope},
    clock::{Clock as _, ClockWatch, ManualClock},
    health::Health,
    http::{
        app::{Phase, PrivateApp, PublicApp},
        current::Current,
        head::Heads,
        hosts::Hosts,
        limits::Networks,
        listen::Limits,
        private,
        proxy::Proxies,
        shares::Shares,
    },
    issuer::{Ask, Checked, Confirmed, Custodian, Desk, DeskSettings, Feed, KeyVault as _, Notary, Passkeys, Registry, RelyingParty},
    keyring::PublishedKey,
    ledger::Event,
    store::{AccessStore as _, IssuerStore as _, NewCredential, SpokenRules, SqliteStore},
    telemetry::{Metrics, Scrape},
    token::{Channel, ReaderLevel, SpokenWords},
    verifier::{KeyWatch, Readiness},
};
use tempfile::TempDir;
use tokio::sync::watch;

use self::setup::{checking, listen_to_all, person, public_side};
use crate::{
    actors::{Asker, Person},
    faults::Switch,
    vault::{MemoryLedger, MemoryVault},
    world::{self, DAY, NOW, Seeded, issuer, key},
};

pub use self::setup::{Setup, five_words, listen};

/// Where the pages believe to be.
pub const PUBLIC_URL: &str = "https://verify.example.org";
/// Where the console believes to be.
pub const CONSOLE_URL: &str = "https://console.example.org";
/// A page hosted elsewhere that may ask.
pub const LISTED_ORIGIN: &str = "https://www.example.org";

pub struct TestApp {
    pub clock: Arc<ManualClock>,
    /// Watches it, as one for both sides.
    pub watch: Arc<ClockWatch>,
    pub entropy: Arc<Seeded>,
    pub store: Arc<SqliteStore>,
    /// What goes wrong between the verifier and its store; nothing at first.
    pub faults: Arc<Switch>,
    pub metrics: Arc<Metrics>,
    pub keys: Arc<KeyWatch>,
    /// The verifier's; looked at once at the start.
    pub readiness: Arc<Readiness>,
    pub issuer_health: Arc<Health>,
    pub vault: Arc<MemoryVault>,
    pub ledger: Arc<MemoryLedger>,
    pub custodian: Arc<Custodian>,
    pub registry: Registry,
    pub issuer_side: Arc<PrivateApp>,
    pub public_side: Arc<PublicApp>,
    pub public: SocketAddr,
    pub private: SocketAddr,
    /// Asks and issues; has an approved authorisation for every channel.
    pub officer: Person,
    /// Approved it.
    pub approver: Person,
    pub administrator: Person,
    pub authorisation: AuthorisationId,
    /// How far the verifier is on its way out.
    pub phase: watch::Sender<Phase>,
    setup: Setup,
    folder: TempDir,
}

impl TestApp {
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    /// Somebody with their own attempt and no number.
    pub fn anyone(&self) -> Asker {
        Asker::at(self.public)
    }

    /// The time, which nobody doubts.
    pub fn time(&self) -> Checked {
        Checked::Settled(self.clock.now())
    }

    /// Back to a time before, which the issuer believes as if it had just started.
    pub fn begins_again_at(&self, now: i64) {
        self.clock.set(now);
        self.watch.begin_again();
    }

    /// A second key is published and signs from now on; the verifier has not looked since.
    pub async fn second_key_signs(&self) {
        let second = PublishedKey { key: key(10).public(), ..world::published() };
        self.vault.add(&key(10)).unwrap();
        self.custodian.install(&world::key_set(2, NOW + 1_000, vec![world::published(), second])).await.unwrap();
        assert!(self.store.activate_key(key(10).public().id(), NOW).await.unwrap());
    }

    pub fn desk(&self) -> &Desk {
        &self.issuer_side.desk
    }

    /// The issuer's side in a process that was started now, on the same machine.
    pub fn restarted(&self) -> (Arc<Notary>, Desk) {
        let notary = Arc::new(Notary::new(self.store.clone(), self.ledger.clone()));
        let desk = self.desk_with(self.setup.words, notary.clone());
        (notary, desk)
    }

    /// A desk beside the usual one.
    pub fn desk_with(&self, spoken: SpokenWords, notary: Arc<Notary>) -> Desk {
        let spoken = SpokenRules { words: spoken, ..self.setup.spoken() };
        let rules = DeskSettings { issuer: issuer(), spoken, reader_level: ReaderLevel::Two };
        let (store, custodian) = (self.store.clone(), self.custodian.clone());
        Desk::new(store, self.watch.clone(), self.entropy.clone(), custodian, notary, rules)
    }

    /// Another issuer of the same deployment, in a process of its own as far as the store can tell; where it listens.
    pub async fn another_issuer(&self) -> SocketAddr {
        let store = Arc::new(SqliteStore::open_for_issuer(&self.path(), &world::deployment_keys()).unwrap());
        let notary = Arc::new(Notary::new(store.clone(), self.ledger.clone()));
        let rules = DeskSettings { issuer: issuer(), spoken: self.setup.spoken(), reader_level: ReaderLevel::Two };
        let (clock, entropy) = (self.clock.clone(), Arc::new(Seeded::new(8)));
        let desk = Desk::new(store.clone(), self.watch.clone(), entropy.clone(), self.custodian.clone(), notary.clone(), rules);
        let passkeys = Passkeys::new(store.clone(), clock.clone(), entropy.clone(), RelyingParty::at(CONSOLE_URL).unwrap());
        let side = Arc::new(PrivateApp {
            feed: Feed::new(store.clone(), &notary),
            registry: Registry::new(store, clock.clone(), entropy),
            passkeys,
            desk,
            networks: Networks::default(),
            notary,
            clock,
            public_url: PUBLIC_URL.into(),
            link_url: PUBLIC_URL.into(),
            shares: Shares::of(Limits::PRIVATE.connections),
            console_url: CONSOLE_URL.into(),
            organisation: Current::new("Example Police".into()),
            scrape: Arc::new(self.scrape_of()),
            issuer_health: self.issuer_health.clone(),
            phase: self.phase.subscribe(),
        });
        listen(private::router(side, Heads::of(Hosts::of([CONSOLE_URL])), None), Limits::PRIVATE, Proxies::default()).await
    }

    /// Somebody as they are let to a desk, with a credential that is theirs alone.
    pub async fn confirmed<'a>(&self, officer: &'a Officer) -> Confirmed<'a> {
        let (callsign, hash) = (officer.callsign.clone(), AccessHash::of(officer.callsign.as_str().as_bytes()));
        if self.store.credential(hash, NOW).await.unwrap().is_none() {
            let new = NewCredential { hash, callsign: callsign.clone(), scopes: Scope::ALL.into(), added_at: NOW, expires_at: i64::MAX };
            let entry = Event::credential_made(callsign, hash, Scope::ALL.into(), i64::MAX, ActorName::Operator).at(NOW);
            self.store.add_credential(new, entry).await.unwrap();
        }
        Confirmed { officer, access: hash, confirmation: None }
    }

    /// Another verifier process on the same file.
    pub async fn second_verifier(&self) -> Asker {
        let store = Arc::new(SqliteStore::open_for_verifier(&self.path(), &world::deployment_keys()).unwrap());
        let metrics = Arc::new(Metrics::starting(NOW));
        let checking = checking(store, &self.keys, &self.watch, &self.setup);
        let app = public_side(&checking, metrics, &self.clock, &self.watch, self.phase.subscribe(), &self.setup);
        Asker::at(listen_to_all(app, &self.setup).await)
    }

    /// What Prometheus reads of both sides.
    pub fn scrape_of(&self) -> Scrape {
        let scrape = &self.issuer_side.scrape;
        Scrape {
            metrics: scrape.metrics.clone(),
            watch: scrape.watch.clone(),
            checking: scrape.checking.clone(),
            issuing: scrape.issuing.clone(),
        }
    }

    /// Puts a newer key set into the store and lets the verifier look.
    pub async fn publish(&self, set: &str) {
        self.custodian.install(set).await.unwrap();
        self.keys.refresh(&*self.store, NOW).await.unwrap();
    }

    /// A new person with a credential of 300 days.
    pub async fn person(&self, callsign: &str, role: Role) -> Person {
        person(&self.registry, self.private, callsign, role).await
    }

    /// An authorisation that `officer` asked for.
    pub async fn asked(&self, officer: &Officer, ask: Ask) -> Authorisation {
        self.registry.ask(officer, ask).await.unwrap()
    }

    /// An authorisation that `officer` asked for and the usual approver approved.
    pub async fn approved(&self, officer: &Officer, ask: Ask) -> AuthorisationId {
        let id = self.asked(officer, ask).await.id;
        self.registry.decide(&self.approver.officer, id, Decision::Approve).await.unwrap().id
    }
}

/// Every channel for 20 days and as many tokens as can be had.
pub fn wide() -> Ask {
    Ask {
        reference: "OP-1".into(),
        purpose: "Return a lost bag".into(),
        channels: Channel::ALL.into(),
        from: None,
        until: NOW + 20 * DAY,
        max_tokens: 1_000,
    }
}
