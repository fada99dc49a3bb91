//! The power goes at any moment under load: the service is killed, and started again on what a disk would hold that lost
//! whatever was not synced (platter.rs).
//!
//! The harness first has to find a service whose syncs do nothing. That is what `PRAGMA synchronous = OFF` is: SQLite then
//! hands its writes to the system and leaves out every fsync, and does all else the same.

use std::{cell::RefCell, time::Duration};

use crate::{
    Run, Told,
    dice::Dice,
    journal::Finding,
    kills::{Survivor, until_found},
    machine::Machine,
    platter::Platter,
    running::Service,
    station::{Serving, Station},
};

/// Of a real disk; in it most of the losses fall.
const SYNC: Duration = Duration::from_millis(3);

/// A deployment on a disk that loses what was not synced.
struct Fragile<'a> {
    station: &'a Station,
    machine: &'a Machine,
    platter: RefCell<Platter>,
    dice: RefCell<Dice>,
    /// Unsynced writes that were lost, whole or in part.
    lost: RefCell<usize>,
}

impl<'a> Fragile<'a> {
    fn of(run: &Run, station: &'a Station, machine: &'a Machine) -> Self {
        let platter = RefCell::new(Platter::of(station.folder.path()));
        Self { station, machine, platter, dice: RefCell::new(Dice::of(run.seed, &[2])), lost: RefCell::new(0) }
    }

    /// The disk after the loss, and the service on it.
    fn start(&self) -> Result<Serving, String> {
        let mut platter = self.platter.borrow_mut();
        platter.lose_power(self.station.folder.path(), &self.machine.log(), &mut self.dice.borrow_mut());
        *self.lost.borrow_mut() += platter.lost;
        Ok(Serving::of(vec![Service::try_spawn(self.machine.recorded(self.station.command("all")))?]))
    }
}

pub fn honest(run: &Run) -> Told {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Told::NotRun(missing),
    };
    machine.delay_syncs(SYNC);
    let station = Station::sqlite();
    let fragile = Fragile::of(run, &station, &machine);
    let mut survivor = Survivor::of(run, &station, Box::new(|| fragile.start()));
    let losses = run.pick(15, 300);
    run.block_on(async {
        for loss in 0..losses {
            if let Err(finding) = survivor.round().await {
                panic!("after {loss} losses of power: {finding}");
            }
        }
        let (issues, firsts) = (survivor.journal.len(), survivor.journal.firsts());
        survivor.settle(&station).await;
        let lost = fragile.lost.borrow();
        let line = format!(
            "{losses} losses of power, {lost} unsynced writes lost or torn, {issues} acknowledged issues and {firsts} first uses kept"
        );
        Told::Done(vec![line])
    })
}

pub fn planted(run: &Run) -> Told {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Told::NotRun(missing),
    };
    machine.swallow_syncs();
    let station = Station::sqlite();
    let fragile = Fragile::of(run, &station, &machine);
    let mut survivor = Survivor::of(run, &station, Box::new(|| fragile.start()));
    let (losses, finding) = run.block_on(until_found(&mut survivor));
    assert!(!matches!(finding, Finding::Late { .. }), "another thing was found: {finding}");
    Told::Done(vec![format!("found after {losses} losses of power: {finding}")])
}
