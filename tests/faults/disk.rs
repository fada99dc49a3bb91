//! Each write, truncation and sync of a scripted day fails once, alone and with all that follow: the answer is right or says
//! that it cannot be given. Once the fault is over the same process goes on, and nothing that was acknowledged is lost.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    Outcome, Run,
    client::{Heard, World},
    dice::Dice,
    journal::{Journal, Key},
    kills::{audit, probe},
    machine::{Errno, Machine},
    running::{PATIENCE, Service},
    station::{Serving, Station},
};

const ERRORS: [Errno; 2] = [Errno::Broken, Errno::Full];

/// A service on a machine whose disk can be made to fail.
struct Sick<'a> {
    machine: &'a Machine,
    world: World,
    dice: Dice,
    /// Answers that could not be given.
    unavailable: usize,
}

impl Sick<'_> {
    /// Two tokens are checked, retried and checked by somebody else; the second is issued on the way.
    async fn day(&mut self, known: Key) -> Vec<Key> {
        let mut keys = vec![known];
        self.checks(known).await;
        match self.world.issue().await {
            Heard::Said(key) => {
                keys.push(key);
                self.checks(key).await;
            }
            other => self.note(&other),
        }
        keys
    }

    async fn checks(&mut self, key: Key) {
        let (mine, yours) = (self.dice.attempt(), self.dice.attempt());
        for attempt in [&mine, &mine, &yours] {
            let heard = self.world.check(key, attempt).await;
            self.note(&heard);
        }
    }

    fn note<T>(&mut self, heard: &Heard<T>) {
        assert!(!matches!(heard, Heard::Nothing), "a disk that fails is answered for");
        self.unavailable += usize::from(matches!(heard, Heard::Unavailable));
    }

    /// With nothing but another try, as officers and the page make it.
    async fn recovers(&mut self) -> Key {
        timeout(PATIENCE, recovered(&self.world)).await.expect("it continues on its own once the fault is over")
    }

    /// The day with its `nth` operation failing, and `many` after it.
    async fn fails(&mut self, nth: u64, many: u64, with: Errno) {
        let known = self.recovers().await;
        self.machine.fail(nth, many, with);
        let keys = self.day(known).await;
        self.machine.heal();
        let fresh = self.recovers().await;
        // What could not be answered before has its answer now, and what was answered still stands.
        for key in keys {
            let again = self.world.journal.earlier(key, 0).unwrap_or_else(|| self.dice.attempt());
            assert!(matches!(self.world.check(key, &again).await, Heard::Said(_)), "an answer after the fault");
            probe(&self.world, &[key], &mut self.dice).await;
        }
        self.checks(fresh).await;
        self.world.journal.assert_sound(&format!("operation {nth} of {many} failed with {with:?}"));
    }
}

/// Issues again and again until that succeeds.
pub async fn recovered(world: &World) -> Key {
    loop {
        if let Heard::Said(key) = world.issue().await {
            return key;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

pub fn each_write_fails(run: &Run) -> Outcome {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Outcome::NotRun(missing),
    };
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    let start = || Service::try_spawn(machine.under(station.command("all"))).map(|service| Serving::of(vec![service]));
    run.block_on(async {
        let serving = start().unwrap();
        let world = World::of(&station, &serving, &journal);
        let mut sick = Sick { machine: &machine, world, dice: Dice::of(run.seed, &[3]), unavailable: 0 };
        let known = sick.recovers().await;
        let before = machine.operations();
        sick.day(known).await;
        let operations = machine.operations() - before;
        assert!(sick.unavailable == 0 && operations > 10, "{operations} operations");
        for with in ERRORS {
            // Some more, because a refused act writes an entry of its own.
            for nth in 1..=operations + 5 {
                sick.fails(nth, 1, with).await;
                sick.fails(nth, u64::MAX, with).await;
            }
        }
        let unavailable = sick.unavailable;
        serving.terminate();
        let starts = starts_fail(run, &machine, &sick.world, start).await;
        audit(&station, &journal);
        let line = format!("each of {operations} operations of a day failed, alone and with all after it, by EIO and ENOSPC");
        Outcome::Done(vec![format!("{line}: {unavailable} answers were `cannot_check` or 503, none was wrong"), starts])
    })
}

/// The first round of the housekeeper, with its checkpoint of the whole log, falls into the start.
async fn starts_fail(run: &Run, machine: &Machine, world: &World, start: impl Fn() -> Result<Serving, String>) -> String {
    let (mut dice, mut refused, mut starts) = (Dice::of(run.seed, &[4]), 0, 0);
    for nth in (1..80).step_by(run.pick(8, 1)) {
        for many in [1, u64::MAX] {
            machine.fail(nth, many, ERRORS[dice.below(2)]);
            let serving = start();
            if let Ok(serving) = &serving {
                let world = world.again(serving);
                let _ = timeout(Duration::from_millis(200), world.issue()).await;
                machine.heal();
                let fresh = timeout(PATIENCE, recovered(&world)).await.expect("it continues on its own");
                assert_eq!(world.check_again(fresh, &mut dice).await, Heard::Said("genuine".into()));
            }
            machine.heal();
            starts += 1;
            refused += usize::from(serving.is_err());
            // Whatever state it was left in.
            serving.into_iter().for_each(Serving::kill);
            let serving = start().expect("it starts once the fault is over");
            let world = world.again(&serving);
            let newest: Vec<Key> = (world.journal.len().saturating_sub(12)..world.journal.len()).collect();
            probe(&world, &newest, &mut dice).await;
            world.journal.assert_sound(&format!("operation {nth} of a start failed"));
            serving.terminate();
        }
    }
    format!("{starts} starts with a disk that fails: {refused} were refused, the others went on by themselves, nothing was lost")
}
