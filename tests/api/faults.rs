//! The real store with a fault that the test sets.

use std::sync::Arc;

use async_trait::async_trait;
use countersign::{
    store::{AttemptHash, Guess, GuessPool, Marked, NumberTry, Presented, SqliteStore, Standing, StoreError, StoredKeySet, VerifierStore},
    token::{SpokenCode, Token},
};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::actors::LONG;

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub enum Fault {
    #[default]
    None,
    /// This operation fails before it does anything.
    Fails(&'static str),
    /// This operation never ends.
    Hangs(&'static str),
    /// This operation waits until there is no fault any more.
    Holds(&'static str),
    /// This operation, a reading, is answered when there is no fault any more, with what was so before.
    Late(&'static str),
    /// A use is marked, and then the answer is lost.
    CommitThenFail,
    /// A use is marked, and then nothing more is heard.
    CommitThenHang,
}

/// Sets the fault, and tells of uses that were marked in spite of it and of operations that it held.
#[derive(Default)]
pub struct Switch {
    fault: watch::Sender<Fault>,
    time: watch::Sender<Option<i64>>,
    held: watch::Sender<usize>,
    committed: Notify,
}

impl Switch {
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// From now on the store has a clock of its own, which stands at this time; or none.
    pub fn store_time(&self, time: Option<i64>) {
        self.time.send_replace(time);
    }

    /// Waits until so many operations have been held.
    pub async fn until_held(&self, count: usize) {
        let mut held = self.held.subscribe();
        timeout(LONG, held.wait_for(|held| *held >= count)).await.unwrap().unwrap();
    }

    /// How many operations have been held.
    pub fn held(&self) -> usize {
        *self.held.borrow()
    }

    /// Waits until a use was marked under [`Fault::CommitThenHang`].
    pub async fn committed(&self) {
        timeout(LONG, self.committed.notified()).await.unwrap();
    }

    async fn before(&self, operation: &'static str) -> Result<(), StoreError> {
        let fault = *self.fault.borrow();
        match fault {
            Fault::Fails(at) if at == operation => Err(StoreError::Failed("secret detail".into())),
            Fault::Hangs(at) if at == operation => std::future::pending().await,
            Fault::Holds(at) if at == operation => {
                self.hold().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn hold(&self) {
        self.held.send_modify(|held| *held += 1);
        let _ = self.fault.subscribe().wait_for(|fault| matches!(fault, Fault::None)).await;
    }

    async fn after_reading(&self, operation: &'static str) {
        if matches!(*self.fault.borrow(), Fault::Late(at) if at == operation) {
            self.hold().await;
        }
    }

    async fn after_commit(&self) -> Result<(), StoreError> {
        let fault = *self.fault.borrow();
        match fault {
            Fault::CommitThenFail => Err(StoreError::Failed("secret detail".into())),
            Fault::CommitThenHang => {
                self.committed.notify_one();
                std::future::pending().await
            }
            _ => Ok(()),
        }
    }
}

/// A store behind a switch.
pub struct Faulty {
    pub store: Arc<SqliteStore>,
    pub switch: Arc<Switch>,
}

#[async_trait]
impl VerifierStore for Faulty {
    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.switch.before("key_set").await?;
        let read = self.store.key_set().await;
        self.switch.after_reading("key_set").await;
        read
    }

    fn key_changes(&self) -> watch::Receiver<()> {
        self.store.key_changes()
    }

    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError> {
        self.switch.before("token_for_code").await?;
        self.store.token_for_code(code).await
    }

    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError> {
        self.switch.before("take_guess").await?;
        self.store.take_guess(pool, budget, now).await
    }

    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError> {
        self.switch.before("guesses_taken").await?;
        self.store.guesses_taken(pool, now).await
    }

    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
        self.switch.before("try_number").await?;
        self.store.try_number(token, attempt).await
    }

    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError> {
        self.switch.before("wrong_numbers").await?;
        self.store.wrong_numbers(token).await
    }

    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError> {
        self.switch.before("give_back").await?;
        self.store.give_back(guess, number).await
    }

    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError> {
        self.switch.before("first_attempt").await?;
        self.store.first_attempt(token).await
    }

    async fn deployment(&self) -> Result<[u8; 16], StoreError> {
        self.switch.before("deployment").await?;
        VerifierStore::deployment(&*self.store).await
    }

    async fn standing(&self, token: Presented) -> Result<Standing, StoreError> {
        self.switch.before("standing").await?;
        self.store.standing(token).await
    }

    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError> {
        self.switch.before("use_once").await?;
        let marked = self.store.use_once(token, attempt, now).await?;
        self.switch.after_commit().await?;
        Ok(marked)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.switch.before("ready").await?;
        self.store.ready().await
    }

    async fn heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError> {
        self.switch.before("heartbeat").await?;
        self.store.heartbeat(now).await?;
        Ok(*self.switch.time.borrow())
    }
}
