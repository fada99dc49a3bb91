//! The listeners of a service, and what it does again and again beside them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::sync::watch;

use super::Service;
use crate::{
    cli::{Failure, place::Place, sides},
    config::Settings,
    files::reason,
    http::{
        app::Phase,
        listen::{Limits, bind, serve},
        metrics, private,
        proxy::Proxies,
        public,
        shares::Shares,
    },
    issuer::{Housekeeper, Notary},
    telemetry::{Checking, Issuing, Listener, Scrape},
    verifier::WatchError,
};

/// How often a verifier tries whether it can write, compares its clock, and looks for a newer key set and for revocations, which must
/// reach it within a minute.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the housekeeper makes its round: first checks are in the ledger, and the ledger is signed, within a minute.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(30);

impl Service {
    pub(super) async fn verifier(&mut self, settings: &Settings, place: &Place, checking: Checking) -> Result<(), Failure> {
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

    pub(super) fn issuer(
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
    pub(super) fn metrics(&mut self, settings: &Settings, scrape: &Arc<Scrape>) -> Result<bool, Failure> {
        let Some(address) = settings.metrics_if_named()? else { return Ok(false) };
        self.figures(settings, scrape, ("metrics", "--metrics"), address)?;
        Ok(true)
    }

    /// Listens with figures and health alone.
    pub(super) fn figures(
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
                    // The sender of changes may be gone; the pause goes on.
                    Ok(()) = changes.changed() => {}
                }
            }
        });
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
