//! A file system that really fills up: a small one in memory, which only root may mount.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;

use crate::{
    Outcome, Run,
    client::{Heard, World},
    dice::Dice,
    disk::recovered,
    journal::{Journal, Key},
    kills::{audit, probe},
    running::{Folder, PATIENCE},
    station::Station,
};

/// Room for the store and the longest log that it keeps before a checkpoint, 32 MiB.
const SIZE: &str = "64m";

/// Unmounted when dropped, also after a panic.
pub struct Mount(PathBuf);

impl Mount {
    /// Of so much, as `mount` has it.
    pub fn small(at: &Path, size: &str) -> Result<Self, String> {
        fs::create_dir(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        match mounted {
            Ok(said) if said.status.success() => Ok(Self(at.to_owned())),
            Ok(said) => Err(format!("no small file system can be mounted: {}", String::from_utf8_lossy(&said.stderr).trim())),
            Err(error) => Err(format!("there is no mount: {error}")),
        }
    }

    /// Takes all the room that is left but some bytes.
    pub fn fill(&self, but: usize) {
        let mut ballast = fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        for block in [65_536, 4_096, 512] {
            while ballast.write_all(&vec![0; block]).is_ok() {}
        }
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(but as u64)).unwrap();
    }

    /// Gives it back.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a service that still runs must not keep it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

pub fn story(run: &Run) -> Outcome {
    let folder = Folder::empty();
    let mount = match Mount::small(&folder.path().join("small"), SIZE) {
        Ok(mount) => mount,
        Err(why) => return Outcome::NotRun(why),
    };
    let station = Station::in_folder(folder, "sqlite:small/store.sqlite");
    let journal = Arc::new(Journal::default());
    let mut dice = Dice::of(run.seed, &[5]);
    let rounds = run.pick(2, 60);
    let unavailable = run.block_on(async {
        let serving = station.start();
        let world = World::of(&station, &serving, &journal);
        let mut unavailable = 0;
        for _ in 0..rounds {
            let before = world.issue_many(20).await;
            // It runs full in another place of a group of writes each time.
            mount.fill(dice.below(24) * 4_096);
            unavailable += use_until_full(&world, &before, &mut dice).await;
            mount.empty();
            let fresh = timeout(PATIENCE, recovered(&world)).await.expect("it continues on its own once there is room");
            assert_eq!(world.check_again(fresh, &mut dice).await, Heard::Said("genuine".into()));
            probe(&world, &(before[0]..journal.len()).collect::<Vec<_>>(), &mut dice).await;
            journal.assert_sound("the disk was full");
        }
        mount.fill(0);
        timeout(PATIENCE, world.until_ready(false)).await.expect("it is not ready while nothing can be written");
        mount.empty();
        timeout(PATIENCE, world.until_ready(true)).await.expect("it is ready again once there is room");
        serving.terminate();
        unavailable
    });
    audit(&station, &journal);
    Outcome::Done(vec![format!(
        "{rounds} times full: {unavailable} answers were `cannot_check` or 503, none was wrong, each time it recovered on its own"
    )])
}

/// Several people check and issue at once, until some cannot be answered; how many.
async fn use_until_full(world: &World, known: &[Key], dice: &mut Dice) -> usize {
    let people: Vec<_> = known.iter().map(|key| (*key, dice.attempt(), dice.attempt())).collect();
    let heard = stream::iter(people).map(|(key, mine, yours)| async move {
        let (mine, yours) = tokio::join!(world.check(key, &mine), world.check(key, &yours));
        let issued = world.issue().await;
        [mine == Heard::Unavailable, yours == Heard::Unavailable, issued == Heard::Unavailable]
    });
    let heard: Vec<_> = heard.buffer_unordered(8).collect().await;
    let unavailable = heard.into_iter().flatten().filter(|unavailable| *unavailable).count();
    assert!(unavailable > 0, "it was not full");
    unavailable
}
