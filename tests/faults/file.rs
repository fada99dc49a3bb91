//! The store's file is locked by another process, slow, read-only, moved away and replaced under the running service: checks
//! say that they cannot be answered, within their two seconds, and go on by themselves once the file is back.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use tokio::time::{sleep, timeout};

use crate::{
    Run, Told,
    client::{Heard, World},
    dice::Dice,
    disk::recovered,
    journal::{Journal, Key},
    kills::{audit, probe},
    machine::{Errno, Machine},
    running::{PATIENCE, Service},
    station::{Serving, Station},
};

/// How long a sync takes on a disk that stalls; longer than anybody waits for the store.
const STALL: Duration = Duration::from_secs(3);
const FRESH: usize = 5;
const FILES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"];

/// A service with a token that somebody used, and more that nobody did.
struct Scene<'a> {
    folder: &'a Path,
    world: World,
    used: Key,
    first: String,
    fresh: Vec<Key>,
    dice: Dice,
}

impl<'a> Scene<'a> {
    async fn set(folder: &'a Path, world: World, mut dice: Dice) -> Self {
        let keys = world.issue_many(1 + FRESH).await;
        let first = dice.attempt();
        assert_eq!(world.check(keys[0], &first).await, Heard::Said("genuine".into()));
        Self { folder, world, used: keys[0], first, fresh: keys[1..].into(), dice }
    }

    /// Several at once ask about fresh tokens, and all are told that we cannot check, in time. Whoever was first with another
    /// token may get that answer again, because it needs no write.
    async fn cannot_check(&mut self, what: &str) {
        let asked: Vec<_> = self.fresh.iter().map(|key| (*key, self.dice.attempt())).collect();
        let fresh = stream::iter(&asked).map(|(key, attempt)| self.world.check(*key, attempt)).buffer_unordered(8);
        let (heard, again) = tokio::join!(fresh.collect::<Vec<_>>(), self.world.check(self.used, &self.first));
        assert!(heard.iter().all(|heard| *heard == Heard::Unavailable), "{what}: {heard:?}");
        assert!(matches!(again, Heard::Unavailable | Heard::Said(_)), "{what}: {again:?}");
        self.world.journal.assert_sound(what);
    }

    /// The same process, with nothing but another try; what was acknowledged stands.
    async fn goes_on(&mut self, what: &str) {
        timeout(PATIENCE, recovered(&self.world)).await.unwrap_or_else(|_| panic!("{what}: it did not go on by itself"));
        probe(&self.world, &(0..self.world.journal.len()).collect::<Vec<_>>(), &mut self.dice).await;
        // A use may have been marked for somebody who was told that we cannot check: of all who asked, one is first.
        for key in &self.fresh {
            let mut firsts = 0;
            for attempt in self.world.journal.attempts(*key) {
                firsts += usize::from(self.world.check(*key, &attempt).await == Heard::Said("genuine".into()));
            }
            assert_eq!(firsts, 1, "{what}");
        }
        self.fresh = self.world.issue_many(FRESH).await;
        self.world.journal.assert_sound(what);
    }

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
        let world = self.world.clone();
        let waiting = tokio::spawn(async move { world.issue().await });
        // Five seconds: the two of those who ask at once, one in which nobody does, and the two of those who ask late.
        self.cannot_check("locked").await;
        sleep(Duration::from_secs(1)).await;
        self.cannot_check("locked for long").await;
        other.execute_batch("ROLLBACK").unwrap();
        drop(other);
        assert_eq!(waiting.await.unwrap(), Heard::Unavailable, "an issue that waited for the lock");
        self.goes_on("no longer locked").await;
    }

    async fn slow(&mut self, machine: &Machine) {
        machine.delay_syncs(STALL);
        self.cannot_check("slow").await;
        machine.delay_syncs(Duration::ZERO);
        self.goes_on("no longer slow").await;
    }

    async fn read_only(&mut self, machine: &Machine) {
        machine.fail_all(Errno::ReadOnly);
        self.cannot_check("read-only").await;
        assert_eq!(self.world.issue().await, Heard::Unavailable);
        machine.heal();
        self.goes_on("writable again").await;
    }

    async fn gone(&mut self) {
        for names in [&FILES[..1], &FILES[..2], &FILES[..], &FILES[1..2]] {
            self.move_away(names);
            self.cannot_check("moved away").await;
            assert_eq!(self.world.issue().await, Heard::Unavailable);
            assert!(!self.world.is_ready().await, "moved away");
            self.put_back(names);
            self.goes_on("put back").await;
            assert!(self.world.is_ready().await, "put back");
        }
    }

    /// A backup in the place of the file would forget uses; the service does not go over to it by itself.
    async fn replaced(&mut self) {
        self.move_away(&FILES);
        let (file, aside) = self.aside(FILES[0]);
        fs::copy(aside, &file).unwrap();
        self.cannot_check("replaced").await;
        assert_eq!(self.world.issue().await, Heard::Unavailable);
        self.put_back(&FILES);
        self.goes_on("the right file again").await;
    }
}

pub fn story(run: &Run) -> Told {
    let machine = match Machine::new() {
        Ok(machine) => machine,
        Err(missing) => return Told::NotRun(missing),
    };
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    run.block_on(async {
        let serving = Serving::of(vec![Service::spawn(machine.under(station.command("all")))]);
        let world = World::of(&station, &serving, &journal);
        let mut scene = Scene::set(station.folder.path(), world, Dice::of(run.seed, &[8])).await;
        scene.read_only(&machine).await;
        scene.gone().await;
        scene.replaced().await;
        scene.locked().await;
        scene.slow(&machine).await;
        serving.terminate();
    });
    audit(&station, &journal);
    Told::Done(vec!["locked, slow, read-only, moved away, replaced: `cannot_check` in time, and on by itself each time".into()])
}
