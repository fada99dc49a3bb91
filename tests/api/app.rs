//! One deployment in this process: a store in a folder that vanishes, both listeners, people to act.

use std::{collections::BTreeMap, future::pending, net::SocketAddr, path::PathBuf, sync::Arc};

use countersign::{
    authority::{AccessHash, Actor, ActorName, Authorisation, AuthorisationId, Decision, Officer, Role, Scope},
    clock::{Clock as _, ClockWatch, ManualClock},
    config::{Guessing, Organisation},
    health::Health,
    hex,
    http::{
        app::{Phase, PrivateApp, PublicApp},
        current::{Current, Site},
        head::Heads,
        hosts::Hosts,
        limits::Networks,
        listen::{Limits, serve},
        private,
        proxy::Proxies,
        public,
        shares::Shares,
    },
    issuer::{
        Ask, Checked, Confirmed, Custodian, Desk, DeskSettings, KeyVault as _, Notary, POLICY, Passkeys, Registry, RelyingParty, Trust,
    },
    keyring::{PublishedKey, rotation::Policy},
    ledger::Event,
    page::{Deployment, Pages},
    store::{AccessStore as _, IssuerStore as _, LedgerStore as _, NewCredential, Room, SpokenRules, SqliteStore, VerifierStore},
    telemetry::{Checking, Issuing, Listener, Measured, Metrics, Scrape},
    token::{Channel, SpokenSize, SpokenWords},
    verifier::{Budgets, KeyWatch, Readiness, Verifier, VerifierSettings},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch};

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
        let rules = DeskSettings { issuer: issuer(), spoken, reader_level: countersign::token::ReaderLevel::Two };
        let (store, custodian) = (self.store.clone(), self.custodian.clone());
        Desk::new(store, self.watch.clone(), self.entropy.clone(), custodian, notary, rules)
    }

    /// Another issuer of the same deployment, in a process of its own as far as the store can tell; where it listens.
    pub async fn another_issuer(&self) -> SocketAddr {
        let store = Arc::new(SqliteStore::open_for_issuer(&self.path(), &world::deployment_keys()).unwrap());
        let notary = Arc::new(Notary::new(store.clone(), self.ledger.clone()));
        let rules = DeskSettings { issuer: issuer(), spoken: self.setup.spoken(), reader_level: countersign::token::ReaderLevel::Two };
        let (clock, entropy) = (self.clock.clone(), Arc::new(Seeded::new(8)));
        let desk = Desk::new(store.clone(), self.watch.clone(), entropy.clone(), self.custodian.clone(), notary.clone(), rules);
        let passkeys = Passkeys::new(store.clone(), clock.clone(), entropy.clone(), RelyingParty::at(CONSOLE_URL).unwrap());
        let side = Arc::new(PrivateApp {
            registry: Registry::new(store, clock.clone(), entropy),
            passkeys,
            desk,
            networks: Networks::default(),
            notary,
            clock,
            public_url: PUBLIC_URL.into(),
            link_url: PUBLIC_URL.into(),
            shares: countersign::http::shares::Shares::of(Limits::PRIVATE.connections),
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
        // Ceremonies that wait for their answers come and go without anything being done.
        let names = names.into_iter().filter(|name| name != "ceremonies");
        names.map(|name| (name.clone(), rows(&sql, &name))).collect()
    }

    /// How many ceremonies of a kind wait for their answers.
    pub fn waiting(&self, kind: &str) -> u32 {
        self.sql().query_row("SELECT count(*) FROM ceremonies WHERE kind = ?1", [kind], |row| row.get(0)).unwrap()
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
    /// What the settings would come to.
    fn guessing(&self) -> Guessing {
        let room = Room { person: self.person, ..room(self.max_live) };
        self.guessing.unwrap_or(Guessing { words: self.words, room, budgets: budgets(self.guesses) })
    }

    fn spoken(&self) -> SpokenRules {
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
        let rules = DeskSettings { issuer: issuer(), spoken: self.spoken(), reader_level: countersign::token::ReaderLevel::Two };
        let desk = Desk::new(store.clone(), watch.clone(), entropy.clone(), custodian.clone(), notary.clone(), rules);
        let party = RelyingParty::at(CONSOLE_URL).unwrap();
        let issuer_side = Arc::new(PrivateApp {
            registry: registry.clone(),
            passkeys: Passkeys::new(store.clone(), clock.clone(), entropy.clone(), party),
            desk,
            networks: Networks::default(),
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

async fn person(registry: &Registry, private: SocketAddr, callsign: &str, role: Role) -> Person {
    let officer = registry.enrol(&Actor::Operator, callsign.parse().unwrap(), role).await.unwrap();
    let credential = registry.make_credential(&Actor::Operator, officer.callsign.clone(), Scope::ALL.into(), 300 * DAY).await.unwrap();
    Person::new(private, officer, Some(credential.expose().to_owned()))
}

fn checking(store: Arc<dyn VerifierStore>, keys: &Arc<KeyWatch>, watch: &Arc<ClockWatch>, setup: &Setup) -> Checking {
    let readiness = Arc::new(Readiness::new(store.clone(), keys.clone(), watch.clone(), Arc::default()));
    Checking { store, keys: keys.clone(), readiness, budgets: setup.guessing().budgets }
}

/// Not listening yet.
fn public_side(
    checking: &Checking,
    metrics: Arc<Metrics>,
    clock: &Arc<ManualClock>,
    watch: &Arc<ClockWatch>,
    phase: watch::Receiver<Phase>,
    setup: &Setup,
) -> Arc<PublicApp> {
    let organisation = Organisation { name: "Example Police".into(), telephone: "+44 20 7946 0000".into(), ..Organisation::default() };
    let pages = Pages::new(Deployment {
        issuer: issuer(),
        public_url: PUBLIC_URL.into(),
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
        places: Arc::default(),
        phase,
        metrics,
        site: Current::new(Site::new(pages)),
        origins: [PUBLIC_URL.into(), PUBLIC_URL.into()],
    })
}

async fn listen_to_all(app: Arc<PublicApp>, setup: &Setup) -> SocketAddr {
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

/// So many at once, whoever's and of whatever size.
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
