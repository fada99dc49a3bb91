//! How often one network guesses spoken codes wrong, and repeats right ones. A check is counted before it is made, as each, and what
//! it was not is given back afterwards: of any number at once no more than the limit get in.
//!
//! Somebody who shares an address with somebody could read from its limit how often they were wrong. So the limit is drawn for each
//! network and window, a window begins at a time of the network's own and not with the first miss, and who is refused is always
//! asked to wait for a whole one.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limits::Networks;
use crate::{
    store::GUESS_WINDOW,
    verifier::{Cost, Share},
};

/// Wrong codes that one IPv4 address or one IPv6 /64 may try in a [`WINDOW`], as it is drawn; also those that nobody looked up.
pub const TRIES: RangeInclusive<u32> = 20..=40;
/// Repeats for each try that it may have: nobody learns anything from one, but each is work for the store.
pub const REPEATS: u32 = 4;
/// Seconds. As long as a miss counts in the store, by whole minutes: an address that takes a place for who has not guessed wrong
/// takes no second one before the first is free again.
#[expect(clippy::cast_possible_truncation, reason = "twelve minutes")]
pub const WINDOW: u32 = GUESS_WINDOW as u32 + 60;
/// Networks remembered; beyond it new ones are only bounded by the budgets.
const REMEMBERED: usize = 100_000;
/// Seconds between two searches for counts that are over: each looks at all of them, and a flood must not pay for that with a miss.
const SWEEP_EVERY: u64 = 60;

/// What is known of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum History {
    /// No miss in this window and the one before.
    Clean,
    /// A miss.
    Missed,
    /// As many tries or repeats as it may have.
    AtLimit,
}

impl History {
    /// The part of a budget that is open to it.
    pub fn share(self) -> Share {
        if self == Self::Clean { Share::Whole } else { Share::Quarter }
    }
}

/// Counts by network.
#[derive(Default)]
pub struct Guessers {
    networks: Networks,
    draw: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    by_network: HashMap<u64, Count>,
    swept_at: i64,
}

#[derive(Default)]
struct Count {
    window: i64,
    /// Misses, and what was refused because a budget was spent: that is held against nobody who has not guessed wrong.
    tries: u32,
    misses: u32,
    /// In the window before.
    misses_before: u32,
    repeats: u32,
}

/// A check that counts, until it is over.
pub struct Turn {
    guessers: Arc<Guessers>,
    /// Each network with the window in which it counts.
    counted: Vec<(u64, i64)>,
    history: History,
    cost: Cost,
}

impl Guessers {
    /// Asks, does not count.
    pub fn history(&self, address: IpAddr, now: i64) -> History {
        let mut counts = self.counts();
        let of = |(network, times)| counts.by_network.get_mut(&network).map(|count| self.seen(count, network, times, now));
        self.networks.of(address).into_iter().filter_map(of).max().unwrap_or(History::Clean)
    }

    /// Counts a check as whatever it may turn out to be. Until it is made it costs nothing in the end.
    pub fn begin(self: &Arc<Self>, address: IpAddr, now: i64) -> Turn {
        let mut counts = self.counts();
        counts.sweep(now);
        let (mut history, mut counted) = (History::Clean, vec![]);
        for (network, times) in self.networks.of(address) {
            if counts.by_network.len() >= REMEMBERED && !counts.by_network.contains_key(&network) {
                continue;
            }
            let count = counts.by_network.entry(network).or_default();
            history = history.max(self.seen(count, network, times, now));
            count.tries += 1;
            count.misses += 1;
            count.repeats += 1;
            counted.push((network, count.window));
        }
        drop(counts);
        Turn { guessers: self.clone(), counted, history, cost: Cost::Nothing }
    }

    fn seen(&self, count: &mut Count, network: u64, times: u32, now: i64) -> History {
        count.roll(window(network, now));
        let limit = times * self.limit(network, count.window);
        if count.tries >= limit || count.repeats >= REPEATS * limit {
            History::AtLimit
        } else if count.misses + count.misses_before >= times {
            History::Missed
        } else {
            History::Clean
        }
    }

    fn limit(&self, network: u64, window: i64) -> u32 {
        let choices = u64::from(TRIES.end() - TRIES.start() + 1);
        TRIES.start() + u32::try_from(self.draw.hash_one((network, window)) % choices).unwrap_or_default()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which window of its own a network is in.
fn window(network: u64, now: i64) -> i64 {
    (now + i64::from(u32::try_from(network % u64::from(WINDOW)).unwrap_or_default())).div_euclid(WINDOW.into())
}

impl Counts {
    /// Forgets what is over, once there is no room for more.
    fn sweep(&mut self, now: i64) {
        if self.by_network.len() >= REMEMBERED && now.abs_diff(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            self.by_network.retain(|network, count| window(*network, now) <= count.window + 1);
        }
    }
}

impl Count {
    fn roll(&mut self, window: i64) {
        if self.window != window {
            let misses_before = if self.window + 1 == window { self.misses } else { 0 };
            *self = Self { window, misses_before, ..Self::default() };
        }
    }

    /// A check of a window was not all that it had been counted as.
    fn give_back(&mut self, window: i64, cost: Cost) {
        let no_try = matches!(cost, Cost::Nothing | Cost::Repeat);
        let is_now = self.window == window;
        if cost != Cost::Miss {
            let misses = if is_now { &mut self.misses } else { &mut self.misses_before };
            *misses = misses.saturating_sub(u32::from(is_now || self.window == window + 1));
        }
        self.tries = self.tries.saturating_sub(u32::from(is_now && no_try));
        self.repeats = self.repeats.saturating_sub(u32::from(is_now && cost != Cost::Repeat));
    }
}

impl Turn {
    /// What was known of its networks before.
    pub fn history(&self) -> History {
        self.history
    }

    /// From now on it costs this, however it ends.
    pub fn costs(&mut self, cost: Cost) {
        self.cost = cost;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.guessers.counts();
        for (network, window) in &self.counted {
            if let Some(count) = counts.by_network.get_mut(network) {
                count.give_back(*window, self.cost);
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

    /// A check that costs this; how the address stood before.
    fn asked(guessers: &Arc<Guessers>, from: &str, now: i64, cost: Cost) -> History {
        let mut turn = guessers.begin(address(from), now);
        turn.costs(cost);
        turn.history()
    }

    /// How many misses an address has in one window until it is at its limit.
    fn limit(guessers: &Arc<Guessers>, from: &str, now: i64) -> u32 {
        let mut misses = 0;
        while asked(guessers, from, now, Cost::Miss) != History::AtLimit {
            misses += 1;
        }
        misses
    }

    #[test]
    fn an_address_waits_out_its_window_and_others_do_not() {
        let guessers = Arc::new(Guessers::default());
        assert!(TRIES.contains(&limit(&guessers, "192.0.2.1", 100)));
        assert_eq!(guessers.history(address("::ffff:192.0.2.1"), 100), History::AtLimit, "the same address, mapped");
        assert_eq!(guessers.history(address("192.0.2.2"), 100), History::Clean);
        assert_eq!(guessers.history(address("192.0.2.1"), 100 + i64::from(WINDOW)), History::Missed, "remembered for a window more");
        assert_eq!(guessers.history(address("192.0.2.1"), 100 + 2 * i64::from(WINDOW)), History::Clean);
    }

    #[test]
    fn a_limit_tells_nothing_for_certain_and_is_another_in_each_window() {
        let guessers = Arc::new(Guessers::default());
        let mut drawn: Vec<u32> = (0..20).map(|n| limit(&guessers, &format!("192.0.2.{n}"), 0)).collect();
        drawn.extend((1..20).map(|n| limit(&guessers, "198.51.100.1", n * i64::from(WINDOW))));
        assert!(drawn.iter().all(|limit| TRIES.contains(limit)), "{drawn:?}");
        for one in [&drawn[..20], &drawn[20..]] {
            assert!(one.iter().any(|limit| *limit != one[0]), "{drawn:?}");
        }
    }

    /// Otherwise who tries until it is open again learns when a neighbour was wrong.
    #[test]
    fn a_window_does_not_begin_with_a_miss() {
        let opens = |first: i64| {
            let guessers = Arc::new(Guessers::default());
            let _ = asked(&guessers, "192.0.2.1", first, Cost::Miss);
            let own = guessers.networks.of(address("192.0.2.1"))[0].0;
            let _ = limit(&guessers, "192.0.2.1", 10_000);
            let closed = |after: &i64| guessers.history(address("192.0.2.1"), 10_000 + after) == History::AtLimit;
            (
                (1..=i64::from(WINDOW)).take_while(closed).count(),
                WINDOW - u32::try_from((10_000 + own % u64::from(WINDOW)) % u64::from(WINDOW)).unwrap(),
            )
        };
        for first in [10_000, 9_700, 9_300] {
            let (waited, left) = opens(first);
            assert_eq!(waited + 1, usize::try_from(left).unwrap(), "{first}");
        }
    }

    #[test]
    fn a_check_under_way_counts_and_a_hit_is_given_back() {
        let guessers = Arc::new(Guessers::default());
        let under_way: Vec<Turn> = (0..100).map(|_| guessers.begin(address("192.0.2.1"), 0)).collect();
        let open = under_way.iter().filter(|turn| turn.history() != History::AtLimit).count();
        assert!(TRIES.contains(&u32::try_from(open).unwrap()), "{open}");
        assert_eq!(under_way.iter().filter(|turn| turn.history() == History::Clean).count(), 1);
        drop(under_way);
        assert_eq!(guessers.history(address("192.0.2.1"), 0), History::Clean);
        // Also where the window ended meanwhile.
        let turn = guessers.begin(address("192.0.2.1"), 0);
        assert_eq!(guessers.history(address("192.0.2.1"), i64::from(WINDOW)), History::Missed);
        drop(turn);
        assert_eq!(guessers.history(address("192.0.2.1"), i64::from(WINDOW)), History::Clean);
    }

    #[test]
    fn repeats_have_a_larger_bound_of_their_own() {
        let guessers = Arc::new(Guessers::default());
        let mut repeats = 0;
        while asked(&guessers, "192.0.2.1", 0, Cost::Repeat) != History::AtLimit {
            repeats += 1;
        }
        assert!(repeats >= REPEATS * TRIES.start() && repeats <= REPEATS * TRIES.end(), "{repeats}");
        for _ in 0..1_000 {
            assert_eq!(asked(&guessers, "192.0.2.2", 0, Cost::Nothing), History::Clean);
        }
    }

    /// Who read five words a moment before the budget for them was spent has not guessed, and reads six.
    #[test]
    fn what_was_refused_counts_and_is_no_miss() {
        let guessers = Arc::new(Guessers::default());
        let mut refused = 0;
        loop {
            match asked(&guessers, "192.0.2.1", 0, Cost::Refused) {
                History::Clean => refused += 1,
                History::AtLimit => break,
                History::Missed => panic!("after {refused}"),
            }
        }
        assert!(TRIES.contains(&refused), "{refused}");
    }

    #[test]
    fn many_addresses_of_one_ipv6_site_share_a_bound() {
        let guessers = Arc::new(Guessers::default());
        let of = |n: u32| format!("2001:db8:1:{n:x}00::1");
        for n in 0..4 {
            assert_eq!(asked(&guessers, &of(n), 0, Cost::Miss), History::Clean, "four households");
        }
        assert_eq!(asked(&guessers, &of(4), 0, Cost::Miss), History::Missed, "the site has guessed");
        for n in 5..4 * TRIES.end() {
            let _ = asked(&guessers, &of(n), 0, Cost::Miss);
        }
        assert_eq!(guessers.history(address("2001:db8:1:ffff::1"), 0), History::AtLimit, "same /48");
        assert_eq!(guessers.history(address("2001:db8:2::1"), 0), History::Clean, "another /48");
    }

    #[test]
    fn a_full_memory_is_searched_once_a_minute_and_takes_no_more_meanwhile() {
        let guessers = Arc::new(Guessers::default());
        let remembered = || guessers.counts().by_network.len();
        let miss = |from: IpAddr, now| guessers.begin(from, now).costs(Cost::Miss);
        for n in 0..u32::try_from(REMEMBERED).unwrap() {
            miss(IpAddr::V4(n.into()), 1_000);
        }
        // Searched in vain while some of it is remembered, whenever its window began.
        let searched = 1_000 + i64::from(WINDOW);
        miss(address("192.0.2.1"), searched);
        assert_eq!(remembered(), REMEMBERED);
        miss(address("192.0.2.1"), 1_000 + 3 * i64::from(WINDOW));
        assert_eq!(remembered(), 1);
        for n in 0..u32::try_from(REMEMBERED).unwrap() {
            miss(IpAddr::V4(n.into()), 1_000 + 3 * i64::from(WINDOW));
        }
        let over = 1_000 + 6 * i64::from(WINDOW);
        guessers.counts().swept_at = over;
        miss(address("192.0.2.1"), over + 59);
        assert_eq!(remembered(), REMEMBERED, "not searched again yet");
        miss(address("192.0.2.1"), over + 60);
        assert_eq!(remembered(), 1);
    }
}
