//! Networks, distinguished in memory alone and by keyed hash, so that not even a copy of the process says who asked; and how many
//! connections one may have at once.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Tells networks apart without saying which they are.
#[derive(Default)]
pub struct Networks(RandomState);

impl Networks {
    /// Every network that the address may speak for, and how many times an IPv4 address's share it has: one household has
    /// a /64 or /56 of IPv6, one site a /48.
    pub fn of(&self, address: IpAddr) -> Vec<(u64, u32)> {
        prefixes(address).into_iter().map(|(prefix, bits, times)| (self.0.hash_one((prefix, bits)), times)).collect()
    }
}

/// The smallest network that the address speaks for: its prefix, and how many bits that has.
pub(super) fn home(address: IpAddr) -> (u128, u32) {
    let (prefix, bits, _) = prefixes(address)[0];
    (prefix, bits)
}

/// The networks that the address speaks for, the smallest first, with their shares.
fn prefixes(address: IpAddr) -> Vec<(u128, u32, u32)> {
    match address.to_canonical() {
        IpAddr::V4(v4) => vec![(u128::from(v4.to_bits()), 32, 1)],
        IpAddr::V6(v6) => [(64, 1), (56, 2), (48, 4)].map(|(bits, times)| (v6.to_bits() >> (128 - bits), bits, times)).into(),
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
