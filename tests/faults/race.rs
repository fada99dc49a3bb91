//! A hundred people with the same token at the same moment, over three verifier processes on one store: one of them is first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Outcome, Run,
    client::{Heard, World},
    database::{Cluster, MISSING},
    dice::Dice,
    journal::{Journal, Key},
    kills::audit,
    running::Service,
    station::{Serving, Station},
};

const VERIFIERS: usize = 3;
const RACERS: usize = 100;

pub fn story(run: &Run) -> Outcome {
    let station = Station::sqlite();
    run.block_on(race_all(run, &station, &station.store, run.pick(40, 1_000)))
}

/// The verifiers with the rights of their own role.
pub fn on_postgres(run: &Run) -> Outcome {
    run.block_on(async {
        let Some(cluster) = Cluster::start(&[]).await else { return Outcome::NotRun(MISSING.into()) };
        let station = Station::postgres(&cluster);
        race_all(run, &station, &cluster.url("countersign_verifier_1", "countersign"), run.pick(20, 1_000)).await
    })
}

async fn race_all(run: &Run, station: &Station, store: &str, tokens: usize) -> Outcome {
    let journal = Arc::new(Journal::default());
    let again = Arc::new(AtomicUsize::new(0));
    let issuer = Serving::of(vec![Service::spawn(station.command("issuer"))]);
    let verifiers = [(); VERIFIERS].map(|()| {
        let mut verifier = station.command("verifier");
        verifier.args(["--store", store]);
        Service::spawn(verifier)
    });
    let world = World::of(station, &issuer, &journal);
    let doors = verifiers.each_ref().map(|verifier| world.through(&verifier.public));
    let keys = world.issue_many(tokens).await;
    let mut dice = Dice::of(run.seed, &[7]);
    let races = keys.into_iter().map(|key| race(key, &doors, Dice::of(dice.next(), &[]), again.clone()));
    stream::iter(races).for_each_concurrent(2, |race| race).await;
    journal.assert_sound("racers");
    Serving::of(verifiers.into_iter().collect()).terminate();
    issuer.terminate();
    audit(station, &journal);
    let again = again.load(Ordering::Relaxed);
    let line = format!("{tokens} tokens, {RACERS} racers each over {VERIFIERS} processes: one first each");
    Outcome::Done(vec![format!("{line}; {again} of {} answers were `cannot_check` at first", tokens * RACERS)])
}

/// Each racer asks, again if need be, until there is an answer.
async fn race(key: Key, doors: &[World; VERIFIERS], mut dice: Dice, again: Arc<AtomicUsize>) {
    let mut racing = JoinSet::new();
    for racer in 0..RACERS {
        let (door, attempt, again) = (doors[racer % VERIFIERS].clone(), dice.attempt(), again.clone());
        racing.spawn(async move {
            loop {
                if let Heard::Said(verdict) = door.check(key, &attempt).await {
                    return verdict;
                }
                again.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
    let verdicts = racing.join_all().await;
    let firsts = verdicts.iter().filter(|verdict| *verdict == "genuine").count();
    let others = verdicts.iter().filter(|verdict| *verdict == "already_checked").count();
    assert_eq!((firsts, others), (1, RACERS - 1), "racers for one token");
}
