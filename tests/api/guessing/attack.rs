//! Ten thousand addresses guess, and honest people check what they read from a live screen: nobody finds anything, and everybody is
//! answered. The bound on what they may find is computed, and what they took is measured against it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign::{
    config::Guessing,
    issuer::{Desk, IssueRequest},
    store::{GUESS_WINDOW, GuessPool, Room},
    token::{Channel, SpokenCode, SpokenSize, SpokenWords, Token},
    verifier::Budgets,
};
use tokio::task::JoinSet;

use super::{address, check, nothing, taken, verdict};
use crate::{
    app::{Setup, TestApp},
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
    token: Token,
    shortest: SpokenSize,
}

struct Field {
    app: TestApp,
    guessing: Guessing,
    /// To six words, as `auto` does.
    switches: bool,
    five: Desk,
    six: Desk,
    /// How many were given out in five words.
    fives: AtomicUsize,
    /// Codes that were given out before.
    waiting: Vec<Given>,
    genuine: AtomicUsize,
    /// Answered only when the person read the screen again.
    again: AtomicUsize,
    unanswered: AtomicUsize,
    found: AtomicUsize,
}

impl Field {
    async fn with(guessing: Guessing, switches: bool) -> Arc<Self> {
        assert!(guessing.chance() <= 1e-6, "{}", guessing.chance());
        let app = Setup { guessing: Some(guessing), ..Setup::default() }.start().await;
        let desk = |size| app.desk_with(SpokenWords::Fixed(size), app.issuer_side.notary.clone());
        let (five, six) = (desk(SpokenSize::Five), desk(SpokenSize::Six));
        let mut field = Self {
            app,
            guessing,
            switches,
            five,
            six,
            fives: AtomicUsize::new(0),
            waiting: vec![],
            genuine: AtomicUsize::new(0),
            again: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            found: AtomicUsize::new(0),
        };
        for _ in 0..BEFORE {
            field.waiting.push(field.issue().await);
        }
        // With those that are given out during the attack.
        field.fill((guessing.room.all as usize).saturating_sub(3 * BEFORE));
        field.app.clock.set(NOW + 540);
        Arc::new(field)
    }

    /// In five words while nobody guesses and there is room for more.
    async fn issue(&self) -> Given {
        let is_five = !self.has_switched().await && self.fives.fetch_add(1, Ordering::Relaxed) < self.guessing.room.five as usize;
        let (desk, shortest) = if is_five { (&self.five, SpokenSize::Five) } else { (&self.six, SpokenSize::Six) };
        let approach = world::approach(Channel::Telephone);
        let request = IssueRequest {
            authorisation: Some(self.app.authorisation),
            approach,
            not_before: None,
            lifetime: Some(600),
            spoken: Some(true),
        };
        let token = desk.issue(self.app.confirmed(&self.app.officer.officer).await, request).await.unwrap().token;
        Given { token, shortest }
    }

    /// Live codes that nobody asks for, so that the store is as full as it may be.
    fn fill(&self, codes: usize) {
        let mut sql = self.app.sql();
        let sql = sql.transaction().unwrap();
        sql.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, code, bytes, access)
             SELECT randomblob(8), randomblob(32), kid, authorisation, channel, issued_at, starts_at, expires_at,
                    abs(random()) % 1125899906842624, randomblob(180), access
             FROM n, (SELECT * FROM tokens LIMIT 1)",
            [i64::try_from(codes).unwrap()],
        )
        .unwrap();
        sql.commit().unwrap();
    }

    /// As the live screen of an officer shows a token: in six words from the moment when half of a budget for five is taken.
    async fn screen(&self, given: &Given) -> SpokenCode {
        SpokenCode::of(&given.token, if self.has_switched().await { SpokenSize::Six } else { given.shortest })
    }

    async fn has_switched(&self) -> bool {
        self.switches && (taken(&self.app, GuessPool::Five).await >= 1_500 || taken(&self.app, GuessPool::Number).await >= 150)
    }

    /// Somebody from an address of their own reads a screen, and once more if they are not answered.
    async fn honest(&self, person: usize) {
        let given = match self.waiting.get(person / 2).filter(|_| person.is_multiple_of(2)) {
            Some(given) => given.clone(),
            None => self.issue().await,
        };
        for reading in 0..2 {
            let (code, from) = (self.screen(&given).await, address(1_000_000 + person));
            match verdict(self.app.public_side.limited(from, check(code, None, person)).await) {
                "genuine" => {
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
}

impl Outcome {
    fn is_well(&self) -> bool {
        self.unanswered * 1_000 <= self.genuine + self.unanswered
    }
}

/// So many guesses, from one address after another, and an honest person after each hundred.
async fn attack(guessing: Guessing, switches: bool, guesses: usize, guess: Guess) -> Outcome {
    let field = Field::with(guessing, switches).await;
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
    Outcome { genuine, unanswered }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_addresses_keep_nobody_from_checking() {
    assert!(attack(usual(), true, 15_000, every_size).await.is_well());
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
    assert!(!attack(usual(), false, 8_000, every_size).await.is_well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_at_the_size_of_a_force() {
    // More guesses at six words than there are places, and enough at five to bring six about.
    let guess: Guess = |n| if n % 20 == 0 { (SpokenSize::Five, Some("123456")) } else { (SpokenSize::Six, None) };
    assert!(attack(force(), true, 23_000, guess).await.is_well());
}

/// As many as could spend the budget for five words when it had no part for who has not guessed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_fifty_addresses_do_not_spend_the_budget_for_five_words() {
    let field = Field::with(usual(), true).await;
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
