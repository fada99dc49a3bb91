//! The database is killed, held, restarted and without room under the running service: checks say that they cannot be answered,
//! within their two seconds, and go on by themselves once it is back.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    Outcome, Run,
    client::World,
    database::{Cluster, MISSING},
    dice::Dice,
    full::Mount,
    journal::Journal,
    kills::audit,
    load::Load,
    running::{Folder, PATIENCE},
    scene::{Scene, answers_again},
    station::{Serving, Station},
};

/// Room for a new server's files and its shortest log.
const SIZE: &str = "192m";
/// Keeps the log so short.
const SHORT_LOG: [&str; 2] = ["min_wal_size=32MB", "max_wal_size=48MB"];

/// Strangers and officers at work while something happens to the database.
struct Stage {
    station: Station,
    serving: Serving,
    journal: Arc<Journal>,
    scene: Scene,
    cluster: Cluster,
}

impl Stage {
    async fn set(run: &Run, cluster: Cluster) -> Self {
        let (station, journal) = (Station::postgres(&cluster), Arc::new(Journal::default()));
        let serving = station.start();
        let world = World::of(&station, &serving, &journal);
        let scene = Scene::set(world, Dice::of(run.seed, &[9])).await;
        Self { station, serving, journal, scene, cluster }
    }

    async fn load(&self) -> Load {
        let load = Load::start(&self.scene.world, &self.scene.dice, 1, 4);
        load.answers(40).await;
        load
    }

    /// Nothing is started again but the database.
    async fn goes_on(&mut self, load: Load, what: &str) {
        answers_again(&self.scene.world).await;
        load.end().await;
        self.scene.goes_on(what).await;
    }

    async fn killed(&mut self) {
        let load = self.load().await;
        self.cluster.signal("KILL");
        self.scene.cannot_check("killed").await;
        self.cluster.start_again().await;
        self.goes_on(load, "started again").await;
    }

    /// For so long, besides the two seconds of those who ask meanwhile.
    async fn held(&mut self, still: Duration) {
        let load = self.load().await;
        self.cluster.signal("STOP");
        self.scene.cannot_check("held").await;
        sleep(still).await;
        self.cluster.signal("CONT");
        self.goes_on(load, "no longer held").await;
    }

    async fn restarted(&mut self) {
        let load = self.load().await;
        self.cluster.stop();
        self.scene.cannot_check("stopped").await;
        self.cluster.start_again().await;
        self.goes_on(load, "restarted").await;
    }

    /// First its tables cannot grow, then its log, and then it ends itself.
    async fn full(&mut self, mount: &Mount) {
        let load = self.load().await;
        mount.fill(self.scene.dice.below(24) * 4_096);
        timeout(PATIENCE, self.write_until_it_ends()).await.expect("it ends itself");
        self.scene.cannot_check("full").await;
        mount.empty();
        self.cluster.start_again().await;
        self.goes_on(load, "room again").await;
    }

    async fn write_until_it_ends(&self) {
        let admin = self.cluster.client("postgres", "postgres").await;
        let write = "SELECT pg_logical_emit_message(false, '', repeat('x', 1000000)), pg_switch_wal()";
        while !self.cluster.has_ended() {
            let _ = admin.execute(write, &[]).await;
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn end(self) {
        self.serving.terminate();
        audit(&self.station, &self.journal);
    }
}

pub fn story(run: &Run) -> Outcome {
    let rounds = run.pick(1, 5);
    let held = Duration::from_secs(run.pick(1, 3));
    run.block_on(async {
        let Some(cluster) = Cluster::start(&[]).await else { return Outcome::NotRun(MISSING.into()) };
        let mut stage = Stage::set(run, cluster).await;
        for _ in 0..rounds {
            stage.killed().await;
            stage.held(held).await;
            stage.restarted().await;
        }
        stage.end();
        Outcome::Done(vec![format!("{rounds} times each: `cannot_check` in time, and recovered on its own each time")])
    })
}

pub fn full(run: &Run) -> Outcome {
    let folder = Folder::empty();
    let at = folder.path().join("small");
    let mount = match Mount::small(&at, SIZE) {
        Ok(mount) => mount,
        Err(why) => return Outcome::NotRun(why),
    };
    // The server is somebody else, who has to get there.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let rounds = run.pick(1, 10);
    run.block_on(async {
        let Some(cluster) = Cluster::start_in(TempDir::new_in(&at).unwrap(), &SHORT_LOG).await else {
            return Outcome::NotRun(MISSING.into());
        };
        let mut stage = Stage::set(run, cluster).await;
        for _ in 0..rounds {
            stage.full(&mount).await;
        }
        stage.end();
        Outcome::Done(vec![format!(
            "{rounds} times full until it ended itself: `cannot_check` in time, and recovered on its own each time"
        )])
    })
}
