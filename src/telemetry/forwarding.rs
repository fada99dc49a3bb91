//! Proxies that are not set up as the limits by address need them to be: said once for each listener, and counted. Never who asked.

use prometheus_client::metrics::{counter::Counter, family::Family};

use super::metrics::Labels;

/// How a request came that a proxy handed on, or should have.
#[derive(Clone, Copy, Debug)]
pub enum ForwardingFault {
    /// Its peer is not in `forwarded_from` and sent what proxies send.
    ProxyNotNamed,
    /// Its peer is in `forwarded_from` and did not say whom it asks for.
    ClientNotNamed,
}

/// The listeners that proxies stand before.
#[derive(Clone, Copy, Debug)]
pub enum Listener {
    /// For everybody.
    Public,
    /// For officers. Their programs may ask it from the machine of the proxy, and name no client.
    Private,
}

impl ForwardingFault {
    fn as_str(self) -> &'static str {
        match self {
            Self::ProxyNotNamed => "proxy_not_named",
            Self::ClientNotNamed => "client_not_named",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::ProxyNotNamed => {
                "a request with X-Forwarded-For, Forwarded or X-Real-IP came from a peer that is not in forwarded_from, and nothing in them \
                 was believed; if it is your proxy, name it there, or all its visitors share one limit; if it is a visitor, let none around \
                 the proxy"
            }
            Self::ClientNotNamed => {
                "a proxy in forwarded_from did not name its client in X-Forwarded-For, so its visitors can write that header themselves and \
                 lift the limit on wrong codes; have it set the header, as the files in deploy/ do"
            }
        }
    }
}

impl Listener {
    const ALL: [Self; 2] = [Self::Public, Self::Private];

    fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// What of this one listener notices. By default nothing is noticed.
#[derive(Clone, Debug, Default)]
pub struct ForwardingFaults(Option<(Listener, Counts)>);

/// The faults of every listener.
pub(super) type Counts = Family<Labels<2>, Counter>;

impl ForwardingFaults {
    pub(super) fn of(listener: Listener, counts: Counts) -> Self {
        Self(Some((listener, counts)))
    }

    /// A request came with this fault.
    pub fn noticed(&self, fault: ForwardingFault) {
        let Some((listener, counts)) = &self.0 else { return };
        if let Some(labels) = labels(*listener, fault)
            && counts.get_or_create(&labels).inc() == 0
        {
            tracing::warn!(kind = "forwarding", listener = listener.as_str(), "{}", fault.sentence());
        }
    }
}

/// Every series.
pub(super) fn every() -> impl Iterator<Item = Labels<2>> {
    let faults = [ForwardingFault::ProxyNotNamed, ForwardingFault::ClientNotNamed];
    Listener::ALL.into_iter().flat_map(move |listener| faults.into_iter().filter_map(move |fault| labels(listener, fault)))
}

fn labels(listener: Listener, fault: ForwardingFault) -> Option<Labels<2>> {
    let counts = !matches!((listener, fault), (Listener::Private, ForwardingFault::ClientNotNamed));
    counts.then(|| [("listener", listener.as_str()), ("fault", fault.as_str())])
}
