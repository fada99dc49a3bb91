//! What keeps guessing hopeless. The sum over all budgets of wrong guesses of G x L / 2^bits, where L is the most codes that one
//! guess can fit at any instant, is at most [`MOST`]: docs/guessing.md goes through every way to ask.

use super::ConfigError;
use crate::{
    store::{Room, SpokenRules},
    token::{SpokenSize, SpokenWords},
    verifier::Budgets,
};

/// The chance that guesses of one longest token lifetime find any live code.
pub const MOST: f64 = 1e-6;

/// Wrong numbers that are answered for codes of five words, besides `guesses`. The number may be known, so that it adds nothing to
/// the bits of the code.
const NUMBERS: u32 = 300;
/// Six-word guesses that a deployment can answer before any is left for five words. Addresses that have not guessed wrong have
/// three quarters of them: ten thousand attackers take one each, and leave as many as they need to others.
const SIX_FIRST: u32 = 20_000;
/// The most six-word guesses, however few codes live: more have nothing to guard against.
const SIX_MOST: u32 = 1_000_000;
/// Codes of one person that may be live at once.
const PER_PERSON: u32 = 8;

/// Bounds that keep guessing hopeless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guessing {
    /// Length of new codes.
    pub words: SpokenWords,
    /// Codes that may be live at once.
    pub room: Room,
    /// Misses that are answered.
    pub budgets: Budgets,
}

impl Guessing {
    /// Bounds by the settings: `max_live` codes at once, and `guesses` wrong guesses at the shortest codes that are issued. What they
    /// leave of [`MOST`] is for the others.
    pub(super) fn new(words: SpokenWords, max_live: Option<u32>, guesses: Option<u32>) -> Result<Self, ConfigError> {
        let all = max_live.unwrap_or(256);
        let (five, number) = (guesses.unwrap_or(3_000), NUMBERS);
        let room_for_five = match words {
            SpokenWords::Fixed(SpokenSize::Five) => all,
            SpokenWords::Fixed(SpokenSize::Six) => 0,
            SpokenWords::Auto => {
                let left = MOST - chance(SIX_FIRST, all, SpokenSize::Six);
                all.min(256).min(most(left, five.saturating_add(number), SpokenSize::Five))
            }
        };
        let left = MOST - chance(five.saturating_add(number), room_for_five, SpokenSize::Five);
        let six = most(left, all, SpokenSize::Six).min(SIX_MOST);
        let six = if words == SpokenWords::Fixed(SpokenSize::Six) { guesses.unwrap_or(six) } else { six };
        let guessing = Self { words, room: Room { five: room_for_five, all, person: PER_PERSON }, budgets: Budgets { five, number, six } };
        // With no place for a wrong guess, no code could be checked at all.
        if guessing.chance() > MOST || six == 0 {
            return Err(ConfigError::GuessBudget { guesses: if room_for_five > 0 { five } else { six }, max_live: all, words });
        }
        Ok(guessing)
    }

    /// What issuing has to keep of them.
    pub fn spoken(&self) -> SpokenRules {
        let Self { words, room, budgets } = *self;
        SpokenRules { words, room, five_guesses: budgets.five, number_guesses: budgets.number }
    }

    /// The chance that all guesses of one [`crate::store::GUESS_WINDOW`] together find a live code.
    pub fn chance(&self) -> f64 {
        let Budgets { five, number, six } = self.budgets;
        chance(five, self.room.five, SpokenSize::Five)
            + chance(number, self.room.five, SpokenSize::Five)
            + chance(six, self.room.all, SpokenSize::Six)
    }
}

fn chance(guesses: u32, live: u32, size: SpokenSize) -> f64 {
    f64::from(guesses) * f64::from(live) / 2_f64.powi(size.bits().cast_signed())
}

/// The most of one factor, given the other, that keep within a chance.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded down and kept within what fits")]
fn most(chance: f64, other: u32, size: SpokenSize) -> u32 {
    (chance * 2_f64.powi(size.bits().cast_signed()) / f64::from(other.max(1))).floor().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: SpokenWords = SpokenWords::Fixed(SpokenSize::Five);
    const SIX: SpokenWords = SpokenWords::Fixed(SpokenSize::Six);

    #[test]
    fn all_guesses_together_have_one_chance_in_a_million_at_most() {
        for words in [FIVE, SIX, SpokenWords::Auto] {
            for max_live in [1, 2, 255, 256, 257, 1_000, 50_000, 100_000, 1_000_000, u32::MAX] {
                for guesses in [0, 1, 3_000, 4_294, 100_000, u32::MAX] {
                    if let Ok(guessing) = Guessing::new(words, Some(max_live), Some(guesses)) {
                        assert!(guessing.chance() <= MOST, "{guessing:?}");
                        assert!(guessing.budgets.six > 0, "{guessing:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn settings_that_would_give_a_better_chance_are_refused() {
        let refused = |words, guesses, max_live| Guessing::new(words, Some(max_live), Some(guesses)).is_err();
        assert!(!refused(FIVE, 3_000, 256) && !refused(FIVE, 3_990, 256));
        assert!(refused(FIVE, 4_000, 256), "with the wrong numbers it is too many");
        assert!(!refused(SIX, 4_295, 256_000) && refused(SIX, 4_500, 256_000));
    }

    #[test]
    fn the_defaults_leave_room_for_guesses_from_ten_thousand_addresses() {
        let usual = Guessing::new(SpokenWords::Auto, None, None).unwrap();
        assert_eq!(usual.room, Room { five: 256, all: 256, person: 8 });
        assert_eq!(usual.budgets, Budgets { five: 3_000, number: 300, six: 1_000_000 });
        let force = Guessing::new(SpokenWords::Auto, Some(50_000), None).unwrap();
        assert!(force.budgets.six >= 20_000 && (30..50).contains(&force.room.five), "{force:?}");
        let too_many_for_five = Guessing::new(SpokenWords::Auto, Some(100_000), None).unwrap();
        assert_eq!(too_many_for_five.room.five, 0);
        assert!(too_many_for_five.budgets.six > 11_000);
    }
}
