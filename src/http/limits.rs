//! How many wrong codes one address may try. Held in memory alone and by keyed hash, so that not even a copy of the
//! process says who asked.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::store::GUESS_WINDOW;

/// Misses that one IPv4 address or one IPv6 /64 may have in a [`GUESS_WINDOW`].
const PER_ADDRESS: u32 = 30;
/// Addresses remembered; beyond it new ones are only bounded by the global budget.
const REMEMBERED: usize = 100_000;

/// Counts misses by address and network.
#[derive(Default)]
pub struct Misses {
    hasher: RandomState,
    counts: Mutex<HashMap<u64, Count>>,
}

struct Count {
    since: i64,
    misses: u32,
}

impl Misses {
    /// `Err` holds the seconds after which the address may try again. Asks, does not count.
    pub fn allow(&self, address: IpAddr, now: i64) -> Result<(), u32> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.networks(address).filter_map(|(network, most)| {
            let count = counts.get(&network).filter(|count| count.misses >= most)?;
            u32::try_from(count.since + GUESS_WINDOW - now).ok().filter(|seconds| *seconds > 0)
        });
        wait.max().map_or(Ok(()), Err)
    }

    /// Counts a miss.
    pub fn missed(&self, address: IpAddr, now: i64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= REMEMBERED {
            counts.retain(|_, count| count.since + GUESS_WINDOW > now);
        }
        for (network, _) in self.networks(address) {
            if counts.len() >= REMEMBERED && !counts.contains_key(&network) {
                continue;
            }
            let count = counts.entry(network).or_insert(Count { since: now, misses: 0 });
            if count.since + GUESS_WINDOW <= now {
                *count = Count { since: now, misses: 0 };
            }
            count.misses += 1;
        }
    }

    /// The address with every network that it may speak for, and the most misses of each: one household has a /64 or
    /// /56 of IPv6, one site a /48.
    fn networks(&self, address: IpAddr) -> impl Iterator<Item = (u64, u32)> + '_ {
        let prefixes: Vec<(u128, u32, u32)> = match address.to_canonical() {
            IpAddr::V4(v4) => vec![(u128::from(v4.to_bits()), 32, PER_ADDRESS)],
            IpAddr::V6(v6) => {
                [(64, 1), (56, 2), (48, 4)].map(|(bits, times)| (v6.to_bits() >> (128 - bits), bits, times * PER_ADDRESS)).into()
            }
        };
        prefixes.into_iter().map(|(prefix, bits, most)| (self.hasher.hash_one((prefix, bits)), most))
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
}
