//! What Prometheus reads: the counts of this process, and how keys, ledger and guess budget stand at that moment. What cannot
//! be read in time is left out, because an old value or a 0 would be believed.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};
use tokio::time::timeout;

use super::{Metrics, metrics::PREFIX};
use crate::{
    clock::ClockWatch,
    health::{Health, Part},
    issuer::{Custodian, wrote_lately},
    keyring::{
        KeySet,
        rotation::{KeyRecord, Stage},
    },
    store::{GuessPool, IssuerStore, LedgerStore, VerifierSessions, VerifierStore},
    verifier::{Budgets, KeyWatch, Readiness},
};

pub use prometheus_text::CONTENT_TYPE;

/// For everything that is read at one scrape, all of it at once.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// After this the ledger should know of a use: housekeeping comes round twice a minute. Seconds.
const MARKS_WAIT: i64 = 2 * 60;

/// Where the side that checks can be looked at.
#[derive(Clone)]
pub struct Checking {
    /// Its store.
    pub store: Arc<dyn VerifierStore>,
    /// The key set that it believes.
    pub keys: Arc<KeyWatch>,
    /// Whether it can answer.
    pub readiness: Arc<Readiness>,
    /// Its budgets of wrong guesses.
    pub budgets: Budgets,
}

/// Where the side that issues can be looked at.
#[derive(Clone)]
pub struct Issuing {
    /// Its store.
    pub store: Arc<dyn IssuerStore>,
    /// Its ledger.
    pub ledger: Arc<dyn LedgerStore>,
    /// The keeper of its keys.
    pub custodian: Arc<Custodian>,
    /// What of it fails now.
    pub health: Arc<Health>,
}

/// What a scrape of one process shows: the sides that run in it.
pub struct Scrape {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The clock, watched.
    pub watch: Arc<ClockWatch>,
    /// The side that checks.
    pub checking: Option<Checking>,
    /// The side that issues.
    pub issuing: Option<Issuing>,
}

impl Scrape {
    /// In Prometheus' text form. Never takes longer than two seconds, whatever the store does.
    pub async fn text(&self) -> String {
        let now = self.watch.expected();
        let checking = async { Some(self.checking.as_ref()?.look(now).await) };
        let issuing = async { Some(self.issuing.as_ref()?.look(now, self).await) };
        let (checking, issuing) = tokio::join!(checking, issuing);
        let moments: Vec<Moment> = [checking, issuing].into_iter().flatten().collect();
        let process = self.process(moments.iter().all(|moment| moment.all_read));
        let mut text = String::new();
        for registry in [self.metrics.registry()].into_iter().chain(moments.iter().chain([&process]).map(|moment| &moment.registry)) {
            // Writing into a string cannot fail.
            let _ = prometheus_text::encode(&mut text, registry);
        }
        text
    }

    /// Figures of the process, which are not those of one side.
    fn process(&self, all_read: bool) -> Moment {
        let sides: Vec<(&str, &Health)> = [
            self.checking.as_ref().map(|checking| ("verifier", checking.readiness.health())),
            self.issuing.as_ref().map(|issuing| ("issuer", &*issuing.health)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let writes = self.checking.as_ref().is_none_or(|checking| checking.readiness.wrote_lately())
            && self.issuing.as_ref().is_none_or(|issuing| wrote_lately(&issuing.health, &self.watch));
        let mut process = Moment::new(all_read && writes);
        let up = "Whether the store answered all that was read for this, and takes what is written";
        process.gauge("store_up", up, process.all_read.into());
        process.health(&sides);
        if let Some(offset) = self.watch.offset() {
            process.gauge("clock_offset_seconds", "How far this machine's clock is ahead of the database's", offset);
        }
        process
    }
}

impl Checking {
    async fn look(&self, now: i64) -> Moment {
        // Both are asked for, so that a store that reads and does not write shows.
        let taken = join_all(GuessPool::ALL.map(|pool| in_time(self.store.guesses_taken(pool, now))));
        let (ready, taken) = tokio::join!(in_time(self.store.ready()), taken);
        let taken: Option<Vec<u32>> = taken.into_iter().collect();
        let mut moment = Moment::new(ready.is_some() && taken.is_some());
        let budgets = GuessPool::ALL.map(|pool| self.budgets.of(pool));
        moment.pools("guesses_budget", "Wrong guesses that are answered in twelve minutes, by what is guessed at", budgets);
        if let Some(ago) = self.readiness.written_ago() {
            let at = now.saturating_sub(i64::try_from(ago.as_secs()).unwrap_or(i64::MAX));
            moment.gauge("store_written_timestamp_seconds", "When the store last took a write made to try it, since 1970", at);
        }
        if let Some(taken) = taken {
            moment.pools("guesses_taken", "Places of the budget that are taken in these twelve minutes", taken);
        }
        if let Some(seen) = self.keys.seen() {
            moment.keys(seen.keys.set(), &seen.stored.keys);
            let read = "When the key set was last read from the store and found to be trusted, since 1970";
            moment.gauge("key_set_read_timestamp_seconds", read, seen.at);
        }
        moment
    }
}

impl Issuing {
    async fn look(&self, now: i64, scrape: &Scrape) -> Moment {
        let overdue = self.store.overdue_marks(now - MARKS_WAIT);
        let (head, overdue, time, keys) =
            tokio::join!(in_time(self.ledger.head()), in_time(overdue), in_time(self.store.time()), in_time(self.custodian.published()));
        let mut moment = Moment::new(head.is_some() && overdue.is_some() && time.is_some() && keys.is_some());
        if let Some(time) = time {
            let through = "A token that ended then or before is purged and counts as expired, since 1970; 0 before the first";
            moment.gauge("purged_through_timestamp_seconds", through, time.purged_through);
        }
        if let Some(head) = head {
            moment.gauge("ledger_entries", "Entries of the ledger", i64::try_from(head.size).unwrap_or(i64::MAX));
            let signed = head.checkpoint.map_or(0, |checkpoint| checkpoint.size);
            moment.gauge("ledger_signed_entries", "Entries of the ledger under its newest checkpoint", signed);
        }
        if let Some(overdue) = overdue {
            moment.gauge("marks_overdue", "Uses of two minutes ago or before that are not in the ledger", overdue.into());
        }
        // A verifier in the same process tells of the keys from memory.
        if let (None, Some(Some((stored, set)))) = (&scrape.checking, keys) {
            moment.keys(&set, &stored.keys);
        }
        if let Some(bytes) = self.store.log_bytes() {
            let log = "Size of the store's write-ahead log, which grows for as long as somebody reads the file";
            moment.gauge("store_wal_bytes", log, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        if let Some(sessions) = self.store.verifier_sessions() {
            moment.sessions(sessions);
        }
        let housekept = "When housekeeping last went through whole, since 1970; 0 before it did";
        moment.gauge("housekeeping_timestamp_seconds", housekept, scrape.metrics.last_housekept());
        moment
    }
}

async fn in_time<T, E>(read: impl Future<Output = Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, read).await.ok()?.ok()
}

/// What is found at one scrape.
struct Moment {
    registry: Registry,
    all_read: bool,
}

impl Moment {
    fn new(all_read: bool) -> Self {
        Self { registry: Registry::with_prefix(PREFIX), all_read }
    }

    fn gauge(&mut self, name: &str, help: &str, value: i64) {
        self.registry.register(name, help, ConstGauge::new(value));
    }

    /// One figure for each budget of wrong guesses.
    fn pools(&mut self, name: &str, help: &str, figures: impl IntoIterator<Item = u32>) {
        let family = Family::<[(&str, &str); 1], Gauge>::default();
        for (pool, figure) in GuessPool::ALL.into_iter().zip(figures) {
            family.get_or_create(&[("pool", pool.as_str())]).set(figure.into());
        }
        self.registry.register(name, help, family);
    }

    /// What verifiers do to a store that they share.
    fn sessions(&mut self, seen: VerifierSessions) {
        let oldest = "For how long the oldest transaction of a verifier was open at the last look";
        self.gauge("verifier_oldest_transaction_seconds", oldest, i64::try_from(seen.oldest_transaction.as_secs()).unwrap_or(i64::MAX));
        let ended = "Sessions of verifiers that were ended because they held others up";
        self.registry.register("verifier_sessions_ended", ended, ConstCounter::new(seen.ended));
        let prepared = "Whether the database is guarded against a verifier that was taken over";
        self.gauge("store_prepared", prepared, seen.is_prepared.into());
    }

    /// What fails on each side.
    fn health(&mut self, sides: &[(&'static str, &Health)]) {
        let failing = Family::<[(&str, &str); 2], Gauge>::default();
        for (side, health) in sides {
            let parts = health.failing_parts();
            for part in Part::ALL {
                failing.get_or_create(&[("side", *side), ("part", part.as_str())]).set(parts.contains_key(&part).into());
            }
        }
        self.registry.register("failing", "Whether this part of a side fails now", failing);
    }

    /// How keys stand by the record, in a set that the root signed.
    fn keys(&mut self, set: &KeySet, records: &[KeyRecord]) {
        self.gauge("key_set_expires_timestamp_seconds", "When the key set runs out, since 1970", set.expires_at());
        let keys = Family::<[(&str, &str); 1], Gauge>::default();
        for stage in [Stage::Pending, Stage::Active, Stage::Retired] {
            let count = records.iter().filter(|record| record.stage == stage).count();
            keys.get_or_create(&[("stage", stage.as_str())]).set(count.try_into().unwrap_or(i64::MAX));
        }
        self.registry.register("signing_keys", "Signing keys by where they stand", keys);
        let Some(active) = records.iter().find(|record| record.stage == Stage::Active) else { return };
        self.gauge("active_key_since_timestamp_seconds", "Since when the active key signs, since 1970", active.since);
        if let Some(published) = set.keys().iter().find(|published| published.key.id() == active.id) {
            let ends = "Beyond this no token of the active key may live, since 1970";
            self.gauge("active_key_expires_timestamp_seconds", ends, published.expires_at);
        }
    }
}
