//! How a deployment is put together.

use std::{future::pending, net::SocketAddr, sync::Arc};

use countersign::{
    authority::{Actor, Decision, Role, Scope},
    clock::{ClockWatch, ManualClock},
    config::{Guessing, Organisation},
    health::Health,
    http::{
        app::{Phase, PrivateApp, PublicApp},
        current::{Current, Site},
        forms::Forms,
        head::Heads,
        hosts::Hosts,
        limits::Networks,
        listen::{Limits, serve},
        private,
        proxy::Proxies,
        public,
        shares::Shares,
    },
    issuer::{Checked, Custodian, Desk, DeskSettings, Feed, Notary, POLICY, Passkeys, Registry, RelyingParty, Trust},
    keyring::rotation::Policy,
    page::{Deployment, Pages},
    store::{Room, SpokenRules, SqliteStore, VerifierStore},
    telemetry::{Checking, Issuing, Listener, Measured, Metrics, Scrape},
    token::{ReaderLevel, SpokenSize, SpokenWords},
    verifier::{Budgets, KeyWatch, Readiness, Verifier, VerifierSettings},
};
use tokio::{net::TcpListener, sync::watch};

use super::{CONSOLE_URL, LISTED_ORIGIN, PUBLIC_URL, TestApp, wide};
use crate::{
    actors::Person,
    faults::{Faulty, Switch},
    vault::{MemoryLedger, MemoryVault},
    world::{self, DAY, NOW, Seeded, first_key_set, issuer, key, root},
};

/// What a test may want otherwise.
pub struct Setup {
    pub guesses: u32,
    pub max_live: u32,
    pub person: u32,
    pub words: SpokenWords,
    /// In place of the two above.
    pub guessing: Option<Guessing>,
    pub limits: Limits,
    /// Of the private listener.
    pub private: Limits,
    /// Of both listeners.
    pub proxies: Proxies,
    pub rotation: Policy,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            guesses: 3_000,
            max_live: 256,
            person: 256,
            guessing: None,
            words: SpokenWords::Fixed(SpokenSize::Five),
            limits: Limits::PUBLIC,
            private: Limits::PRIVATE,
            proxies: Proxies::default(),
            rotation: POLICY,
        }
    }
}

impl Setup {
    /// What the settings would come to.
    pub(super) fn guessing(&self) -> Guessing {
        let room = Room { person: self.person, ..room(self.max_live) };
        self.guessing.unwrap_or(Guessing { words: self.words, room, budgets: budgets(self.guesses) })
    }

    pub(super) fn spoken(&self) -> SpokenRules {
        self.guessing().spoken()
    }

    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open_for_issuer(&folder.path().join("store.sqlite"), &world::deployment_keys()).unwrap());
        let (clock, entropy) = (Arc::new(ManualClock::at(NOW)), Arc::new(Seeded::new(7)));
        let ledger = Arc::new(MemoryLedger::with(world::ledger()));
        let notary = Arc::new(Notary::new(store.clone(), ledger.clone()));
        // As before the service listens.
        notary.sign_each_group().unwrap();
        notary.sign().await.unwrap();
        let vault = Arc::new(MemoryVault::with(&[key(3)]));
        let trust = Trust { root: root().public(), issuer: issuer(), policy: self.rotation };
        let custodian = Arc::new(Custodian::new(store.clone(), vault.clone(), clock.clone(), entropy.clone(), trust));
        custodian.install(&first_key_set()).await.unwrap();
        custodian.rotate(Checked::Settled(NOW)).await.unwrap();
        let watch = Arc::new(ClockWatch::new(clock.clone()));
        let keys = Arc::new(KeyWatch::new(root().public(), issuer(), clock.clone()));
        let faults = Arc::new(Switch::default());
        let metrics = Arc::new(Metrics::starting(NOW));
        let behind_faults = Arc::new(Faulty { store: store.clone(), switch: faults.clone() });
        let phase = watch::Sender::new(Phase::Serving);
        let measured = Arc::new(Measured::new(behind_faults, metrics.clone()));
        let checking = checking(measured, &keys, &watch, &self);
        checking.readiness.begin().await.unwrap();
        let public_side = public_side(&checking, metrics.clone(), &clock, &watch, phase.subscribe(), &self);
        let public = listen_to_all(public_side.clone(), &self).await;
        let (readiness, issuer_health) = (checking.readiness.clone(), Arc::new(Health::default()));
        issuer_health.wrote(watch.since_boot());
        let issuing = Issuing { store: store.clone(), ledger: store.clone(), custodian: custodian.clone(), health: issuer_health.clone() };
        let scrape = Arc::new(Scrape { metrics: metrics.clone(), watch: watch.clone(), checking: Some(checking), issuing: Some(issuing) });

        let registry = Registry::new(store.clone(), clock.clone(), entropy.clone());
        let rules = DeskSettings { issuer: issuer(), spoken: self.spoken(), reader_level: ReaderLevel::Two };
        let desk = Desk::new(store.clone(), watch.clone(), entropy.clone(), custodian.clone(), notary.clone(), rules);
        let party = RelyingParty::at(CONSOLE_URL).unwrap();
        let issuer_side = Arc::new(PrivateApp {
            registry: registry.clone(),
            passkeys: Passkeys::new(store.clone(), clock.clone(), entropy.clone(), party),
            desk,
            networks: Networks::default(),
            feed: Feed::new(store.clone(), &notary),
            notary,
            clock: clock.clone(),
            public_url: PUBLIC_URL.into(),
            link_url: PUBLIC_URL.into(),
            console_url: CONSOLE_URL.into(),
            organisation: Current::new("Example Police".into()),
            scrape,
            issuer_health: issuer_health.clone(),
            shares: Shares::of(self.private.connections),
            phase: phase.subscribe(),
        });
        let heads = Heads::of(Hosts::of([CONSOLE_URL]));
        let router = private::router(issuer_side.clone(), heads, Some(issuer_side.scrape.clone()));
        let forwarding = metrics.forwarding(Listener::Private);
        let proxies = Proxies { faults: forwarding, proxy_protocol_from: vec![], ..self.proxies.clone() };
        let private = listen(router, self.private, proxies).await;

        let administrator = person(&registry, private, "otter", Role::Administrator).await;
        let officer = person(&registry, private, "falcon", Role::Officer).await;
        let approver = person(&registry, private, "heron", Role::Approver).await;
        let asked = registry.ask(&officer.officer, wide()).await.unwrap();
        let authorisation = registry.decide(&approver.officer, asked.id, Decision::Approve).await.unwrap().id;
        TestApp {
            clock,
            watch,
            entropy,
            store,
            faults,
            metrics,
            keys,
            readiness,
            issuer_health,
            vault,
            ledger,
            custodian,
            registry,
            issuer_side,
            public_side,
            public,
            private,
            officer,
            approver,
            administrator,
            authorisation,
            phase,
            setup: self,
            folder,
        }
    }
}

pub(super) async fn person(registry: &Registry, private: SocketAddr, callsign: &str, role: Role) -> Person {
    let officer = registry.enrol(&Actor::Operator, callsign.parse().unwrap(), role).await.unwrap();
    let credential = registry.make_credential(&Actor::Operator, officer.callsign.clone(), Scope::ALL.into(), 300 * DAY).await.unwrap();
    Person::new(private, officer, Some(credential.expose().to_owned()))
}

pub(super) fn checking(store: Arc<dyn VerifierStore>, keys: &Arc<KeyWatch>, watch: &Arc<ClockWatch>, setup: &Setup) -> Checking {
    let readiness = Arc::new(Readiness::new(store.clone(), keys.clone(), watch.clone(), Arc::default()));
    Checking { store, keys: keys.clone(), readiness, budgets: setup.guessing().budgets }
}

/// Not listening yet.
pub(super) fn public_side(
    checking: &Checking,
    metrics: Arc<Metrics>,
    clock: &Arc<ManualClock>,
    watch: &Arc<ClockWatch>,
    phase: watch::Receiver<Phase>,
    setup: &Setup,
) -> Arc<PublicApp> {
    let organisation = Organisation {
        name: "Example Police".into(),
        telephone: "+44 20 7946 0000".into(),
        emergency: "999".into(),
        report: "https://www.example.org/report".into(),
        ..Organisation::default()
    };
    let pages = Pages::new(Deployment {
        issuer: issuer(),
        public_url: PUBLIC_URL.into(),
        link_url: PUBLIC_URL.into(),
        api: String::new(),
        root: root().public(),
        minimum_key_set: 1,
        organisation,
    });
    let rules = VerifierSettings { issuer: issuer(), budgets: setup.guessing().budgets };
    Arc::new(PublicApp {
        verifier: Verifier::new(checking.store.clone(), watch.clone(), checking.keys.clone(), rules),
        readiness: checking.readiness.clone(),
        clock: clock.clone(),
        entropy: Arc::new(Seeded::new(11)),
        guessers: Arc::default(),
        forms: Forms::default(),
        places: Arc::default(),
        phase,
        metrics,
        site: Current::new(Site::new(pages)),
        origins: [PUBLIC_URL.into(), PUBLIC_URL.into()],
    })
}

pub(super) async fn listen_to_all(app: Arc<PublicApp>, setup: &Setup) -> SocketAddr {
    let origins = vec![LISTED_ORIGIN.parse().unwrap()];
    let proxies = Proxies { faults: app.metrics.forwarding(Listener::Public), ..setup.proxies.clone() };
    listen(public::router(app, origins), setup.limits, proxies).await
}

/// Serves until the test ends.
pub async fn listen(router: axum::Router, limits: Limits, proxies: Proxies) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, limits, proxies, pending()));
    address
}

/// So many at once, of any person and any size.
fn room(most: u32) -> Room {
    Room { five: most, all: most, person: most }
}

/// Codes of five words, so many at once.
pub fn five_words(most: u32) -> SpokenRules {
    SpokenRules { words: SpokenWords::Fixed(SpokenSize::Five), room: room(most), five_guesses: 3_000, number_guesses: 3_000 }
}

/// So many wrong guesses of each kind.
fn budgets(most: u32) -> Budgets {
    Budgets { five: most, number: most, six: most }
}
