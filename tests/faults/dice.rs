//! What looks random and comes again with the same seed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// `SplitMix64`.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// Each story, round and client has dice of its own.
    pub fn of(seed: u64, whose: &[u64]) -> Self {
        let mut dice = Self(seed);
        for part in whose {
            dice.0 = dice.next() ^ part;
        }
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From 0 to `n` - 1.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// An attempt as a page would draw it.
    pub fn attempt(&mut self) -> String {
        URL_SAFE_NO_PAD.encode([self.next().to_be_bytes(), self.next().to_be_bytes()].concat())
    }
}
