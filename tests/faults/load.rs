//! Officers issue and strangers check, several of them the same token, with retries, until they are stopped or nobody answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    client::{Heard, World},
    dice::Dice,
    running::PATIENCE,
};

/// Checkers fight over so many of the newest tokens.
const NEWEST: usize = 6;
/// Of a hundred checks, so many are retries of an attempt that was sent before.
const RETRIES: u64 = 30;

/// Who was answered that it cannot be done waits so long before they try again.
const IN_VAIN: Duration = Duration::from_millis(10);

/// Clients at work.
pub struct Load {
    tasks: JoinSet<()>,
    answers: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
}

impl Load {
    pub fn start(world: &World, dice: &Dice, issuers: usize, checkers: usize) -> Self {
        let (answers, stop) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
        let mut load = Self { tasks: JoinSet::new(), answers, stop };
        let mut dice = dice.clone();
        for client in 0..issuers + checkers {
            let (world, own, answers, stop) = (world.clone(), Dice::of(dice.next(), &[]), load.answers.clone(), load.stop.clone());
            if client < issuers {
                load.tasks.spawn(issue(world, answers, stop));
            } else {
                load.tasks.spawn(check(world, own, answers, stop));
            }
        }
        load
    }

    /// Until so many more answers have come.
    pub async fn answers(&self, n: u32) {
        let come = timeout(PATIENCE, self.answers.acquire_many(n)).await;
        come.expect("answers come").expect("it stays open").forget();
    }

    /// Until all have noticed that nobody answers, or, of a service that goes on, have had their last answer.
    pub async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

async fn issue(world: World, answers: Arc<Semaphore>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        match world.issue().await {
            Heard::Nothing => return,
            heard => answered(&answers, heard == Heard::Unavailable).await,
        }
    }
}

async fn check(world: World, mut dice: Dice, answers: Arc<Semaphore>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let known = world.journal.len();
        if known == 0 {
            sleep(Duration::from_millis(1)).await;
            continue;
        }
        let key = known - 1 - dice.below(NEWEST.min(known));
        let fresh = dice.attempt();
        let again = dice.chance(RETRIES).then(|| world.journal.earlier(key, dice.below(8))).flatten();
        match world.check(key, &again.unwrap_or(fresh)).await {
            Heard::Nothing => return,
            heard => answered(&answers, heard == Heard::Unavailable).await,
        }
    }
}

async fn answered(answers: &Semaphore, was_in_vain: bool) {
    answers.add_permits(1);
    if was_in_vain {
        sleep(IN_VAIN).await;
    }
}
