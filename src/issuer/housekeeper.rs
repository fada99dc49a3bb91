//! What the issuer does without being asked, again and again, and once more before it ends.

use std::{
    collections::HashSet,
    fmt::Display,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::timeout;

use super::{Checked, Custodian, CustodyError, Notary, NotaryError, Rotated, Timekeeper};
use crate::{
    clock::ClockWatch,
    health::{Health, Part},
    store::{IssuerStore, SpokenRules},
};

/// A round that takes longer writes again in between.
const BEAT: Duration = Duration::from_secs(30);

/// Everything up to a time in the future counts as purged.
#[derive(Debug, thiserror::Error)]
#[error(
    "tokens that end within the next {0} s count as purged and are expired, because a clock that was ahead purged the records; run `countersign store clock-corrected` once it is right"
)]
struct PurgedAhead(i64);

/// Reports first checks to the ledger, notes whether somebody guesses at five words, drops old rows, rotates the keys, and has the ledger signed.
pub struct Housekeeper {
    store: Arc<dyn IssuerStore>,
    watch: Arc<ClockWatch>,
    time: Timekeeper,
    health: Arc<Health>,
    custodian: Arc<Custodian>,
    notary: Arc<Notary>,
    spoken: SpokenRules,
    warned: Mutex<HashSet<String>>,
}

impl Housekeeper {
    /// Works on a store, with the keeper of its keys, the signer of its ledger and the rules for its spoken codes.
    pub fn new(
        store: Arc<dyn IssuerStore>,
        watch: Arc<ClockWatch>,
        health: Arc<Health>,
        custodian: Arc<Custodian>,
        notary: Arc<Notary>,
        spoken: SpokenRules,
    ) -> Self {
        let time = Timekeeper::new(store.clone(), watch.clone(), health.clone());
        Self { store, watch, time, health, custodian, notary, spoken, warned: Mutex::default() }
    }

    /// Before the first round: a key signs tokens, if one can, and the ledger is signed, since nothing is issued before. While the
    /// clock is wrong nothing is issued either, so the keys wait.
    pub async fn begin(&self) -> Result<(), CustodyError> {
        if let Some(time) = self.time.check().await {
            match self.custodian.rotate(time).await {
                // Checks go on without a key that signs; officers learn of it, and the next round tries again.
                Err(error @ CustodyError::Ring(_)) => self.health.failed(Part::SigningKeys, &error),
                rotated => {
                    self.rotated(rotated?);
                }
            }
        }
        self.sign().await;
        Ok(())
    }

    /// Does everything once. What fails goes to the log, keeps nothing else from being done, and is tried again the next time.
    /// Returns whether nothing failed. While the clock is wrong nothing is purged, and no key changes over or is destroyed.
    pub async fn round(&self) -> bool {
        // Much to purge is no reason to take the process for one that does nothing any more.
        with_beats(BEAT, self.everything(), || self.time.check()).await
    }

    async fn everything(&self) -> bool {
        let time = self.time.check().await;
        let reported = self.store.report_first_checks(self.watch.expected()).await;
        self.outcome(Part::FirstChecks, &reported);
        // Many guesses in few minutes would be forgotten before anything is issued.
        let noted = self.store.note_guesses(self.spoken, self.watch.expected()).await;
        self.outcome(Part::SpokenWords, &noted);
        let purged = self.purge(time).await;
        let rotated = self.rotate(time).await;
        // Last, so that all of this is under the checkpoint.
        let signed = self.sign().await;
        time.is_some() && reported.is_ok() && noted.is_ok() && purged && rotated && signed
    }

    async fn sign(&self) -> bool {
        let signed = self.notary.sign().await;
        match &signed {
            Ok(_) => self.health.ok(Part::Ledger),
            Err(NotaryError::Store(error)) => self.health.failed(Part::Ledger, error),
            Err(error) => self.health.alarm(Part::Ledger, error),
        }
        signed.is_ok()
    }

    async fn purge(&self, time: Option<Checked>) -> bool {
        let purged = match time {
            Some(Checked::Settled(now)) => self.store.purge(now).await,
            _ => Ok(()),
        };
        if purged.is_err() {
            self.outcome(Part::Purge, &purged);
            return false;
        }
        let now = self.watch.expected();
        match self.store.time().await {
            Ok(store) if store.purged_through > now => self.health.alarm(Part::Purge, &PurgedAhead(store.purged_through - now)),
            read => self.outcome(Part::Purge, &read),
        }
        true
    }

    async fn rotate(&self, time: Option<Checked>) -> bool {
        let Some(time) = time else { return true };
        match self.custodian.rotate(time).await {
            Ok(rotated) => self.rotated(rotated),
            Err(error) => {
                self.health.failed(Part::SigningKeys, &error);
                false
            }
        }
    }

    /// Whether nothing is left to do. A key that cannot be destroyed is reported and keeps nobody from signing with another.
    fn rotated(&self, Rotated { left, warnings, .. }: Rotated) -> bool {
        self.warn(warnings.iter().map(ToString::to_string).collect());
        match (self.custodian.can_sign(), &left) {
            (Err(error), _) => self.health.failed(Part::SigningKeys, &error),
            (Ok(()), Some(error)) => self.health.failed(Part::SigningKeys, error),
            (Ok(()), None) => self.health.ok(Part::SigningKeys),
        }
        left.is_none()
    }

    fn outcome<T, E: Display>(&self, part: Part, outcome: &Result<T, E>) {
        match outcome {
            Ok(_) => self.health.ok(part),
            Err(error) => self.health.failed(part, error),
        }
    }

    /// A warning is logged when it comes up and when its sentence changes, not every time.
    fn warn(&self, warnings: HashSet<String>) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.difference(&warned) {
            tracing::warn!(kind = "signing_keys", "{warning}");
        }
        *warned = warnings;
    }
}

/// Does `beat` whenever the work has taken so long again.
async fn with_beats<T, B>(every: Duration, work: impl Future<Output = T>, beat: impl Fn() -> B) -> T
where
    B: Future,
{
    let mut work = pin!(work);
    loop {
        match timeout(every, &mut work).await {
            Ok(done) => return done,
            Err(_) => drop(beat().await),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn what_takes_long_beats_and_what_is_done_does_not() {
        let beats = watch::Sender::new(0);
        let every = Duration::from_millis(1);
        let long = async || beats.subscribe().wait_for(|beats| *beats == 3).await.map(|beats| *beats);
        let done = with_beats(every, long(), || async { beats.send_modify(|beats| *beats += 1) }).await;
        assert_eq!((done.unwrap(), *beats.borrow()), (3, 3));
        assert_eq!(with_beats(every, async { 7 }, || async { panic!("it is done") }).await, 7);
    }
}
