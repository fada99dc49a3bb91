//! kill -9 at any moment under load, again and again. Whatever was acknowledged is still there, and no token has two firsts.
//!
//! The harness first has to find a server that answers before the commit; otherwise it proves nothing.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    Outcome, Run,
    client::{Heard, World},
    database::{Cluster, MISSING},
    dice::Dice,
    journal::{Finding, Journal, Key, now},
    load::Load,
    planted,
    scene::answers_again,
    station::{Serving, Station},
};

/// Kills that a planted fault may survive.
const BOUND: usize = 60;
/// Tokens this close to their end are not checked any more.
const MARGIN: i64 = 120;
/// Tokens of all earlier rounds that are looked at after each restart, besides those of the last two.
const OLDER: usize = 12;

/// What is killed under load and comes back; another store may take its database down too.
pub trait Victim {
    /// Starts everything again, after whatever the story does to the disk; or says why it does not start.
    async fn start(&mut self) -> Result<Serving, String>;

    /// Ends everything without a warning.
    async fn crash(&mut self, serving: Serving) {
        serving.kill();
    }

    /// Waits for what was not ended to find what was started again.
    async fn goes_on(&self, _world: &World) {}
}

/// The real binary, both roles in one process.
struct Binary<'a>(&'a Station);

impl Victim for Binary<'_> {
    async fn start(&mut self) -> Result<Serving, String> {
        Ok(self.0.start())
    }
}

/// The planted server beside the real issuer.
struct Planted<'a>(&'a Station);

impl Victim for Planted<'_> {
    async fn start(&mut self) -> Result<Serving, String> {
        Ok(planted::start(self.0))
    }
}

/// The real binary on a server of its own. Every fourth time it is the server that is killed; of these, every other time both.
struct OnPostgres<'a> {
    station: &'a Station,
    cluster: Cluster,
    crashes: usize,
    /// The service, when it outlived its database.
    stays: Option<Serving>,
}

impl OnPostgres<'_> {
    fn is_the_databases_turn(&self) -> bool {
        self.crashes > 0 && self.crashes.is_multiple_of(4)
    }
}

impl Victim for OnPostgres<'_> {
    async fn start(&mut self) -> Result<Serving, String> {
        if self.is_the_databases_turn() {
            self.cluster.start_again().await;
        }
        Ok(self.stays.take().unwrap_or_else(|| self.station.start()))
    }

    async fn crash(&mut self, serving: Serving) {
        self.crashes += 1;
        if self.is_the_databases_turn() {
            self.cluster.signal("KILL");
        }
        if self.crashes % 8 == 4 {
            self.stays = Some(serving);
        } else {
            serving.kill();
        }
    }

    async fn goes_on(&self, world: &World) {
        answers_again(world).await;
    }
}

/// A deployment that is killed and started again, and what was ever said by it.
pub struct Survivor<V> {
    seed: u64,
    pub victim: V,
    world: World,
    pub journal: Arc<Journal>,
    /// How many tokens there were when each round began.
    begun: Vec<Key>,
}

impl<V: Victim> Survivor<V> {
    pub fn of(run: &Run, station: &Station, victim: V) -> Self {
        let journal = Arc::new(Journal::default());
        let nobody = Serving::of(vec![]);
        Self { seed: run.seed, victim, world: World::of(station, &nobody, &journal), journal, begun: vec![] }
    }

    /// Starts, looks whether all that was acknowledged is there, works, and is killed. `Err` is what should never be.
    pub async fn round(&mut self) -> Result<(), Finding> {
        let mut dice = Dice::of(self.seed, &[self.begun.len() as u64]);
        let serving = self.victim.start().await.map_err(Finding::Unusable)?;
        self.world = self.world.again(&serving);
        self.victim.goes_on(&self.world).await;
        self.probe(&mut dice).await;
        self.begun.push(self.journal.len());
        self.journal.verdict()?;
        let load = Load::start(&self.world, &dice, 2, 5);
        load.answers(1 + u32::try_from(dice.below(60)).unwrap()).await;
        sleep(Duration::from_micros(dice.next() % 3_000)).await;
        self.victim.crash(serving).await;
        load.end().await;
        self.journal.verdict()
    }

    /// What the last rounds left behind, and some of what was before them.
    async fn probe(&mut self, dice: &mut Dice) {
        let recent = self.begun.iter().rev().nth(1).copied().unwrap_or(0);
        let older = (0..OLDER.min(recent)).map(|_| dice.below(recent));
        let keys: Vec<Key> = older.chain(recent..self.journal.len()).collect();
        probe(&self.world, &keys, dice).await;
    }

    /// Everything once more; then the ledger: sound, and with every acknowledged issue and first use.
    pub async fn settle(&mut self, station: &Station) {
        let serving = self.victim.start().await.unwrap();
        self.world = self.world.again(&serving);
        self.victim.goes_on(&self.world).await;
        let keys: Vec<Key> = (0..self.journal.len()).collect();
        probe(&self.world, &keys, &mut Dice::of(self.seed, &[])).await;
        self.journal.assert_sound("at the end");
        // The last round of the housekeeper reports the first checks and signs the ledger.
        serving.terminate();
        audit(station, &self.journal);
    }
}

/// After a restart or a fault each of these must stand as it was acknowledged, and answers come at once.
pub async fn probe(world: &World, keys: &[Key], dice: &mut Dice) {
    let looked = keys.iter().map(|key| (*key, dice.attempt()));
    stream::iter(looked).for_each_concurrent(8, |(key, attempt)| probe_one(world, key, attempt)).await;
}

async fn probe_one(world: &World, key: Key, attempt: String) {
    let journal = &world.journal;
    let checkable = journal.entries()[key].expires_at > now() + MARGIN;
    let unanswered = || journal.found(Finding::Unusable("a probe was not answered".into()));
    match journal.first(key).filter(|_| checkable) {
        Some(first) => {
            // The other attempt first, which would take a mark that was lost. The journal judges what is said.
            for attempt in [attempt, first] {
                if !matches!(world.check(key, &attempt).await, Heard::Said(_)) {
                    unanswered();
                }
            }
        }
        None => match world.state(key).await {
            Heard::Said(Some(state)) if state != "checked" && journal.first(key).is_some() => {
                journal.found(Finding::LostMark { id: journal.id(key) });
            }
            Heard::Said(Some(_)) => {}
            Heard::Said(None) => journal.found(Finding::LostIssue { id: journal.id(key) }),
            Heard::Unavailable | Heard::Nothing => unanswered(),
        },
    }
}

/// The service has ended: its ledger verifies, and has an entry for every acknowledged act.
pub fn audit(station: &Station, journal: &Journal) {
    station.folder.ok(&["ledger", "verify"]);
    let ledger = station.folder.ok(&["ledger", "export"]);
    let about = |event: &str| -> std::collections::HashSet<String> {
        let lines = ledger.lines().filter(|line| line.contains(event));
        // Ids are the only words of sixteen hexadecimal digits.
        lines.flat_map(|line| line.split('"').filter(|word| word.len() == 16).map(str::to_owned)).collect()
    };
    let (issued, checked) = (about("token_issued"), about("first_check_reported"));
    for entry in journal.entries().iter() {
        assert!(issued.contains(&entry.id), "the issue of {} has no entry", entry.id);
        assert!(entry.first.is_none() || checked.contains(&entry.id), "the first check of {} has no entry", entry.id);
    }
}

pub fn honest(run: &Run) -> Outcome {
    let station = Station::sqlite();
    run.block_on(survive(run, &station, Binary(&station), run.pick(25, 1_000)))
}

pub fn planted(run: &Run) -> Outcome {
    run.block_on(find(run, &Station::sqlite()))
}

pub fn on_postgres(run: &Run) -> Outcome {
    run.block_on(async {
        // In the full form on a disk.
        let started = if run.full { Cluster::start_in(TempDir::new().unwrap(), &[]).await } else { Cluster::start(&[]).await };
        let Some(cluster) = started else { return Outcome::NotRun(MISSING.into()) };
        let station = Station::postgres(&cluster);
        survive(run, &station, OnPostgres { station: &station, cluster, crashes: 0, stays: None }, run.pick(8, 200)).await
    })
}

pub fn planted_on_postgres(run: &Run) -> Outcome {
    run.block_on(async {
        let Some(cluster) = Cluster::start(&[]).await else { return Outcome::NotRun(MISSING.into()) };
        find(run, &Station::postgres(&cluster)).await
    })
}

async fn survive(run: &Run, station: &Station, victim: impl Victim, kills: usize) -> Outcome {
    let mut survivor = Survivor::of(run, station, victim);
    for kill in 0..kills {
        if let Err(finding) = survivor.round().await {
            panic!("after {kill} kills: {finding}");
        }
    }
    let (issues, firsts) = (survivor.journal.len(), survivor.journal.firsts());
    survivor.settle(station).await;
    Outcome::Done(vec![format!("{kills} kills, {issues} acknowledged issues, {firsts} acknowledged first uses, none lost, none doubled")])
}

async fn find(run: &Run, station: &Station) -> Outcome {
    let (kills, finding) = until_found(&mut Survivor::of(run, station, Planted(station))).await;
    assert!(matches!(finding, Finding::TwoFirsts { .. } | Finding::LostMark { .. }), "another thing was found: {finding}");
    Outcome::Done(vec![format!("found after {kills} kills: {finding}")])
}

/// Kills a server that does wrong until that is noticed; the round that notices it begins after so many kills.
pub async fn until_found(survivor: &mut Survivor<impl Victim>) -> (usize, Finding) {
    for kills in 0..BOUND {
        if let Err(finding) = survivor.round().await {
            return (kills, finding);
        }
    }
    panic!("{BOUND} kills, and the planted fault was not found: this proves nothing");
}
