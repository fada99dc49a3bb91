//! The power goes at any moment under load: the service is killed, and started again on what a disk would hold that lost
//! whatever was not synced (platter.rs).
//!
//! The harness first has to find a service whose syncs do nothing. That is what `PRAGMA synchronous = OFF` is: SQLite then
//! hands its writes to the system and leaves out every fsync, and does all else the same.

use std::time::Duration;

use crate::{
    Outcome, Run,
    dice::Dice,
    journal::Finding,
    kills::{Survivor, Victim, until_found},
    machine::Machine,
    platter::Platter,
    running::Service,
    station::{Serving, Station},
};

/// Of a real disk; in it most of the losses fall.
const SYNC: Duration = Duration::from_millis(3);

/// The real binary on a disk that loses what was not synced.
struct Fragile<'a> {
    station: &'a Station,
    machine: &'a Machine,
    platter: Platter,
    dice: Dice,
    /// Unsynced writes that were lost, whole or in part.
    lost: usize,
}

impl<'a> Fragile<'a> {
    fn of(run: &Run, station: &'a Station, machine: &'a Machine) -> Self {
        let platter = Platter::of(station.folder.path());
        Self { station, machine, platter, dice: Dice::of(run.seed, &[2]), lost: 0 }
    }
}

impl Victim for Fragile<'_> {
    async fn start(&mut self) -> Result<Serving, String> {
        self.lost += self.platter.lose_power(self.station.folder.path(), &self.machine.log(), &mut self.dice);
        Ok(Serving::of(vec![Service::try_spawn(self.machine.recorded(self.station.command("all")))?]))
    }
}

pub fn honest(run: &Run) -> Outcome {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Outcome::NotRun(missing),
    };
    machine.delay_syncs(SYNC);
    let station = Station::sqlite();
    let mut survivor = Survivor::of(run, &station, Fragile::of(run, &station, &machine));
    let losses = run.pick(15, 300);
    run.block_on(async {
        for loss in 0..losses {
            if let Err(finding) = survivor.round().await {
                panic!("after {loss} losses of power: {finding}");
            }
        }
        let (issues, firsts) = (survivor.journal.len(), survivor.journal.firsts());
        survivor.settle(&station).await;
        let lost = survivor.victim.lost;
        let line = format!(
            "{losses} losses of power, {lost} unsynced writes lost or torn, {issues} acknowledged issues and {firsts} first uses kept"
        );
        Outcome::Done(vec![line])
    })
}

pub fn planted(run: &Run) -> Outcome {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Outcome::NotRun(missing),
    };
    machine.swallow_syncs();
    let station = Station::sqlite();
    let mut survivor = Survivor::of(run, &station, Fragile::of(run, &station, &machine));
    let (losses, finding) = run.block_on(until_found(&mut survivor));
    assert!(!matches!(finding, Finding::Late { .. }), "another thing was found: {finding}");
    Outcome::Done(vec![format!("found after {losses} losses of power: {finding}")])
}
