//! One deployment in this process: a store in a folder that vanishes, both listeners, people to act.

use std::{collections::BTreeMap, future::pending, net::SocketAddr, path::PathBuf, sync::Arc};

use countersign::{
    authority::{AccessHash, Actor, ActorName, Authorisation, AuthorisationId, Decision, Officer, Role, Scope},
    clock::{Clock as _, ClockWatch, ManualClock},
    config::Organisation,
    health::Health,
    hex,
    http::{
        app::{CODES_AT_ONCE, Phase, PrivateApp, PublicApp},
        current::{Current, Site},
        limits::Misses,
        listen::{Limits, serve},
        private,
        proxy::Proxies,
        public,
    },
    issuer::{
        Ask, Checked, Confirmed, Custodian, Desk, DeskSettings, KeyVault as _, Notary, POLICY, Passkeys, Registry, RelyingParty, Trust,
    },
    keyring::{PublishedKey, rotation::Policy},
    ledger::Event,
    page::{Deployment, Pages},
    store::{AccessStore as _, IssuerStore as _, LedgerStore as _, NewCredential, SqliteStore, VerifierStore},
    telemetry::{Checking, Issuing, Measured, Metrics, Scrape},
    token::{Channel, SpokenSize},
    verifier::{KeyWatch, Readiness, Verifier, VerifierSettings},
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{
    actors::{Asker, Person},
    faults::{Faulty, Switch},
    vault::{MemoryLedger, MemoryVault},
    world::{self, DAY, NOW, Seeded, first_key_set, issuer, key, root},
};

/// Where the pages believe to be.
pub const PUBLIC_URL: &str = "https://verify.example.org";
/// Where the console believes to be.
pub const CONSOLE_URL: &str = "https://console.example.org";
/// A page hosted elsewhere that may ask.
pub const LISTED_ORIGIN: &str = "https://www.example.org";

/// What a test may want otherwise.
pub struct Setup {
    pub guesses: u32,
    pub max_live: u32,
    pub limits: Limits,
    pub proxies: Proxies,
    pub rotation: Policy,
}

impl Default for Setup {
    fn default() -> Self {
        Self { guesses: 3_000, max_live: 256, limits: Limits::PUBLIC, proxies: Proxies::default(), rotation: POLICY }
    }
}

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
        let rules = DeskSettings { issuer: issuer(), spoken: SpokenSize::Five, max_live: self.setup.max_live };
        let (store, custodian) = (self.store.clone(), self.custodian.clone());
        let desk = Desk::new(store, self.watch.clone(), self.entropy.clone(), custodian, notary.clone(), rules);
        (notary, desk)
    }

    /// Somebody as they are let to a desk, with a credential that is theirs alone.
    pub async fn confirmed<'a>(&self, officer: &'a Officer) -> Confirmed<'a> {
        let (callsign, hash) = (officer.callsign.clone(), AccessHash::of(officer.callsign.as_str().as_bytes()));
        if self.store.credential(hash, NOW).await.unwrap().is_none() {
            let new = NewCredential { hash, callsign: callsign.clone(), scopes: Scope::ALL.into(), added_at: NOW, expires_at: i64::MAX };
            let entry = Event::credential_made(callsign, hash, Scope::ALL.into(), i64::MAX, ActorName::Operator).at(NOW);
            self.store.add_credential(new, entry).await.unwrap();
        }
        Confirmed { officer, access: hash }
    }

    /// Another verifier process on the same file.
    pub async fn second_verifier(&self) -> Asker {
        let store = Arc::new(SqliteStore::open_for_verifier(&self.path(), &world::deployment_keys()).unwrap());
        let metrics = Arc::new(Metrics::starting(NOW));
        let checking = checking(store, &self.keys, &self.watch, &self.setup);
        Asker::at(public_side(&checking, metrics, &self.clock, &self.watch, self.phase.subscribe(), &self.setup).await)
    }

    /// What Prometheus is told of both sides.
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

    /// Every entry of the ledger, in canonical bytes.
    pub async fn entries(&self) -> Vec<String> {
        let rows = self.store.entries(0).await.unwrap();
        rows.into_iter().map(|row| String::from_utf8(row.leaf).unwrap()).collect()
    }

    /// Another connection, to look at what is stored and to get in the way.
    /// One more entry, by a command on this machine that has no ledger key: no checkpoint covers it yet.
    pub async fn acted_without_the_key(&self, callsign: &str) {
        let store = Arc::new(SqliteStore::open_for_issuer(&self.path(), &world::deployment_keys()).unwrap());
        let registry = Registry::new(store, self.clock.clone(), self.entropy.clone());
        registry.enrol(&Actor::Operator, callsign.parse().unwrap(), Role::Officer).await.unwrap();
    }

    pub fn sql(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection
    }

    /// Every table with its rows as text.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let sql = self.sql();
        let mut names = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        names.into_iter().map(|name| (name.clone(), rows(&sql, &name))).collect()
    }

    pub fn count(&self, table: &str) -> usize {
        self.dump()[table].len()
    }
}

fn rows(sql: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut all = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = all.column_count();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let cells = (0..columns).map(|i| row.get_ref(i).map(|value| cell(&value)));
        Ok(cells.collect::<Result<Vec<_>, _>>()?.join("|"))
    };
    all.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn cell(value: &rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef::{Blob, Integer, Null, Real, Text};
    match value {
        Null => "null".into(),
        Integer(number) => number.to_string(),
        Real(number) => number.to_string(),
        Text(text) => String::from_utf8_lossy(text).into_owned(),
        Blob(bytes) => hex::encode(bytes),
    }
}

/// Every channel for 20 days and as many tokens as can be had.
pub fn wide() -> Ask {
    Ask { reference: "OP-1".into(), channels: Channel::ALL.into(), from: None, until: NOW + 20 * DAY, max_tokens: 1_000 }
}

impl Setup {
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
        let public = public_side(&checking, metrics.clone(), &clock, &watch, phase.subscribe(), &self).await;
        let (readiness, issuer_health) = (checking.readiness.clone(), Arc::new(Health::default()));
        issuer_health.wrote(watch.since_boot());
        let issuing = Issuing { store: store.clone(), ledger: store.clone(), custodian: custodian.clone(), health: issuer_health.clone() };
        let scrape = Arc::new(Scrape { metrics: metrics.clone(), watch: watch.clone(), checking: Some(checking), issuing: Some(issuing) });

        let registry = Registry::new(store.clone(), clock.clone(), entropy.clone());
        let rules = DeskSettings { issuer: issuer(), spoken: SpokenSize::Five, max_live: self.max_live };
        let desk = Desk::new(store.clone(), watch.clone(), entropy.clone(), custodian.clone(), notary.clone(), rules);
        let party = RelyingParty::at(CONSOLE_URL).unwrap();
        let issuer_side = Arc::new(PrivateApp {
            registry: registry.clone(),
            passkeys: Passkeys::new(store.clone(), clock.clone(), entropy.clone(), party),
            desk,
            notary,
            clock: clock.clone(),
            public_url: PUBLIC_URL.into(),
            console_url: CONSOLE_URL.into(),
            organisation: Current::new("Example Police".into()),
            scrape,
            issuer_health: issuer_health.clone(),
            phase: phase.subscribe(),
        });
        let router = private::router(issuer_side.clone(), Limits::PRIVATE);
        let private = listen(router, Limits::PRIVATE, Proxies::default()).await;

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

async fn person(registry: &Registry, private: SocketAddr, callsign: &str, role: Role) -> Person {
    let officer = registry.enrol(&Actor::Operator, callsign.parse().unwrap(), role).await.unwrap();
    let credential = registry.make_credential(&Actor::Operator, officer.callsign.clone(), Scope::ALL.into(), 300 * DAY).await.unwrap();
    Person::new(private, officer, Some(credential.expose().to_owned()))
}

fn checking(store: Arc<dyn VerifierStore>, keys: &Arc<KeyWatch>, watch: &Arc<ClockWatch>, setup: &Setup) -> Checking {
    let readiness = Arc::new(Readiness::new(store.clone(), keys.clone(), watch.clone(), Arc::default()));
    Checking { store, keys: keys.clone(), readiness, guesses: setup.guesses }
}

async fn public_side(
    checking: &Checking,
    metrics: Arc<Metrics>,
    clock: &Arc<ManualClock>,
    watch: &Arc<ClockWatch>,
    phase: watch::Receiver<Phase>,
    setup: &Setup,
) -> SocketAddr {
    let organisation = Organisation { name: "Example Police".into(), telephone: "+44 20 7946 0000".into(), ..Organisation::default() };
    let pages = Pages::new(Deployment {
        issuer: issuer(),
        public_url: PUBLIC_URL.into(),
        api: String::new(),
        root: root().public(),
        minimum_key_set: 1,
        spoken: SpokenSize::Five,
        organisation,
    });
    let rules = VerifierSettings { issuer: issuer(), spoken: SpokenSize::Five, guesses: setup.guesses };
    let app = PublicApp {
        verifier: Verifier::new(checking.store.clone(), watch.clone(), checking.keys.clone(), rules),
        readiness: checking.readiness.clone(),
        clock: clock.clone(),
        entropy: Arc::new(Seeded::new(11)),
        misses: Misses::default(),
        codes: Arc::new(Semaphore::new(CODES_AT_ONCE)),
        phase,
        metrics,
        site: Current::new(Site::new(pages)),
        origin: PUBLIC_URL.into(),
    };
    let origins = vec![LISTED_ORIGIN.parse().unwrap()];
    listen(public::router(Arc::new(app), setup.limits, origins), setup.limits, setup.proxies.clone()).await
}

/// Serves until the test ends.
pub async fn listen(router: axum::Router, limits: Limits, proxies: Proxies) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, limits, proxies, pending()));
    address
}
