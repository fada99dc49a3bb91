//! How many wrong guesses are answered, and to whom.

use crate::{
    store::GuessPool,
    token::{Challenge, SpokenCode, SpokenSize},
};

/// Wrong guesses that are answered in any [`crate::store::GUESS_WINDOW`], by what they guess at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Five words without a number.
    pub five: u32,
    /// Five words with a number.
    pub number: u32,
    /// Six words, with a number or without.
    pub six: u32,
}

impl Budgets {
    /// The budget in which a code takes its place. The number may be known to who guesses, so that five words with one have a budget
    /// of their own, reckoned by the 40 bits of the words; six words are safe enough for one budget.
    pub(super) fn pool(code: SpokenCode, number: Option<Challenge>) -> GuessPool {
        match (code.size(), number) {
            (SpokenSize::Six, _) => GuessPool::Six,
            (SpokenSize::Five, Some(_)) => GuessPool::Number,
            (SpokenSize::Five, None) => GuessPool::Five,
        }
    }

    /// One of them.
    pub fn of(&self, pool: GuessPool) -> u32 {
        match pool {
            GuessPool::Five => self.five,
            GuessPool::Number => self.number,
            GuessPool::Six => self.six,
        }
    }
}

/// The addresses that have guessed wrong share this part of a budget, so that all of them together never keep out who has not: who
/// wants to do that needs a fresh address for each place of the other three parts.
const OF_GUESSERS: u32 = 4;

/// The part of a budget in which a place is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of it: nobody at the address guessed wrong lately.
    Whole,
    /// A quarter: somebody did.
    Quarter,
}

impl Share {
    /// So many places of a budget; at least one.
    pub(super) fn of(self, budget: u32) -> u32 {
        match self {
            Self::Whole => budget,
            Self::Quarter => budget.div_ceil(OF_GUESSERS),
        }
    }
}
