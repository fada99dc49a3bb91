//! The clock under a running service jumps by 25 hours, both ways: no second first use, what was purged stays `expired`, and an
//! honest token is never called not genuine.

use std::sync::{Arc, atomic::Ordering};

use tokio::time::timeout;

use crate::{
    Run, Told,
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

pub fn story(run: &Run) -> Told {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Told::NotRun(missing),
    };
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    let start = || Serving::of(vec![Service::spawn(machine.under(station.command("all")))]);
    let mut dice = Dice::of(run.seed, &[6]);
    let steps = run.pick(12, 200);
    run.block_on(async {
        let serving = start();
        let world = World::of(&station, &serving, &journal);
        let old = [short_lived(&world).await, short_lived(&world).await];
        assert_eq!(world.check_anew(old[0], &mut dice).await, Heard::Said("genuine".into()));
        journal.clocks_step.store(true, Ordering::Relaxed);
        machine.step_clock(STEP);
        expired(&world, old, &mut dice).await;
        serving.terminate();

        // The first round after a start purges.
        let serving = start();
        let world = world.again(&serving);
        let ahead = world.issue().await;
        let Heard::Said(ahead) = ahead else { panic!("{ahead:?}") };
        assert_eq!(world.check_anew(ahead, &mut dice).await, Heard::Said("genuine".into()));
        machine.step_clock(0);
        expired(&world, old, &mut dice).await;
        assert_eq!(world.check_anew(ahead, &mut dice).await, Heard::Said("not_yet_valid".into()));
        under_load(&world, &machine, steps, &mut dice).await;
        expired(&world, old, &mut dice).await;
        let fresh = timeout(PATIENCE, recovered(&world)).await.expect("the clock is right again");
        assert_eq!(world.check_anew(fresh, &mut dice).await, Heard::Said("genuine".into()));
        for key in 0..journal.len() {
            // Whoever comes now is never first where somebody was.
            world.check_anew(key, &mut dice).await;
        }
        journal.assert_sound("the clock stepped");
        serving.terminate();
    });
    audit(&station, &journal);
    Told::Done(vec![format!(
        "{steps} steps of 25 hours under load, {} tokens, {} first uses, none doubled",
        journal.len(),
        journal.firsts()
    )])
}

/// A token that is purged before any other.
async fn short_lived(world: &World) -> Key {
    let issued = world.issue_for(60).await;
    let Heard::Said(key) = issued else { panic!("{issued:?}") };
    key
}

async fn expired(world: &World, keys: [Key; 2], dice: &mut Dice) {
    for key in keys {
        assert_eq!(world.check_anew(key, dice).await, Heard::Said("expired".into()));
    }
}

async fn under_load(world: &World, machine: &Machine, steps: usize, dice: &mut Dice) {
    let load = Load::start(world, dice, 2, 5);
    for _ in 0..steps {
        load.answers(20 + u32::try_from(dice.below(20)).unwrap()).await;
        machine.step_clock([-STEP, 0, STEP][dice.below(3)]);
    }
    machine.step_clock(0);
    load.end().await;
}
