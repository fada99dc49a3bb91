//! Checks by spoken code under way at once. Each takes a place in a guess budget, which is a write: were there no bound, guesses from
//! a thousand addresses would stand in the store's queue in front of QR checks.
//!
//! One network has one check under way, and its others wait in a row: so none of its checks is refused for what another of them may
//! turn out to be. Networks that guessed wrong have a quarter of all places, so that the others wait for none of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{guessers::History, limits::Networks};

/// How many in all.
pub const CODES_AT_ONCE: usize = 64;
/// How many of those from networks that guessed wrong.
pub const MISSED_AT_ONCE: usize = 16;
/// How long somebody waits for a place before the answer is that we cannot check now.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Places for checks by spoken code.
pub struct Places {
    networks: Networks,
    rows: Mutex<HashMap<u64, Row>>,
    all: Arc<Semaphore>,
    missed: Arc<Semaphore>,
}

/// One network's.
struct Row {
    places: Arc<Semaphore>,
    /// Who has one of its places or waits for one; it is forgotten with the last.
    inside: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            networks: Networks::default(),
            rows: Mutex::default(),
            all: Arc::new(Semaphore::new(CODES_AT_ONCE)),
            missed: Arc::new(Semaphore::new(MISSED_AT_ONCE)),
        }
    }
}

/// The place of a network, until it is dropped.
pub struct OfNetwork(#[expect(dead_code, reason = "held")] Vec<(OwnedSemaphorePermit, InRow)>);

/// One of all places, until it is dropped.
pub struct AtOnce(#[expect(dead_code, reason = "held")] [Option<OwnedSemaphorePermit>; 2]);

/// One of those that a row knows of.
struct InRow {
    places: Arc<Places>,
    network: u64,
}

impl Places {
    /// Waits for the place of every network that the address may speak for, the smallest first. All do so in this order, so that
    /// no two wait for each other.
    pub async fn of_network(self: &Arc<Self>, address: IpAddr) -> OfNetwork {
        let mut held = vec![];
        for (network, times) in self.networks.of(address) {
            let (places, inside) = self.join(network, times);
            if let Ok(permit) = places.acquire_owned().await {
                held.push((permit, inside));
            }
        }
        OfNetwork(held)
    }

    /// Waits for one of all.
    pub async fn at_once(&self, history: History) -> AtOnce {
        let missed = if history == History::Clean { None } else { self.missed.clone().acquire_owned().await.ok() };
        AtOnce([missed, self.all.clone().acquire_owned().await.ok()])
    }

    fn join(self: &Arc<Self>, network: u64, times: u32) -> (Arc<Semaphore>, InRow) {
        let mut rows = self.rows();
        let row = rows.entry(network).or_insert_with(|| Row { places: Arc::new(Semaphore::new(times as usize)), inside: 0 });
        row.inside += 1;
        (row.places.clone(), InRow { places: self.clone(), network })
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<u64, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InRow {
    fn drop(&mut self) {
        let mut rows = self.places.rows();
        if let Some(row) = rows.get_mut(&self.network) {
            row.inside -= 1;
            if row.inside == 0 {
                rows.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_one_place_and_is_forgotten_with_it() {
        let places = Arc::new(Places::default());
        let enter = |from: &str| places.of_network(address(from)).now_or_never();
        let first = enter("192.0.2.1").unwrap();
        assert!(enter("::ffff:192.0.2.1").is_none(), "the same address waits");
        assert!(enter("192.0.2.2").is_some(), "another does not");
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        assert!(places.rows().is_empty(), "who gave up waiting and who has left are forgotten");
    }

    #[test]
    fn an_ipv6_site_has_four_places_however_many_networks_it_has() {
        let places = Arc::new(Places::default());
        let inside: Vec<_> = (0..9).filter_map(|n| places.of_network(address(&format!("2001:db8:1:{n:x}00::1"))).now_or_never()).collect();
        assert_eq!(inside.len(), 4);
        assert!(places.of_network(address("2001:db8:2::1")).now_or_never().is_some(), "another site");
    }

    #[test]
    fn who_guessed_wrong_leaves_places_to_who_has_not() {
        let places = Places::default();
        let enter = |history| places.at_once(history).now_or_never();
        let guessers: Vec<_> = (0..100).filter_map(|_| enter(History::Missed)).collect();
        assert_eq!(guessers.len(), MISSED_AT_ONCE);
        assert!(enter(History::AtLimit).is_none());
        let others: Vec<_> = (0..100).filter_map(|_| enter(History::Clean)).collect();
        assert_eq!(others.len(), CODES_AT_ONCE - MISSED_AT_ONCE);
        drop(guessers);
        assert!(enter(History::Missed).is_some() && enter(History::Clean).is_some());
    }
}
