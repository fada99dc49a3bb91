//! `countersign serve`

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use clap::ValueEnum;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    Failure, files, lifecycle,
    place::{Place, Stores, block_on},
    reload::{Reload, Shown},
    sides,
    signals::{Asked, Signals, outlive_others},
};
use crate::{
    config::{Flags, Settings},
    files::reason,
    health::Health,
    http::{
        app::Phase,
        listen::{Limits, bind, serve},
        metrics, private,
        proxy::Proxies,
        public,
        shares::Shares,
    },
    issuer::{Custodian, CustodyError, Housekeeper, Notary},
    key_folder::KeyFolder,
    store::{Found, IssuerStore, VerifierStore},
    telemetry::{Checking, Issuing, Listener, Measured, Metrics, Scrape},
    token::SpokenWords,
    verifier::{KeyWatch, Readiness, WatchError},
};

/// How often a verifier tries whether it can write, compares its clock, and looks for a newer key set and for revocations, which must
/// reach it within a minute.
const LOOK_EVERY: Duration = Duration::from_secs(10);
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

impl Side {
    /// As it is given on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Verifier => "verifier",
            Self::Issuer => "issuer",
        }
    }
}

/// Serves until it is told to stop.
pub fn run(args: &Args, given: Flags, settings: Settings) -> Result<(), Failure> {
    let place = Place::here()?;
    block_on(async {
        outlive_others()?;
        let service = Service::start(args.role, &settings, &place).await?;
        // Heard from before anybody is told that the service runs: who stops it at once would otherwise end it half-way.
        let signals = Signals::new()?;
        lifecycle::started(args.role.as_str(), &service.settings);
        for (side, address) in &service.listening {
            lifecycle::listens(settings.log_format()?, side, *address);
        }
        service.until(signals, Reload::new(args.role, given, settings)).await;
        Ok(())
    })
}

/// A running service.
pub struct Service {
    listening: Vec<(&'static str, SocketAddr)>,
    phase: watch::Sender<Phase>,
    drain: Duration,
    /// As they are in force.
    settings: Settings,
    limits: [Limits; 2],
    tasks: JoinSet<()>,
    housekeeper: Option<Arc<Housekeeper>>,
    /// What fails now on the issuer's side.
    issuer_health: Arc<Health>,
    metrics: Arc<Metrics>,
    shown: Shown,
    /// What fails now on the verifier's side.
    verifier_health: Arc<Health>,
}

impl Service {
    /// Starts what the role asks for. Whatever is wrong with settings, keys, store or ports is said here.
    pub async fn start(side: Side, settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let mut service = Self::before_it_listens(settings, place)?;
        let folder = KeyFolder::at(settings.keys());
        // Before the store, so that a wrong setting leaves nothing behind.
        sides::check(side, settings)?;
        if side == Side::Verifier {
            folder.root()?;
            let store = Stores::for_verifier(settings, place).await?;
            let settings = &service.found(settings, store.usual_words)?;
            let checking = service.checking(settings, place, &folder, store.verifier)?;
            let scrape = service.scrape(place, Some(checking.clone()), None);
            // All that a verifier has to tell there is what the other listener tells.
            if !service.metrics(settings, &scrape)?
                && let Some(address) = settings.private_if_named()?
            {
                service.figures(settings, &scrape, ("private", "--private"), address)?;
            }
            service.verifier(settings, place, checking).await?;
            return Ok(service);
        }
        let issuer = settings.issuer()?;
        check_keys(settings, place, &folder).await?;
        let ledger = folder.ledger(&issuer, settings.passphrase()?);
        // A key that is missing is refused before a store is made; its public half is published once the store is known to be its own.
        ledger.check()?;
        let store = Stores::for_issuer(settings, place).await?;
        let settings = &service.found(settings, store.usual_words)?;
        ledger.publish_missing()?;
        let custodian = Arc::new(place.custodian(store.issuer.clone(), settings, folder.vault(settings.passphrase()?))?);
        custodian.install(&folder.key_set()?).await?;
        let notary = Arc::new(Notary::new(store.ledger.clone(), Arc::new(ledger)));
        notary.sign_each_group()?;
        let housekeeper = service.housekeeper((settings, place), &store.issuer, &custodian, &notary)?;
        housekeeper.begin().await?;
        let checking = if side == Side::All { Some(service.checking(settings, place, &folder, store.verifier)?) } else { None };
        let issuing = Issuing { store: store.issuer, ledger: store.ledger, custodian, health: service.issuer_health.clone() };
        let scrape = service.scrape(place, checking.clone(), Some(issuing.clone()));
        let figures = (!service.metrics(settings, &scrape)?).then(|| scrape.clone());
        service.issuer(settings, place, issuing, notary, (scrape, figures), housekeeper)?;
        if let Some(checking) = checking {
            // Last, so that whoever sees it ready finds both.
            service.verifier(settings, place, checking).await?;
        }
        Ok(service)
    }

    fn before_it_listens(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        Ok(Self {
            listening: Vec::new(),
            phase: watch::Sender::new(Phase::Serving),
            drain: settings.drain()?,
            settings: settings.clone(),
            limits: files::fit(files::raise()),
            tasks: JoinSet::new(),
            housekeeper: None,
            issuer_health: Arc::default(),
            metrics: Arc::new(Metrics::starting(place.clock.now())),
            shown: Shown::default(),
            verifier_health: Arc::default(),
        })
    }

    /// The settings as they are in force with this store, once it is known that they are safe with it.
    fn found(&mut self, settings: &Settings, usual: SpokenWords) -> Result<Settings, Failure> {
        let settings = settings.clone().with_usual_words(usual);
        settings.guessing()?;
        self.settings = settings.clone();
        Ok(settings)
    }

    /// The verifier's store, measured, and the key set that it will watch.
    fn checking(&self, settings: &Settings, place: &Place, folder: &KeyFolder, store: Arc<dyn VerifierStore>) -> Result<Checking, Failure> {
        let keys = Arc::new(KeyWatch::new(folder.root()?, settings.issuer()?, place.clock.clone()));
        let store = Arc::new(Measured::new(store, self.metrics.clone()));
        let readiness = Readiness::new(store.clone(), keys.clone(), place.watch.clone(), self.verifier_health.clone());
        Ok(Checking { store, keys, readiness: Arc::new(readiness), budgets: settings.guessing()?.budgets })
    }

    fn housekeeper(
        &self,
        (settings, place): (&Settings, &Place),
        store: &Arc<dyn IssuerStore>,
        custodian: &Arc<Custodian>,
        notary: &Arc<Notary>,
    ) -> Result<Arc<Housekeeper>, Failure> {
        let (watch, health, spoken) = (place.watch.clone(), self.issuer_health.clone(), settings.guessing()?.spoken());
        Ok(Arc::new(Housekeeper::new(store.clone(), watch, health, custodian.clone(), notary.clone(), spoken)))
    }

    fn scrape(&self, place: &Place, checking: Option<Checking>, issuing: Option<Issuing>) -> Arc<Scrape> {
        Arc::new(Scrape { metrics: self.metrics.clone(), watch: place.watch.clone(), checking, issuing })
    }

    /// Serves until it is asked to stop, goes on for the drain time so that proxies can turn to another process, and finishes what
    /// is under way. Asked again, it drains no longer.
    pub async fn until(mut self, mut signals: Signals, reload: Reload) {
        let signal = loop {
            match signals.next().await {
                Asked::Stop(signal) => break signal,
                Asked::Reload => reload.read_again(&self.shown),
            }
        };
        lifecycle::stopping(signal);
        self.phase.send_replace(Phase::Leaving);
        let _ = timeout(self.drain, signals.stop()).await;
        self.phase.send_replace(Phase::Ending);
        while self.tasks.join_next().await.is_some() {}
        if let Some(housekeeper) = self.housekeeper {
            // Nothing acts any more: what was done since the last round goes under a checkpoint too.
            housekeeper.round().await;
        }
        lifecycle::stopped();
    }

    async fn verifier(&mut self, settings: &Settings, place: &Place, checking: Checking) -> Result<(), Failure> {
        let (readiness, changes) = (checking.readiness.clone(), checking.store.key_changes());
        readiness.begin().await.map_err(untrusted)?;
        let app = Arc::new(sides::public_app(settings, place, checking, self.phase.subscribe(), self.metrics.clone())?);
        self.shown.public = Some(app.clone());
        let [limits, _] = self.limits;
        let router = public::router(app, settings.page_origins()?);
        let faults = self.metrics.forwarding(Listener::Public);
        let proxies = Proxies { forwarded_from: settings.forwarded_from()?, proxy_protocol_from: settings.proxy_protocol_from()?, faults };
        self.listen(("public", "--public"), settings.public()?, router, limits, proxies)?;
        self.every(LOOK_EVERY, changes, move || {
            let readiness = readiness.clone();
            async move { readiness.look().await }
        });
        Ok(())
    }

    fn issuer(
        &mut self,
        settings: &Settings,
        place: &Place,
        issuing: Issuing,
        notary: Arc<Notary>,
        (scrape, figures): (Arc<Scrape>, Option<Arc<Scrape>>),
        housekeeper: Arc<Housekeeper>,
    ) -> Result<(), Failure> {
        let clock = place.clock.clone();
        let [_, limits] = self.limits;
        let shares = Shares::of(limits.connections);
        let app = Arc::new(sides::private_app(settings, place, issuing, notary, scrape, self.phase.subscribe(), shares)?);
        self.shown.private = Some(app.clone());
        let router = private::router(app, sides::heads(settings)?, figures);
        let proxies = self.private_proxies(settings)?;
        self.listen(("private", "--private"), settings.private()?, router, limits, proxies)?;
        self.housekeeper = Some(housekeeper.clone());
        // Nothing calls for a round before its time.
        let never = watch::Sender::new(()).subscribe();
        let metrics = self.metrics.clone();
        self.every(HOUSEKEEPING_EVERY, never, move || {
            let (housekeeper, clock, metrics) = (housekeeper.clone(), clock.clone(), metrics.clone());
            async move {
                if housekeeper.round().await {
                    metrics.housekept(clock.now());
                }
            }
        });
        Ok(())
    }

    /// Opens the listener of figures, where a setting names it.
    fn metrics(&mut self, settings: &Settings, scrape: &Arc<Scrape>) -> Result<bool, Failure> {
        let Some(address) = settings.metrics_if_named()? else { return Ok(false) };
        self.figures(settings, scrape, ("metrics", "--metrics"), address)?;
        Ok(true)
    }

    /// Listens with figures and health alone.
    fn figures(
        &mut self,
        settings: &Settings,
        scrape: &Arc<Scrape>,
        named: (&'static str, &str),
        address: SocketAddr,
    ) -> Result<(), Failure> {
        let router = metrics::router(scrape.clone(), self.phase.subscribe(), sides::heads(settings)?);
        self.listen(named, address, router, Limits::METRICS, Proxies::default())
    }

    /// Those that may stand before a private listener. No PROXY protocol header is read there: scrapers send none.
    fn private_proxies(&self, settings: &Settings) -> Result<Proxies, Failure> {
        let faults = self.metrics.forwarding(Listener::Private);
        Ok(Proxies { forwarded_from: settings.forwarded_from()?, faults, ..Proxies::default() })
    }

    fn listen(
        &mut self,
        (side, flag): (&'static str, &str),
        address: SocketAddr,
        app: Router,
        limits: Limits,
        proxies: Proxies,
    ) -> Result<(), Failure> {
        let listener = bind(address).map_err(|error| Failure::wrong(cannot_listen(address, flag, &error)))?;
        self.listening.push((side, listener.local_addr().unwrap_or(address)));
        let stop = ending(self.phase.subscribe());
        self.tasks.spawn(serve(listener, app, limits, proxies, stop));
        Ok(())
    }

    /// Does `work` now, after every `pause` and when something `changes`, until the service stops.
    fn every<F: Future<Output = ()> + Send>(
        &mut self,
        pause: Duration,
        mut changes: watch::Receiver<()>,
        work: impl Fn() -> F + Send + 'static,
    ) {
        let stop = ending(self.phase.subscribe());
        self.tasks.spawn(async move {
            let mut stop = std::pin::pin!(stop);
            loop {
                work().await;
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(pause) => {}
                    // Whoever tells of changes may be gone; the pause goes on.
                    Ok(()) = changes.changed() => {}
                }
            }
        });
    }
}

/// Reads every key that is here. A new store is not made for keys that are all elsewhere.
async fn check_keys(settings: &Settings, place: &Place, folder: &KeyFolder) -> Result<(), Failure> {
    let (now, vault) = (place.clock.now(), folder.vault(settings.passphrase()?));
    let keys = folder.public_keys(&settings.issuer()?, now)?;
    let here = vault.check(&keys)?;
    match keys.set().keys().first() {
        Some(first) if here == 0 && keys.is_current(now) && Stores::found(settings).await? == Found::Nothing => {
            Err(CustodyError::Elsewhere(first.key.id()).into())
        }
        _ => Ok(()),
    }
}

fn untrusted(error: WatchError) -> Failure {
    match error {
        WatchError::Store(error) => error.into(),
        WatchError::NoSet => Failure::wrong(error),
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

async fn ending(mut phase: watch::Receiver<Phase>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = phase.wait_for(|phase| *phase == Phase::Ending).await;
}
