//! The store's file is locked by another process, slow, read-only, moved away and replaced under the running service: checks
//! say that they cannot be answered, within their two seconds, and go on by themselves once the file is back.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    Outcome, Run,
    client::{Heard, World},
    dice::Dice,
    journal::Journal,
    kills::audit,
    machine::{Errno, Machine},
    running::Service,
    scene::Scene,
    station::{Serving, Station},
};

/// How long a sync takes on a disk that stalls; longer than anybody waits for the store.
const STALL: Duration = Duration::from_secs(3);
const FILES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"];

/// A service on files that something happens to.
struct Files<'a> {
    folder: &'a Path,
    scene: Scene,
}

impl Files<'_> {
    fn aside(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.folder.join(name), self.folder.join(format!("{name}.aside")))
    }

    fn move_away(&self, names: &[&str]) {
        names.iter().map(|name| self.aside(name)).for_each(|(file, aside)| fs::rename(file, aside).unwrap());
    }

    fn put_back(&self, names: &[&str]) {
        names.iter().map(|name| self.aside(name)).for_each(|(file, aside)| fs::rename(aside, file).unwrap());
    }

    async fn locked(&mut self) {
        let other = rusqlite::Connection::open(self.folder.join("store.sqlite")).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let world = self.scene.world.clone();
        let waiting = tokio::spawn(async move { world.issue().await });
        // Five seconds: the two of those who ask at once, one in which nobody does, and the two of those who ask late.
        self.scene.cannot_check("locked").await;
        sleep(Duration::from_secs(1)).await;
        self.scene.cannot_check("locked for long").await;
        other.execute_batch("ROLLBACK").unwrap();
        drop(other);
        assert_eq!(waiting.await.unwrap(), Heard::Unavailable, "an issue that waited for the lock");
        self.scene.goes_on("no longer locked").await;
    }

    async fn slow(&mut self, machine: &Machine) {
        machine.delay_syncs(STALL);
        self.scene.cannot_check("slow").await;
        machine.delay_syncs(Duration::ZERO);
        self.scene.goes_on("no longer slow").await;
    }

    async fn read_only(&mut self, machine: &Machine) {
        machine.fail_all(Errno::ReadOnly);
        self.scene.cannot_check("read-only").await;
        assert_eq!(self.scene.world.issue().await, Heard::Unavailable);
        machine.heal();
        self.scene.goes_on("writable again").await;
    }

    async fn gone(&mut self) {
        for names in [&FILES[..1], &FILES[..2], &FILES[..], &FILES[1..2]] {
            self.move_away(names);
            self.scene.cannot_check("moved away").await;
            assert_eq!(self.scene.world.issue().await, Heard::Unavailable);
            assert!(!self.scene.world.is_ready().await, "moved away");
            self.put_back(names);
            self.scene.goes_on("put back").await;
            assert!(self.scene.world.is_ready().await, "put back");
        }
    }

    /// A backup in the place of the file would forget uses; the service does not go over to it on its own.
    async fn replaced(&mut self) {
        self.move_away(&FILES);
        let (file, aside) = self.aside(FILES[0]);
        fs::copy(aside, &file).unwrap();
        self.scene.cannot_check("replaced").await;
        assert_eq!(self.scene.world.issue().await, Heard::Unavailable);
        self.put_back(&FILES);
        self.scene.goes_on("the right file again").await;
    }
}

pub fn story(run: &Run) -> Outcome {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Outcome::NotRun(missing),
    };
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    run.block_on(async {
        let serving = Serving::of(vec![Service::spawn(machine.under(station.command("all")))]);
        let world = World::of(&station, &serving, &journal);
        let scene = Scene::set(world, Dice::of(run.seed, &[8])).await;
        let mut files = Files { folder: station.folder.path(), scene };
        files.read_only(&machine).await;
        files.gone().await;
        files.replaced().await;
        files.locked().await;
        files.slow(&machine).await;
        serving.terminate();
    });
    audit(&station, &journal);
    Outcome::Done(vec!["locked, slow, read-only, moved away, replaced: `cannot_check` in time, and recovered on its own each time".into()])
}
