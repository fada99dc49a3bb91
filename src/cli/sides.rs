//! What the two sides of `serve` are put together from.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Failure, place::Place, serve::Side};
use crate::{
    config::{Organisation, Settings},
    http::{
        app::{Phase, PrivateApp, PublicApp},
        current::{Current, Site},
        forms::Forms,
        head::Heads,
        hosts::Hosts,
        limits::Networks,
        shares::Shares,
    },
    issuer::{Desk, DeskSettings, Feed, Notary, Passkeys, Registry, RelyingParty},
    page::{Deployment, Pages},
    telemetry::{Checking, Issuing, Metrics, Scrape},
    token::qr,
    verifier::{Verifier, VerifierSettings},
};

/// Asks for every setting that the side needs.
pub fn check(side: Side, settings: &Settings) -> Result<(), Failure> {
    warn_of_large_symbols(&settings.link_url()?)?;
    faults(side, settings).into_iter().next().map_or(Ok(()), Err)
}

/// What is wrong with the settings that the side needs.
pub fn faults(side: Side, settings: &Settings) -> Vec<Failure> {
    fn fault<T, E: Into<Failure>>(setting: Result<T, E>) -> Option<Failure> {
        setting.err().map(Into::into)
    }
    let mut faults = vec![
        fault(settings.issuer()),
        fault(settings.public_url()),
        fault(settings.link_url()),
        fault(settings.guessing()),
        fault(settings.drain()),
        fault(settings.metrics_if_named()),
        fault(heads(settings)),
        fault(settings.forwarded_from()),
    ];
    if side != Side::Issuer {
        faults.extend([
            fault(settings.private_if_named()),
            fault(settings.organisation()),
            fault(settings.public()),
            fault(settings.page_origins()),
            fault(settings.proxy_protocol_from()),
        ]);
    }
    if side != Side::Verifier {
        faults.extend([
            fault(settings.private()),
            fault(settings.rotation()),
            fault(relying_party(settings)),
            fault(settings.organisation()),
        ]);
    }
    faults.into_iter().flatten().collect()
}

/// What the listeners that the public does not reach look at in each request.
pub fn heads(settings: &Settings) -> Result<Heads, Failure> {
    let (console, programs) = (settings.console_url()?, settings.private_url()?);
    Ok(Heads::of(Hosts::of([console.as_str(), programs.as_str()])))
}

/// What the public handlers work with.
pub fn public_app(
    settings: &Settings,
    place: &Place,
    checking: Checking,
    phase: watch::Receiver<Phase>,
    metrics: Arc<Metrics>,
) -> Result<PublicApp, Failure> {
    let Checking { store, keys, readiness, budgets } = checking;
    let (issuer, organisation) = (settings.issuer()?, settings.organisation()?);
    warn_of_gaps(&organisation);
    let public_url = settings.public_url()?;
    let pages = Pages::new(Deployment {
        issuer: issuer.clone(),
        public_url: public_url.clone(),
        link_url: settings.link_url()?,
        api: String::new(),
        root: keys.root().clone(),
        minimum_key_set: 1,
        organisation,
    });
    let rules = VerifierSettings { issuer, budgets };
    Ok(PublicApp {
        verifier: Verifier::new(store, place.watch.clone(), keys, rules),
        readiness,
        clock: place.clock.clone(),
        entropy: place.entropy.clone(),
        guessers: Arc::default(),
        forms: Forms::default(),
        places: Arc::default(),
        phase,
        metrics,
        site: Current::new(Site::new(pages)),
        origins: [public_url, settings.link_url()?],
    })
}

/// What the private handlers work with.
pub fn private_app(
    settings: &Settings,
    place: &Place,
    issuing: Issuing,
    notary: Arc<Notary>,
    scrape: Arc<Scrape>,
    phase: watch::Receiver<Phase>,
    shares: Shares,
) -> Result<PrivateApp, Failure> {
    let Issuing { store, custodian, health, .. } = issuing;
    let (clock, entropy) = (place.clock.clone(), place.entropy.clone());
    let rules = DeskSettings { issuer: settings.issuer()?, spoken: settings.guessing()?.spoken(), reader_level: settings.reader_level() };
    Ok(PrivateApp {
        registry: Registry::new(store.clone(), clock.clone(), entropy.clone()),
        passkeys: Passkeys::new(store.clone(), clock.clone(), entropy.clone(), relying_party(settings)?),
        feed: Feed::new(store.clone(), &notary),
        desk: Desk::new(store, place.watch.clone(), entropy, custodian, notary.clone(), rules),
        networks: Networks::default(),
        notary,
        clock,
        public_url: settings.public_url()?,
        link_url: settings.link_url()?,
        console_url: settings.console_url()?,
        organisation: Current::new(settings.organisation()?.name),
        scrape,
        issuer_health: health,
        shares,
        phase,
    })
}

/// A large symbol is read slowly by an old phone, or not at all.
fn warn_of_large_symbols(link_url: &str) -> Result<(), Failure> {
    let (usual, longest) = qr::versions(link_url).map_err(Failure::wrong)?;
    if usual > qr::READS_WELL {
        tracing::warn!(
            kind = "qr",
            "QR codes with {link_url} have version {usual}, with name and place up to {longest}; old phones read {} at most with ease, so \
             set a shorter --link-url that leads to the same page",
            qr::READS_WELL
        );
    }
    Ok(())
}

/// What people would miss on the pages.
pub fn warn_of_gaps(organisation: &Organisation) {
    for gap in organisation.gaps() {
        tracing::warn!(kind = "organisation", "{gap}");
    }
}

fn relying_party(settings: &Settings) -> Result<RelyingParty, Failure> {
    RelyingParty::at(&settings.console_url()?).map_err(Failure::wrong)
}
