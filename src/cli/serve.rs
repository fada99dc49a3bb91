//! `countersign serve`

mod listening;

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
    health::Health,
    http::{app::Phase, listen::Limits},
    issuer::{Custodian, CustodyError, Housekeeper, Notary},
    key_folder::KeyFolder,
    store::{Found, IssuerStore, VerifierStore},
    telemetry::{Checking, Issuing, Measured, Metrics, Scrape},
    token::SpokenWords,
    verifier::{KeyWatch, Readiness},
};

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

/// Serves until it is asked to stop.
pub fn run(args: &Args, given: Flags, settings: Settings) -> Result<(), Failure> {
    let place = Place::here()?;
    block_on(async {
        outlive_others()?;
        let service = Service::start(args.role, &settings, &place).await?;
        // Heard from before anybody learns that the service runs: who stops it at once would otherwise end it half-way.
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
            // Last, so that anybody who sees it ready finds both.
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
