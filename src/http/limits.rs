//! What one network may have: wrong codes in a time, and connections at once. Held in memory alone and by keyed hash, so that not
//! even a copy of the process says who asked.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::store::GUESS_WINDOW;

/// Misses that one IPv4 address or one IPv6 /64 may have in a [`GUESS_WINDOW`].
const PER_ADDRESS: u32 = 30;
/// Networks remembered; beyond it new ones are only bounded by the global budget.
const REMEMBERED: usize = 100_000;
/// Seconds between two searches for counts that are over: each looks at all of them, and a flood must not pay for that with a miss.
const SWEEP_EVERY: u64 = 60;

/// Tells networks apart without saying which they are.
#[derive(Default)]
struct Networks(RandomState);

impl Networks {
    /// Every network that the address may speak for, and how many times an IPv4 address's share it has: one household has
    /// a /64 or /56 of IPv6, one site a /48.
    fn of(&self, address: IpAddr) -> Vec<(u64, u32)> {
        let hashed = |prefix: u128, bits: u32| self.0.hash_one((prefix, bits));
        match address.to_canonical() {
            IpAddr::V4(v4) => vec![(hashed(u128::from(v4.to_bits()), 32), 1)],
            IpAddr::V6(v6) => [(64, 1), (56, 2), (48, 4)].map(|(bits, times)| (hashed(v6.to_bits() >> (128 - bits), bits), times)).into(),
        }
    }
}

/// Counts misses by address and network.
#[derive(Default)]
pub struct Misses {
    networks: Networks,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    by_network: HashMap<u64, Count>,
    swept_at: i64,
}

struct Count {
    since: i64,
    misses: u32,
}

impl Misses {
    /// `Err` holds the seconds after which the address may try again. Asks, does not count.
    pub fn allow(&self, address: IpAddr, now: i64) -> Result<(), u32> {
        let counts = self.counts();
        let wait = self.networks.of(address).into_iter().filter_map(|(network, times)| {
            let count = counts.by_network.get(&network).filter(|count| count.misses >= times * PER_ADDRESS)?;
            u32::try_from(count.since + GUESS_WINDOW - now).ok().filter(|seconds| *seconds > 0)
        });
        wait.max().map_or(Ok(()), Err)
    }

    /// Counts a miss.
    pub fn missed(&self, address: IpAddr, now: i64) {
        let mut counts = self.counts();
        counts.sweep(now);
        for (network, _) in self.networks.of(address) {
            if counts.by_network.len() >= REMEMBERED && !counts.by_network.contains_key(&network) {
                continue;
            }
            let count = counts.by_network.entry(network).or_insert(Count { since: now, misses: 0 });
            if count.since + GUESS_WINDOW <= now {
                *count = Count { since: now, misses: 0 };
            }
            count.misses += 1;
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Forgets what is over, once there is no room for more.
    fn sweep(&mut self, now: i64) {
        if self.by_network.len() >= REMEMBERED && now.abs_diff(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            self.by_network.retain(|_, count| count.since + GUESS_WINDOW > now);
        }
    }
}

/// Counts connections at once by network. What it remembers ends with the connections.
#[derive(Default)]
pub struct Crowd {
    networks: Networks,
    inside: Mutex<HashMap<u64, u32>>,
}

/// One connection among those of its networks, for as long as it is held.
pub struct Inside {
    crowd: Arc<Crowd>,
    networks: Vec<(u64, u32)>,
}

impl Crowd {
    /// Counts a connection, unless `most` of its address are inside, or as many times that of its site as it may have.
    pub fn enter(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Inside> {
        let networks = self.networks.of(address);
        let mut inside = self.inside();
        let full = |(network, times): &(u64, u32)| inside.get(network).is_some_and(|count| *count >= times.saturating_mul(most));
        if networks.iter().any(full) {
            return None;
        }
        for (network, _) in &networks {
            *inside.entry(*network).or_default() += 1;
        }
        drop(inside);
        Some(Inside { crowd: self.clone(), networks })
    }

    fn inside(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside();
        for (network, _) in &self.networks {
            let Entry::Occupied(mut count) = inside.entry(*network) else { continue };
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_out_its_window_and_others_do_not() {
        let misses = Misses::default();
        for _ in 0..PER_ADDRESS {
            assert_eq!(misses.allow(address("192.0.2.1"), 100), Ok(()));
            misses.missed(address("192.0.2.1"), 100);
        }
        assert_eq!(misses.allow(address("192.0.2.1"), 110), Err(710));
        assert_eq!(misses.allow(address("::ffff:192.0.2.1"), 110), Err(710), "the same address, mapped");
        assert_eq!(misses.allow(address("192.0.2.2"), 110), Ok(()));
        assert_eq!(misses.allow(address("192.0.2.1"), 100 + GUESS_WINDOW), Ok(()));
    }

    #[test]
    fn many_addresses_of_one_ipv6_site_share_a_bound() {
        let misses = Misses::default();
        for n in 0..4 * PER_ADDRESS {
            misses.missed(address(&format!("2001:db8:1:{n:x}00::1")), 0);
        }
        assert!(misses.allow(address("2001:db8:1:ffff::1"), 0).is_err(), "same /48");
        assert!(misses.allow(address("2001:db8:2::1"), 0).is_ok(), "another /48");
    }

    #[test]
    fn a_full_memory_is_searched_once_a_minute_and_takes_no_more_meanwhile() {
        let misses = Misses::default();
        let remembered = || misses.counts().by_network.len();
        for n in 0..u32::try_from(REMEMBERED).unwrap() {
            misses.missed(IpAddr::V4(n.into()), 1_000);
        }
        // Searched in vain a second before everything in it is over.
        let searched = 1_000 + GUESS_WINDOW - 1;
        misses.missed(address("192.0.2.1"), searched);
        assert_eq!(remembered(), REMEMBERED);
        misses.missed(address("192.0.2.1"), searched + 59);
        assert_eq!(remembered(), REMEMBERED, "not searched again yet");
        misses.missed(address("192.0.2.1"), searched + 60);
        assert_eq!(remembered(), 1);
    }

    #[test]
    fn a_network_has_its_share_of_connections_and_no_more() {
        let crowd = Arc::new(Crowd::default());
        let first = crowd.enter(address("192.0.2.1"), 2);
        let second = crowd.enter(address("::ffff:192.0.2.1"), 2);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter(address("192.0.2.1"), 2).is_none());
        assert!(crowd.enter(address("192.0.2.2"), 2).is_some(), "another address");
        drop(first);
        assert!(crowd.enter(address("192.0.2.1"), 2).is_some(), "one has left");
        drop(second);
        assert!(crowd.inside().is_empty(), "who has left is forgotten");
    }

    #[test]
    fn an_ipv6_site_has_no_more_than_its_share_however_many_networks_it_has() {
        let crowd = Arc::new(Crowd::default());
        let inside: Vec<_> = (0..9).filter_map(|n| crowd.enter(address(&format!("2001:db8:1:{n:x}00::1")), 2)).collect();
        assert_eq!(inside.len(), 8);
        assert!(crowd.enter(address("2001:db8:2::1"), 2).is_some(), "another site");
    }
}
