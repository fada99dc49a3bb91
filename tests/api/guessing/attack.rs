//! Ten thousand addresses guess, and honest people check what they read from a live screen: nobody finds anything, and everybody is
//! answered. The bound on what they may find is computed, and what they took is measured against it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign::{
    config::Guessing,
    issuer::{Desk, IssueRequest, Spoken},
    store::{GUESS_WINDOW, GuessPool, Room},
    token::{Channel, Cti, SpokenCode, SpokenSize, SpokenWords, Token},
    verifier::Budgets,
};
use tokio::task::JoinSet;

use super::{address, check, nothing, taken, verdict};
use crate::{
    app::{Setup, TestApp},
    filling::fill,
    world::{self, NOW},
};

const ADDRESSES: usize = 10_000;
/// Guesses between two honest people.
const APART: usize = 100;
/// Honest codes that were given out nine minutes before the attack.
const BEFORE: usize = 100;
const AT_ONCE: usize = 64;

/// A deployment of the usual kind, with as many places as the settings give it.
fn usual() -> Guessing {
    Guessing {
        words: SpokenWords::Auto,
        room: Room { five: 256, all: 256, person: 256 },
        budgets: Budgets { five: 3_000, number: 300, six: 1_000_000 },
    }
}

fn force() -> Guessing {
    Guessing {
        words: SpokenWords::Auto,
        room: Room { five: 37, all: 50_000, person: 50_000 },
        budgets: Budgets { five: 3_000, number: 300, six: 20_017 },
    }
}

/// What the attackers try: the size, and a number where they give one.
type Guess = fn(usize) -> (SpokenSize, Option<&'static str>);

/// A token, and the shortest code by which it is found.
#[derive(Clone)]
struct Given {
    cti: Cti,
    token: Token,
    shortest: SpokenSize,
}

/// How long the codes are that officers give out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// Five, while there is room, whatever happens.
    Five,
    /// Six from the moment when half of a budget for five is taken, by desks of one length each.
    Switched,
    /// As the service decides with `spoken_words = "auto"`.
    Auto,
}

struct Field {
    app: TestApp,
    guessing: Guessing,
    words: Words,
    five: Desk,
    six: Desk,
    auto: Desk,
    /// How many were given out in five words.
    fives: AtomicUsize,
    /// Codes that were given out before.
    waiting: Vec<Given>,
    genuine: AtomicUsize,
    /// Answered only when the person read the screen again.
    again: AtomicUsize,
    unanswered: AtomicUsize,
    /// Given out in five words, and answered when six were in force.
    over_the_switch: AtomicUsize,
    found: AtomicUsize,
}

impl Field {
    async fn with(guessing: Guessing, words: Words) -> Arc<Self> {
        assert!(guessing.chance() <= 1e-6, "{}", guessing.chance());
        let app = Setup { guessing: Some(guessing), ..Setup::default() }.start().await;
        let desk = |words| app.desk_with(words, app.issuer_side.notary.clone());
        let [five, six] = [SpokenSize::Five, SpokenSize::Six].map(|size| desk(SpokenWords::Fixed(size)));
        let auto = desk(SpokenWords::Auto);
        let mut field = Self {
            app,
            guessing,
            words,
            five,
            six,
            auto,
            fives: AtomicUsize::new(0),
            waiting: vec![],
            genuine: AtomicUsize::new(0),
            again: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            over_the_switch: AtomicUsize::new(0),
            found: AtomicUsize::new(0),
        };
        for _ in 0..BEFORE {
            field.waiting.push(field.issue().await);
        }
        // With those that are given out during the attack.
        fill(&mut field.app.sql(), (guessing.room.all as usize).saturating_sub(3 * BEFORE));
        field.app.clock.set(NOW + 540);
        Arc::new(field)
    }

    /// In five words while nobody guesses and there is room for more.
    async fn issue(&self) -> Given {
        let is_five = || self.fives.fetch_add(1, Ordering::Relaxed) < self.guessing.room.five as usize;
        let desk = match self.words {
            Words::Auto => &self.auto,
            Words::Five | Words::Switched if !self.has_switched().await && is_five() => &self.five,
            Words::Five | Words::Switched => &self.six,
        };
        let approach = world::approach(Channel::Telephone);
        let request = IssueRequest {
            authorisation: Some(self.app.authorisation),
            approach,
            not_before: None,
            lifetime: Some(600),
            spoken: Some(true),
        };
        let issued = desk.issue(self.app.confirmed(&self.app.officer.officer).await, request).await.unwrap();
        let Spoken { code, six } = issued.spoken.unwrap();
        Given { cti: issued.claims.cti(), shortest: if code == six { SpokenSize::Six } else { SpokenSize::Five }, token: issued.token }
    }

    /// As the live screen of an officer shows a token: in six words from the moment when half of a budget for five is taken.
    async fn screen(&self, given: &Given) -> SpokenSize {
        if self.words != Words::Auto {
            return if self.has_switched().await { SpokenSize::Six } else { given.shortest };
        }
        let status = self.auto.status(&self.app.officer.officer, given.cti).await.unwrap();
        if status.spoken_words == Some(5) { SpokenSize::Five } else { SpokenSize::Six }
    }

    async fn has_switched(&self) -> bool {
        self.words != Words::Five && (taken(&self.app, GuessPool::Five).await >= 1_500 || taken(&self.app, GuessPool::Number).await >= 150)
    }

    /// Somebody from an address of their own reads a screen, and once more if they are not answered.
    async fn honest(&self, person: usize) {
        let given = match self.waiting.get(person / 2).filter(|_| person.is_multiple_of(2)) {
            Some(given) => given.clone(),
            None => self.issue().await,
        };
        for reading in 0..2 {
            let (shown, from) = (self.screen(&given).await, address(1_000_000 + person));
            let code = SpokenCode::of(&given.token, shown);
            match verdict(self.app.public_side.limited(from, check(code, None, person)).await) {
                "genuine" => {
                    self.over_the_switch.fetch_add(usize::from(shown != given.shortest), Ordering::Relaxed);
                    self.again.fetch_add(reading, Ordering::Relaxed);
                    self.genuine.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                said => assert_eq!(said, "cannot_check", "{person}"),
            }
        }
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    async fn guess(&self, n: usize, (size, number): (SpokenSize, Option<&str>)) {
        let said = verdict(self.app.public_side.limited(address(n % ADDRESSES), check(nothing(n, size), number, n)).await);
        self.found.fetch_add(usize::from(!["unknown_code", "cannot_check", "429"].contains(&said)), Ordering::Relaxed);
    }
}

/// What became of honest codes.
struct Outcome {
    genuine: usize,
    unanswered: usize,
    over_the_switch: usize,
}

impl Outcome {
    fn is_well(&self) -> bool {
        self.unanswered * 1_000 <= self.genuine + self.unanswered
    }
}

/// So many guesses, from one address after another, and an honest person after each hundred.
async fn attack(guessing: Guessing, words: Words, guesses: usize, guess: Guess) -> Outcome {
    let field = Field::with(guessing, words).await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut people = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (field, next) = (field.clone(), next.clone());
        people.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= guesses {
                    return;
                }
                field.guess(n, guess(n)).await;
                if n.is_multiple_of(APART) {
                    field.honest(n / APART).await;
                }
            }
        });
    }
    drop(people.join_all().await);
    let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (genuine, unanswered) = (of(&field.genuine), of(&field.unanswered));
    let mut measured = 0.0;
    for (pool, live, bits) in
        [(GuessPool::Five, guessing.room.five, 40), (GuessPool::Number, guessing.room.five, 40), (GuessPool::Six, guessing.room.all, 50)]
    {
        let count = taken(&field.app, pool).await;
        assert!(count <= guessing.budgets.of(pool), "{pool:?}: {count}");
        println!("{}: {count} of {} taken in {GUESS_WINDOW} s", pool.as_str(), guessing.budgets.of(pool));
        measured += f64::from(count) * f64::from(live) / 2_f64.powi(bits);
    }
    println!(
        "{genuine} of {} honest codes answered, {} at the second reading; chance measured {measured:.2e}, bound {:.2e}",
        genuine + unanswered,
        of(&field.again),
        guessing.chance()
    );
    assert_eq!(of(&field.found), 0);
    assert!(measured <= 1e-6, "{measured}");
    assert_eq!(genuine + unanswered, guesses.div_ceil(APART));
    Outcome { genuine, unanswered, over_the_switch: of(&field.over_the_switch) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_addresses_keep_nobody_from_checking() {
    assert!(attack(usual(), Words::Switched, 15_000, every_size).await.is_well());
}

/// As new deployments are set. Who has five words in hand when six come into force is answered like everybody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_while_the_service_itself_goes_from_five_words_to_six() {
    let outcome = attack(usual(), Words::Auto, 15_000, every_size).await;
    assert!(outcome.is_well());
    assert!((20..BEFORE).contains(&outcome.over_the_switch), "{} answered over the switch", outcome.over_the_switch);
}

fn every_size(n: usize) -> (SpokenSize, Option<&'static str>) {
    match n % 4 {
        0 => (SpokenSize::Six, None),
        1 => (SpokenSize::Five, Some("123456")),
        _ => (SpokenSize::Five, None),
    }
}

/// So that it is known what the test above rests on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_six_words_they_would() {
    assert!(!attack(usual(), Words::Five, 8_000, every_size).await.is_well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_at_the_size_of_a_force() {
    // More guesses at six words than there are places, and enough at five to bring six about.
    let guess: Guess = |n| if n % 20 == 0 { (SpokenSize::Five, Some("123456")) } else { (SpokenSize::Six, None) };
    for words in [Words::Switched, Words::Auto] {
        assert!(attack(force(), words, 23_000, guess).await.is_well(), "{words:?}");
    }
}

/// As many as could spend the budget for five words when it had no part for who has not guessed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_fifty_addresses_do_not_spend_the_budget_for_five_words() {
    let field = Field::with(usual(), Words::Switched).await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut guessers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (field, next) = (field.clone(), next.clone());
        guessers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= 150 * 40 {
                    return;
                }
                let _ = field.app.public_side.limited(address(n % 150), check(nothing(n, SpokenSize::Five), None, n)).await;
            }
        });
    }
    drop(guessers.join_all().await);
    let five = taken(&field.app, GuessPool::Five).await;
    assert!(five <= 750 + 150, "{five}");
    assert!(!field.has_switched().await, "so few do not even bring six words about");
    for person in (0..40).step_by(2) {
        field.honest(person).await;
    }
    assert_eq!(field.genuine.load(Ordering::Relaxed), 20);
}
