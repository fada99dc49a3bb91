//! A public side with a planted fault: it says `genuine` before the mark is on disk, and writes the mark a little later. Made of
//! the library's own parts, served by this very program.

use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use countersign::{
    clock::{Clock, ClockWatch, SystemClock},
    config::Organisation,
    entropy::SystemEntropy,
    http::{
        app::{Phase, PublicApp},
        current::{Current, Site},
        forms::Forms,
        listen::{Limits, serve as accept},
        proxy::Proxies,
        public,
    },
    key_folder::KeyFolder,
    keyring::IssuerName,
    page::{Deployment, Pages},
    store::{
        AttemptHash, Guess, GuessPool, IssuerStore, Marked, NumberTry, PostgresAddress, PostgresStore, Presented, SqliteStore, Standing,
        StoreError, StoredKeySet, VerifierStore,
    },
    telemetry::Metrics,
    token::{SpokenCode, Token},
    verifier::{Budgets, KeyWatch, Readiness, Verifier, VerifierSettings},
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    running::{ISSUER, PUBLIC_URL, Service},
    station::{Serving, Station},
};

/// The argument by which this program runs as that server.
pub const SERVE: &str = "planted-server";
/// How long the mark is late.
const LATE: Duration = Duration::from_millis(15);

/// The real issuer, and this in place of the verifier.
pub fn start(station: &Station) -> Serving {
    let mut planted = Command::new(std::env::current_exe().unwrap());
    planted.args([SERVE, &station.store]).current_dir(station.folder.path());
    Serving::of(vec![Service::spawn(station.command("issuer")), Service::spawn(planted)])
}

/// A store that can also be asked whether a token was used.
trait Both: VerifierStore + IssuerStore {}

impl<T: VerifierStore + IssuerStore> Both for T {}

struct TooEarly {
    store: Arc<dyn Both>,
    /// First uses that may not be on disk yet, so that while it runs nobody notices anything.
    first: Mutex<HashMap<[u8; 8], Option<[u8; 32]>>>,
}

#[async_trait]
impl VerifierStore for TooEarly {
    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError> {
        let on_disk = self.store.token(token.cti).await?.is_some_and(|record| record.first_checked_at.is_some());
        let known = *self.first.lock().unwrap().entry(token.cti.0).or_insert(attempt.map(|a| a.0));
        if on_disk {
            return self.store.use_once(token, attempt, now).await;
        }
        if known != attempt.map(|a| a.0) {
            return Ok(Marked::Before(now - now % 60));
        }
        let store = self.store.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            store.use_once(token, attempt, now).await
        });
        Ok(Marked::First)
    }

    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.store.key_set().await
    }

    fn key_changes(&self) -> watch::Receiver<()> {
        self.store.key_changes()
    }

    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError> {
        self.store.guesses_taken(pool, now).await
    }

    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError> {
        self.store.token_for_code(code).await
    }

    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError> {
        self.store.take_guess(pool, budget, now).await
    }

    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
        self.store.try_number(token, attempt).await
    }

    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError> {
        self.store.wrong_numbers(token).await
    }

    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError> {
        self.store.give_back(guess, number).await
    }

    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError> {
        self.store.first_attempt(token).await
    }

    async fn deployment(&self) -> Result<[u8; 16], StoreError> {
        self.store.deployment().await
    }

    async fn standing(&self, token: Presented) -> Result<Standing, StoreError> {
        self.store.standing(token).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }

    async fn heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError> {
        self.store.heartbeat(now).await
    }
}

async fn open(store: &str) -> Arc<dyn Both> {
    let keys = KeyFolder::at("keys").deployment_keys(&ISSUER.parse().unwrap(), [1; 16], None).unwrap();
    match store.strip_prefix("sqlite:") {
        Some(file) => Arc::new(SqliteStore::open_for_verifier(Path::new(file), &keys).unwrap()),
        None => Arc::new(PostgresStore::open_for_verifier(PostgresAddress::parse(store, None).unwrap(), &keys).await.unwrap()),
    }
}

/// Serves a store, with the keys of the folder that it is started in, until it is killed.
pub fn serve(store: &str) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = open(store).await;
        let app = app(Arc::new(TooEarly { store, first: Mutex::default() })).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("countersign: public side on http://{}", listener.local_addr().unwrap());
        let router = public::router(Arc::new(app), vec![]);
        accept(listener, router, Limits::PUBLIC, Proxies::default(), std::future::pending()).await;
    });
}

async fn app(store: Arc<dyn VerifierStore>) -> PublicApp {
    let (clock, issuer): (Arc<dyn Clock>, IssuerName) = (Arc::new(SystemClock), ISSUER.parse().unwrap());
    let keys = Arc::new(KeyWatch::new(KeyFolder::at("keys").root().unwrap(), issuer.clone(), clock.clone()));
    let watch = Arc::new(ClockWatch::new(clock.clone()));
    let readiness = Arc::new(Readiness::new(store.clone(), keys.clone(), watch.clone(), Arc::default()));
    readiness.begin().await.unwrap();
    let pages = Pages::new(Deployment {
        issuer: issuer.clone(),
        public_url: PUBLIC_URL.into(),
        link_url: PUBLIC_URL.into(),
        api: String::new(),
        root: keys.root().clone(),
        minimum_key_set: 1,
        organisation: Organisation::default(),
    });
    let metrics = Arc::new(Metrics::starting(clock.now()));
    let rules = VerifierSettings { issuer, budgets: Budgets { five: 1, number: 1, six: 1 } };
    PublicApp {
        verifier: Verifier::new(store, watch, keys, rules),
        readiness,
        clock,
        entropy: Arc::new(SystemEntropy),
        guessers: Arc::default(),
        forms: Forms::default(),
        places: Arc::default(),
        phase: watch::Sender::new(Phase::Serving).subscribe(),
        metrics,
        site: Current::new(Site::new(pages)),
        origins: [PUBLIC_URL.into(), PUBLIC_URL.into()],
    }
}
