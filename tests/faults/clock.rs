//! The clock under a running service jumps by 25 hours and by a month, forwards and back: nothing is purged or destroyed, no second
//! first use, and an honest token is never called not genuine.

use std::sync::{Arc, atomic::Ordering};

use tokio::time::timeout;

use crate::{
    Outcome, Run,
    client::{Heard, World},
    dice::Dice,
    disk::recovered,
    journal::{Journal, Key},
    kills::audit,
    load::Load,
    machine::Machine,
    running::{PATIENCE, Service},
    station::{Serving, Station},
};

/// Longer than records are kept after a token ran out.
const STEP: i64 = 25 * 3_600;
/// Longer than a key signs, and long enough for the next one to be due as well.
const MONTH: i64 = 31 * 86_400;

pub fn story(run: &Run) -> Outcome {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Outcome::NotRun(missing),
    };
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    let start = || Serving::of(vec![Service::spawn(machine.under(station.command("all")))]);
    let mut dice = Dice::of(run.seed, &[6]);
    let steps = run.pick(12, 200);
    run.block_on(async {
        let mut serving = start();
        let mut world = World::of(&station, &serving, &journal);
        let old = [usual(&world).await, usual(&world).await];
        assert_eq!(world.check_again(old[0], &mut dice).await, Heard::Said("genuine".into()));
        journal.clocks_step.store(true, Ordering::Relaxed);
        for step in [STEP, MONTH] {
            machine.step_clock(step);
            expired(&world, old, &mut dice).await;
            // A round of housekeeping comes before its end, and more with a process that starts at the wrong time.
            serving.terminate();
            serving = start();
            world = world.again(&serving);
        }
        serving.terminate();
        machine.step_clock(0);
        let serving = start();
        let world = world.again(&serving);
        assert_eq!(world.check_again(old[0], &mut dice).await, Heard::Said("already_checked".into()));
        assert_eq!(world.check_again(old[1], &mut dice).await, Heard::Said("genuine".into()), "nothing was purged");
        under_load(&world, &machine, steps, &mut dice).await;
        let fresh = timeout(PATIENCE, recovered(&world)).await.expect("the clock is right again, and a key is there to sign");
        assert_eq!(world.check_again(fresh, &mut dice).await, Heard::Said("genuine".into()));
        for key in 0..journal.len() {
            // Anybody who comes now is never first where somebody was.
            world.check_again(key, &mut dice).await;
        }
        journal.assert_sound("the clock stepped");
        serving.terminate();
    });
    audit(&station, &journal);
    Outcome::Done(vec![format!(
        "{steps} steps of 25 hours and a month under load, {} tokens, {} first uses, none doubled",
        journal.len(),
        journal.firsts()
    )])
}

async fn usual(world: &World) -> Key {
    let issued = world.issue().await;
    let Heard::Said(key) = issued else { panic!("{issued:?}") };
    key
}

async fn expired(world: &World, keys: [Key; 2], dice: &mut Dice) {
    for key in keys {
        // A verifier may doubt the clock as well.
        let heard = world.check_again(key, dice).await;
        assert!(matches!(&heard, Heard::Said(verdict) if verdict == "expired") || heard == Heard::Unavailable, "{heard:?}");
    }
}

async fn under_load(world: &World, machine: &Machine, steps: usize, dice: &mut Dice) {
    let load = Load::start(world, dice, 2, 5);
    for _ in 0..steps {
        load.answers(20 + u32::try_from(dice.below(20)).unwrap()).await;
        machine.step_clock([-STEP, 0, STEP, MONTH][dice.below(4)]);
    }
    machine.step_clock(0);
    load.end().await;
}
