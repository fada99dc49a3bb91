//! Spoken codes: how many may be live together, and how long a new one is.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{IssueRefusal, StoreError};
use crate::token::{LEEWAY, SpokenCode, SpokenSize, SpokenWords, Token};

/// Six words stay in force for so long after five were last guessed at. Seconds.
pub const QUIET: i64 = 24 * 3_600;

/// The most spoken codes that may be live together at any instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of those that five words find.
    pub five: u32,
    /// Of all; each can be found by six words.
    pub all: u32,
    /// Of one person's.
    pub person: u32,
}

/// What a deployment allows of spoken codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpokenRules {
    /// How long new ones are.
    pub words: SpokenWords,
    /// How many may be live together.
    pub room: Room,
    /// Wrong guesses at five words that are answered per [`super::GUESS_WINDOW`].
    pub five_guesses: u32,
    /// The same with a number.
    pub number_guesses: u32,
}

/// What is kept so that a spoken code finds its token.
#[derive(Clone, Debug)]
pub struct Speakable {
    /// The code of six words, by which the token can be found in any case.
    pub code: SpokenCode,
    /// The bytes that come back for it.
    pub token: Token,
    /// What decides whether there is room, and whether five words may find it.
    pub rules: SpokenRules,
}

/// The store as what decides about the length of spoken codes.
#[async_trait]
pub trait SpokenStore: Send + Sync {
    /// How long new codes are where no setting says so: as before in a store of a version that knew one length, [`SpokenWords::Auto`]
    /// in others.
    async fn usual_words(&self) -> Result<SpokenWords, StoreError>;

    /// The length that is in force at `now`.
    async fn words_in_force(&self, rules: SpokenRules, now: i64) -> Result<SpokenSize, StoreError>;

    /// Remembers whether five words are guessed at, so that six stay in force for [`QUIET`] after that.
    async fn note_guesses(&self, rules: SpokenRules, now: i64) -> Result<(), StoreError>;
}

impl Speakable {
    /// The code as a database's signed integer.
    pub(super) fn code(&self) -> i64 {
        self.code.value().cast_signed()
    }

    /// The same of its first 40 bits, where five words may find it.
    pub(super) fn five(&self, shortest: SpokenSize) -> Option<i64> {
        (shortest == SpokenSize::Five).then(|| self.code.shortened(SpokenSize::Five).value().cast_signed())
    }
}

/// The seconds in which a token can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first.
    pub from: i64,
    /// The first that is past.
    pub until: i64,
}

impl Span {
    /// Of a token with this window.
    pub fn of(starts_at: i64, expires_at: i64) -> Self {
        Self { from: starts_at - LEEWAY, until: expires_at + LEEWAY }
    }

    /// All minutes since 1970 that it touches.
    pub fn minutes(self) -> RangeInclusive<i64> {
        self.from.div_euclid(60)..=(self.until - 1).div_euclid(60)
    }

    fn contains(self, second: i64) -> bool {
        (self.from..self.until).contains(&second)
    }

    /// The most of others that hold together at any instant of this one.
    fn most_together(self, others: &[Self]) -> usize {
        // More of them hold from a second on only where one begins.
        let begins = others.iter().map(|other| other.from.max(self.from)).filter(|second| self.contains(*second));
        begins.map(|second| others.iter().filter(|other| other.contains(second)).count()).max().unwrap_or(0)
    }
}

/// Live codes that touch the same minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// The first minute since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// How many of them five words find.
    pub five: u32,
    /// How many there are.
    pub all: u32,
}

/// What is live within the span of a new code.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    /// The most together that five words find. By whole minutes, so rather more than less.
    pub five: u32,
    /// The most together of all.
    pub all: u32,
    /// Those of the same person.
    pub own: Vec<Span>,
}

impl Live {
    /// Of what a store says.
    pub fn within(span: Span, groups: &[Group], own: Vec<Span>) -> Self {
        let most = |count: fn(&Group) -> u32| {
            let at = |minute: i64| groups.iter().filter(|group| (group.first..=group.last).contains(&minute)).map(count).sum();
            span.minutes().map(at).max().unwrap_or(0)
        };
        Self { five: most(|group| group.five), all: most(|group| group.all), own }
    }
}

/// What a store says of guesses at five words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guessed {
    /// Places that are taken of the budget without a number.
    pub five: u32,
    /// And with one.
    pub number: u32,
    /// When at least half of one was last seen to be taken; 0 for never.
    pub busy_at: i64,
}

impl SpokenRules {
    /// How long codes are at `now`.
    pub(super) fn in_force(&self, guessed: Guessed, now: i64) -> SpokenSize {
        match self.words {
            SpokenWords::Fixed(size) => size,
            SpokenWords::Auto if self.is_busy(guessed) || now < guessed.busy_at + QUIET => SpokenSize::Six,
            SpokenWords::Auto => SpokenSize::Five,
        }
    }

    /// The time that has to be remembered for [`Guessed::busy_at`], if it is another. One in the future is of a clock that was ahead,
    /// and counts as now: six words last neither shorter for it, nor longer than another [`QUIET`].
    pub(super) fn busy_at(&self, guessed: Guessed, now: i64) -> Option<i64> {
        let busy = self.words == SpokenWords::Auto && self.is_busy(guessed);
        (guessed.busy_at > now || (busy && guessed.busy_at < now)).then_some(now)
    }

    fn is_busy(&self, guessed: Guessed) -> bool {
        let half = |taken: u32, budget: u32| u64::from(taken) * 2 >= budget.into();
        half(guessed.five, self.five_guesses) || half(guessed.number, self.number_guesses)
    }

    /// The length of a new code with this span, issued at `now`, if there is room for it.
    pub(super) fn admit(&self, span: Span, live: &Live, guessed: Guessed, now: i64) -> Result<SpokenSize, IssueRefusal> {
        if live.all >= self.room.all {
            return Err(IssueRefusal::TooManyLive);
        }
        let most = self.room.person as usize;
        if live.own.len() >= most && span.most_together(&live.own) >= most {
            return Err(IssueRefusal::TooManyOfOne);
        }
        // What is prepared may be shown where nothing tells that the words have changed.
        let prepared = self.words == SpokenWords::Auto && span.from + LEEWAY > now;
        Ok(if prepared || live.five >= self.room.five { SpokenSize::Six } else { self.in_force(guessed, now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: SpokenRules =
        SpokenRules { words: SpokenWords::Auto, room: Room { five: 2, all: 3, person: 3 }, five_guesses: 10, number_guesses: 5 };
    const NOW: i64 = 1_795_000_000;

    #[test]
    fn six_words_are_in_force_from_half_of_a_budget_until_24_quiet_hours_after() {
        let at = |five, number, busy_at, now| RULES.in_force(Guessed { five, number, busy_at }, now);
        for (five, number, expected) in
            [(0, 0, SpokenSize::Five), (4, 2, SpokenSize::Five), (5, 0, SpokenSize::Six), (0, 3, SpokenSize::Six), (10, 5, SpokenSize::Six)]
        {
            assert_eq!(at(five, number, 0, NOW), expected, "{five} {number}");
        }
        for (ago, expected) in [(0, SpokenSize::Six), (QUIET - 1, SpokenSize::Six), (QUIET, SpokenSize::Five), (-9, SpokenSize::Six)] {
            assert_eq!(at(0, 0, NOW - ago, NOW), expected, "{ago}");
        }
        for size in SpokenSize::ALL {
            let fixed = SpokenRules { words: SpokenWords::Fixed(size), ..RULES };
            assert_eq!(fixed.in_force(Guessed { five: 10, number: 5, busy_at: NOW }, NOW), size);
            assert_eq!(fixed.busy_at(Guessed { five: 10, number: 5, busy_at: 0 }, NOW), None);
        }
    }

    #[test]
    fn a_time_in_the_future_counts_as_now() {
        let after = |five, busy_at| RULES.busy_at(Guessed { five, number: 0, busy_at }, NOW);
        assert_eq!(
            [after(4, NOW - 1), after(5, NOW - 1), after(5, NOW), after(4, NOW + 1), after(5, NOW + 1)],
            [None, Some(NOW), None, Some(NOW), Some(NOW)]
        );
    }

    #[test]
    fn a_minute_counts_that_is_touched_for_a_second() {
        for (starts, expires, minutes) in [(60, 61, 0..=2), (60, 60, 0..=1), (119, 120, 0..=2), (120, 121, 1..=3), (0, 1, -1..=1)] {
            assert_eq!(Span::of(starts, expires).minutes(), minutes, "{starts} {expires}");
        }
    }

    #[test]
    fn codes_that_do_not_touch_one_another_are_not_added_up() {
        let group = |first, last, five, all| Group { first, last, five, all };
        let groups = [group(0, 4, 1, 2), group(4, 6, 3, 5), group(7, 9, 2, 6), group(20, 30, 50, 60)];
        let most = |from: i64, until: i64| {
            let live = Live::within(Span { from: from * 60, until: until * 60 }, &groups, vec![]);
            (live.five, live.all)
        };
        assert_eq!([most(0, 4), most(0, 5), most(5, 10), most(10, 20), most(10, 21)], [(1, 2), (4, 7), (3, 6), (0, 0), (50, 60)]);
    }

    #[test]
    fn the_most_together_are_found_as_by_asking_every_second() {
        let mut seed = 7_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i64::from(seed >> 16) % i64::from(below)
        };
        for _ in 0..2_000 {
            let mut span = || {
                let from = next(40);
                Span { from, until: from + 1 + next(20) }
            };
            let (one, others) = (span(), [span(), span(), span(), span(), span()]);
            let by_second = (one.from..one.until).map(|at| others.iter().filter(|other| other.contains(at)).count()).max().unwrap();
            assert_eq!(one.most_together(&others), by_second, "{one:?} {others:?}");
        }
    }

    #[test]
    fn who_finds_no_room_for_five_words_gets_six_and_who_finds_none_at_all_is_refused() {
        let span = Span::of(NOW, NOW + 300);
        let admit =
            |rules: &SpokenRules, five, all, own| rules.admit(span, &Live { five, all, own: vec![span; own] }, Guessed::default(), NOW);
        assert_eq!(admit(&RULES, 1, 2, 2).unwrap(), SpokenSize::Five);
        assert_eq!(admit(&RULES, 2, 2, 2).unwrap(), SpokenSize::Six);
        assert!(matches!(admit(&RULES, 0, 3, 0), Err(IssueRefusal::TooManyLive)));
        assert!(matches!(admit(&RULES, 0, 2, 3), Err(IssueRefusal::TooManyOfOne)));
        let six = SpokenRules { words: SpokenWords::Fixed(SpokenSize::Six), room: Room { five: 0, ..RULES.room }, ..RULES };
        assert_eq!(admit(&six, 0, 2, 2).unwrap(), SpokenSize::Six);
        let prepared = Span::of(NOW + 1, NOW + 300);
        assert_eq!(RULES.admit(prepared, &Live::default(), Guessed::default(), NOW).unwrap(), SpokenSize::Six);
        let five = SpokenRules { words: SpokenWords::Fixed(SpokenSize::Five), ..RULES };
        assert_eq!(five.admit(prepared, &Live::default(), Guessed::default(), NOW).unwrap(), SpokenSize::Five, "as it always was");
    }
}
