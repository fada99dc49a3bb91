//! A verifier's store that is measured. It changes nothing of what the store does.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};

use super::Metrics;
use crate::{
    store::{AttemptHash, Guess, GuessPool, Marked, NumberTry, Presented, Standing, StoreError, StoredKeySet, VerifierStore},
    token::{SpokenCode, Token},
};

/// Counts what is asked of a store, what came of it and how long it took.
pub struct Measured {
    store: Arc<dyn VerifierStore>,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// Around `store`.
    pub fn new(store: Arc<dyn VerifierStore>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    async fn measure<T>(&self, operation: &'static str, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let mut asked = Asked { metrics: &self.metrics, operation, outcome: "given_up", since: Instant::now() };
        let result = work.await;
        asked.outcome = match &result {
            Ok(_) => "done",
            Err(StoreError::Busy) => "busy",
            Err(StoreError::Failed(_) | StoreError::Unusable(_) | StoreError::Repeated | StoreError::Unsigned) => "failed",
        };
        result
    }

    fn stands(&self, standing: Standing) {
        if standing == Standing::NoRecord {
            self.metrics.without_record();
        }
    }
}

/// Counted when it is over. A store that hangs is given up by those who wait, and that must show most of all.
struct Asked<'a> {
    metrics: &'a Metrics,
    operation: &'static str,
    outcome: &'static str,
    since: Instant,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.metrics.operated(self.operation, self.outcome, self.since.elapsed());
    }
}

#[async_trait]
impl VerifierStore for Measured {
    async fn key_set(&self) -> Result<Option<StoredKeySet>, StoreError> {
        self.measure("key_set", self.store.key_set()).await
    }

    fn key_changes(&self) -> watch::Receiver<()> {
        self.store.key_changes()
    }

    async fn token_for_code(&self, code: SpokenCode) -> Result<Option<Token>, StoreError> {
        self.measure("token_for_code", self.store.token_for_code(code)).await
    }

    async fn take_guess(&self, pool: GuessPool, budget: u32, now: i64) -> Result<Option<Guess>, StoreError> {
        let guess = self.measure("take_guess", self.store.take_guess(pool, budget, now)).await?;
        if guess.is_none() {
            self.metrics.guess_refused(pool);
        }
        Ok(guess)
    }

    async fn guesses_taken(&self, pool: GuessPool, now: i64) -> Result<u32, StoreError> {
        self.measure("guesses_taken", self.store.guesses_taken(pool, now)).await
    }

    async fn give_back(&self, guess: Guess, number: Option<NumberTry>) -> Result<(), StoreError> {
        self.measure("give_back", self.store.give_back(guess, number)).await
    }

    async fn try_number(&self, token: Presented, attempt: Option<AttemptHash>) -> Result<Option<NumberTry>, StoreError> {
        self.measure("try_number", self.store.try_number(token, attempt)).await
    }

    async fn wrong_numbers(&self, token: Presented) -> Result<u32, StoreError> {
        self.measure("wrong_numbers", self.store.wrong_numbers(token)).await
    }

    async fn first_attempt(&self, token: Presented) -> Result<Option<AttemptHash>, StoreError> {
        self.measure("first_attempt", self.store.first_attempt(token)).await
    }

    async fn deployment(&self) -> Result<[u8; 16], StoreError> {
        self.measure("deployment", self.store.deployment()).await
    }

    async fn standing(&self, token: Presented) -> Result<Standing, StoreError> {
        let standing = self.measure("standing", self.store.standing(token)).await?;
        self.stands(standing);
        Ok(standing)
    }

    async fn use_once(&self, token: Presented, attempt: Option<AttemptHash>, now: i64) -> Result<Marked, StoreError> {
        let marked = self.measure("use_once", self.store.use_once(token, attempt, now)).await?;
        if let Marked::Not(standing) = marked {
            self.stands(standing);
        }
        Ok(marked)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.measure("ready", self.store.ready()).await
    }

    async fn heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError> {
        self.measure("heartbeat", self.store.heartbeat(now)).await
    }
}
