//! `countersign serve`

use std::{
    io::{Write as _, stderr},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use clap::ValueEnum;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{
    Failure,
    place::{Place, block_on},
};
use crate::{
    config::{Settings, reason},
    http::{
        app::{PrivateApp, PublicApp},
        assets::Assets,
        limits::Misses,
        listen::{Limits, serve},
        private, public,
    },
    issuer::{Custodian, CustodyError, Desk, DeskSettings, Housekeeper, Notary, Passkeys, Registry, RelyingParty},
    key_folder::KeyFolder,
    page::{Deployment, Pages},
    store::{SqliteStore, VerifierStore},
    verifier::{KeyWatch, Verifier, VerifierSettings, WatchError},
};

/// How often a verifier looks for a newer key set and for revocations, which must reach it within a minute.
const KEY_SET_EVERY: Duration = Duration::from_secs(10);
/// How often the housekeeper makes its round: first checks are in the ledger, and the ledger is signed, within a minute.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(30);

/// What runs in this process.
#[derive(clap::Args)]
pub struct Args {
    /// Which side
    #[arg(long, value_enum)]
    role: Side,
}

/// The sides of the service.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// Both in one process
    All,
    /// The public side; reads no private key
    Verifier,
    /// The officers' side
    Issuer,
}

/// Serves until it is told to stop.
pub fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let place = Place::here()?;
    block_on(async {
        let service = Service::start(args.role, settings, &place).await?;
        let stop = stop_signal();
        for (side, address) in &service.listening {
            // Only for people who watch; the service does not end because nobody does.
            let _ = writeln!(stderr(), "countersign: {side} side on http://{address}");
        }
        service.until(stop).await;
        Ok(())
    })
}

/// A running service.
pub struct Service {
    listening: Vec<(&'static str, SocketAddr)>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    housekeeper: Option<Arc<Housekeeper>>,
}

impl Service {
    /// Starts what the role asks for. Whatever is wrong with settings, keys, store or ports is said here.
    pub async fn start(side: Side, settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let mut service = Self { listening: Vec::new(), stop: watch::Sender::new(false), tasks: JoinSet::new(), housekeeper: None };
        let path = settings.store_path()?;
        let folder = KeyFolder::at(settings.keys());
        // Before the store, so that a wrong setting leaves nothing behind.
        check(side, settings)?;
        if side == Side::Verifier {
            folder.root()?;
            let store = Arc::new(SqliteStore::open_for_verifier(&path)?);
            service.verifier(settings, place, &folder, store).await?;
            return Ok(service);
        }
        let issuer = settings.issuer()?;
        folder.vault(settings.passphrase()?).check(&folder.public_keys(&issuer, place.clock.now())?)?;
        let (name, key) = folder.ledger(&issuer, settings.passphrase()?.as_ref())?;
        let store = Arc::new(SqliteStore::open_for_issuer(&path)?);
        let custodian = Arc::new(place.custodian_on(store.clone(), settings)?);
        custodian.install(&folder.key_set()?).await?;
        match custodian.rotate().await {
            // Checks go on without a key that signs; officers are told, and the next round tries again.
            Err(CustodyError::Ring(error)) => tracing::error!(%error, "nothing can be issued for now"),
            done => drop(done?),
        }
        let notary = Arc::new(Notary::new(store.clone(), name, key));
        service.issuer(settings, place, store.clone(), custodian, notary).await?;
        if side == Side::All {
            // Last, so that whoever sees it ready finds both.
            service.verifier(settings, place, &folder, store).await?;
        }
        Ok(service)
    }

    /// Serves until `stop` is done, then finishes what is under way.
    pub async fn until(mut self, stop: impl Future<Output = ()>) {
        stop.await;
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        if let Some(housekeeper) = self.housekeeper {
            // Nothing acts any more: what was done since the last round goes under a checkpoint too.
            housekeeper.round().await;
        }
    }

    async fn verifier(
        &mut self,
        settings: &Settings,
        place: &Place,
        folder: &KeyFolder,
        store: Arc<dyn VerifierStore>,
    ) -> Result<(), Failure> {
        let keys = Arc::new(KeyWatch::new(folder.root()?, settings.issuer()?));
        keys.refresh(&*store, place.clock.now()).await.map_err(untrusted)?;
        let app = Arc::new(public_app(settings, place, keys.clone(), store.clone())?);
        let router = public::router(app, Limits::PUBLIC, settings.page_origins()?);
        self.listen("public", "--public", settings.public()?, router, Limits::PUBLIC).await?;
        let clock = place.clock.clone();
        self.every(KEY_SET_EVERY, move || {
            let (keys, store, clock) = (keys.clone(), store.clone(), clock.clone());
            async move {
                if let Err(error) = keys.refresh(&*store, clock.now()).await {
                    tracing::error!(%error, "the key set could not be refreshed");
                }
            }
        });
        Ok(())
    }

    async fn issuer(
        &mut self,
        settings: &Settings,
        place: &Place,
        store: Arc<SqliteStore>,
        custodian: Arc<Custodian>,
        notary: Arc<Notary>,
    ) -> Result<(), Failure> {
        let housekeeper = Arc::new(Housekeeper::new(store.clone(), place.clock.clone(), custodian.clone(), notary.clone()));
        let app = Arc::new(private_app(settings, place, store, custodian, notary)?);
        self.listen("private", "--private", settings.private()?, private::router(app, Limits::PRIVATE), Limits::PRIVATE).await?;
        self.housekeeper = Some(housekeeper.clone());
        self.every(HOUSEKEEPING_EVERY, move || {
            let housekeeper = housekeeper.clone();
            async move { housekeeper.round().await }
        });
        Ok(())
    }

    async fn listen(&mut self, side: &'static str, flag: &str, address: SocketAddr, app: Router, limits: Limits) -> Result<(), Failure> {
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|error| Failure::wrong(cannot_listen(address, flag, &error)))?;
        self.listening.push((side, listener.local_addr().unwrap_or(address)));
        let stop = stopped(self.stop.subscribe());
        self.tasks.spawn(serve(listener, app, limits, stop));
        Ok(())
    }

    /// Does `work` now and after every `pause`, until the service stops.
    fn every<F: Future<Output = ()> + Send>(&mut self, pause: Duration, work: impl Fn() -> F + Send + 'static) {
        let stop = stopped(self.stop.subscribe());
        self.tasks.spawn(async move {
            let mut stop = std::pin::pin!(stop);
            loop {
                work().await;
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }
}

/// Asks for every setting that the side needs.
fn check(side: Side, settings: &Settings) -> Result<(), Failure> {
    settings.issuer()?;
    settings.public_url()?;
    settings.guessing()?;
    if side != Side::Issuer {
        settings.organisation()?;
        settings.public()?;
        settings.page_origins()?;
    }
    if side != Side::Verifier {
        settings.private()?;
        settings.rotation()?;
        relying_party(settings)?;
        settings.organisation()?;
    }
    Ok(())
}

fn public_app(settings: &Settings, place: &Place, keys: Arc<KeyWatch>, store: Arc<dyn VerifierStore>) -> Result<PublicApp, Failure> {
    let (issuer, guessing, organisation) = (settings.issuer()?, settings.guessing()?, settings.organisation()?);
    for gap in organisation.gaps() {
        tracing::warn!("{gap}");
    }
    let public_url = settings.public_url()?;
    let pages = Pages::new(Deployment {
        issuer: issuer.clone(),
        public_url: public_url.clone(),
        api: String::new(),
        root: keys.root().clone(),
        minimum_key_set: 1,
        spoken: guessing.spoken,
        organisation,
    });
    let rules = VerifierSettings { issuer, spoken: guessing.spoken, guesses: guessing.guesses };
    Ok(PublicApp {
        verifier: Verifier::new(store, place.clock.clone(), keys, rules),
        clock: place.clock.clone(),
        entropy: place.entropy.clone(),
        misses: Misses::default(),
        assets: Assets::new(&pages),
        pages,
        origin: public_url,
    })
}

fn private_app(
    settings: &Settings,
    place: &Place,
    store: Arc<SqliteStore>,
    custodian: Arc<Custodian>,
    notary: Arc<Notary>,
) -> Result<PrivateApp, Failure> {
    let guessing = settings.guessing()?;
    let (clock, entropy) = (place.clock.clone(), place.entropy.clone());
    let rules = DeskSettings { issuer: settings.issuer()?, spoken: guessing.spoken, max_live: guessing.max_live };
    Ok(PrivateApp {
        registry: Registry::new(store.clone(), clock.clone(), entropy.clone()),
        passkeys: Passkeys::new(store.clone(), clock.clone(), entropy.clone(), relying_party(settings)?),
        desk: Desk::new(store, clock.clone(), entropy, custodian, rules),
        notary,
        clock,
        public_url: settings.public_url()?,
        console_url: settings.console_url()?,
        organisation: settings.organisation()?.name,
    })
}

fn relying_party(settings: &Settings) -> Result<RelyingParty, Failure> {
    RelyingParty::at(&settings.console_url()?).map_err(Failure::wrong)
}

fn untrusted(error: WatchError) -> Failure {
    match error {
        WatchError::Store(error) => error.into(),
        WatchError::KeySet(error) => Failure::wrong(format!("the key set in the store cannot be trusted: {error}")),
    }
}

fn cannot_listen(address: SocketAddr, flag: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("{address} is in use; stop what runs there, or choose another with {flag}"),
        std::io::ErrorKind::PermissionDenied => format!("{address} needs more rights; choose a port above 1023 with {flag}"),
        _ => format!("{address} cannot be listened on ({}); choose another with {flag}", reason(error)),
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Control-C, or what a service manager sends. Heard from the call on, so called before anybody is told that the service
/// runs: who stops it at once would otherwise end it in the middle of what is under way.
pub fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [terminated, interrupted] = [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| {
        let heard = signal(kind);
        async move {
            match heard {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
        }
    });
    async {
        tokio::select! {
            () = terminated => {}
            () = interrupted => {}
        }
    }
}
