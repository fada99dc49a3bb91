//! A change of keys in every second of ten minutes, while people issue and check without a pause.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign::{
    authority::AuthorisationId,
    clock::{Clock as _, ManualClock},
    issuer::{POLICY, inspect},
    keyring::rotation::{Policy, Stage},
    token::LEEWAY,
};
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
};

use super::UNHURRIED;
use crate::{
    actors::{Asker, Issued, Person},
    app::{Setup, TestApp, wide},
    world::{self, NOW},
};

const SECONDS: i64 = 600;
/// How long a token lives here. Seconds.
const LIFETIME: i64 = 30;
const EVERY_SECOND: Policy = Policy { active: 1, published: 1, retired: LIFETIME + LEEWAY, grace: 1, ..POLICY };
/// By which sets are made: keys for two minutes, of which a fifth is still there when the next one comes.
const MANY_KEYS: Policy = Policy { active: 25_000, ..POLICY };
const CEREMONY_EVERY: i64 = 100;
const PEOPLE: usize = 2;
/// Fewer than an authorisation allows.
const TOKENS: usize = 900;

/// An officer and the people they approach.
struct Pair {
    clock: Arc<ManualClock>,
    is_over: Arc<AtomicBool>,
    officer: Person,
    authorisations: Vec<AuthorisationId>,
    anyone: Asker,
    /// Called with every answer.
    answered: UnboundedSender<()>,
}

impl Pair {
    /// Checks each token right away, but keeps every third until its last seconds. How many were genuine.
    async fn work(self) -> usize {
        let (mut kept, mut checked) = (VecDeque::new(), 0);
        for n in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            let body = json!({"channel": "in-person", "authorisation": self.authorisations[n / TOKENS], "lifetime": LIFETIME});
            let issued = self.officer.issue(body).await;
            if n % 3 == 0 {
                kept.push_back(issued);
            } else {
                checked += self.is_genuine(&issued).await;
            }
            while let Some(issued) = kept.pop_front_if(|issued| issued.expires_at + LEEWAY / 2 <= self.clock.now()) {
                checked += self.is_genuine(&issued).await;
            }
            // Nobody listens any more once it is over.
            let _ = self.answered.send(());
        }
        checked
    }

    async fn is_genuine(&self, issued: &Issued) -> usize {
        assert_eq!(self.anyone.another().token(&issued.token).await.verdict(), "genuine", "until {}", issued.expires_at);
        1
    }
}

struct Load {
    is_over: Arc<AtomicBool>,
    answers: Vec<UnboundedReceiver<()>>,
    people: JoinSet<usize>,
}

impl Load {
    async fn begin(app: &TestApp) -> Self {
        let mut load = Self { is_over: Arc::default(), answers: Vec::new(), people: JoinSet::new() };
        for _ in 0..PEOPLE {
            let mut authorisations = Vec::new();
            for _ in 0..5 {
                authorisations.push(app.approved(&app.officer.officer, wide()).await);
            }
            let (answered, answers) = unbounded_channel();
            let (clock, is_over, officer) = (app.clock.clone(), load.is_over.clone(), app.officer.clone());
            load.people.spawn(Pair { clock, is_over, officer, authorisations, anyone: app.anyone(), answered }.work());
            load.answers.push(answers);
        }
        load
    }

    /// Waits until everybody had an answer after this moment; `false` if somebody gave up.
    async fn goes_on(&mut self) -> bool {
        for answers in &mut self.answers {
            while answers.try_recv().is_ok() {}
            if answers.recv().await.is_none() {
                return false;
            }
        }
        true
    }

    /// How many tokens were genuine. Anybody who was refused anything fails here.
    async fn end(self) -> usize {
        self.is_over.store(true, Ordering::SeqCst);
        self.people.join_all().await.into_iter().sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_every_second_of_ten_minutes_refuses_nobody() {
    let app = Setup { rotation: EVERY_SECOND, limits: UNHURRIED, ..Setup::default() }.start().await;
    let maker = app.process(app.vault.clone(), MANY_KEYS);
    app.ceremony(&maker).await;
    app.keys.refresh(&*app.store, NOW).await.unwrap();
    let (mut load, command) = (Load::begin(&app).await, app.process(app.vault.clone(), EVERY_SECOND));
    let mut changes = 0;
    for now in NOW + 1..=NOW + SECONDS {
        app.clock.set(now);
        // By the service itself, and by a command beside it.
        let rotated = if now % 2 == 0 { app.custodian.rotate(app.time()).await } else { command.rotate(app.time()).await };
        changes += i64::from(rotated.unwrap().activated.is_some());
        if (now - NOW) % CEREMONY_EVERY == 0 {
            app.ceremony(&maker).await;
        }
        if now % 10 == 0 {
            app.keys.refresh(&*app.store, now).await.unwrap();
        }
        if !load.goes_on().await {
            break;
        }
    }
    let checked = load.end().await;
    assert_eq!(changes, SECONDS);
    assert!(checked > 1_000, "{checked}");
    app.spent_keys_are_destroyed_after(EVERY_SECOND.grace).await;
    let removed = app.records().await.iter().filter(|record| record.stage == Stage::Removed).count();
    assert_eq!(removed, usize::try_from(SECONDS - EVERY_SECOND.retired).unwrap());
    app.issuer_side.notary.sign().await.unwrap();
    assert_eq!(inspect(&*app.store, world::ledger().0, vec![]).await.unwrap().faults, []);
}
