//! The primary is lost for good and its standby takes over (threat 19): what was acknowledged is there, because a commit waits
//! until the standby has it on disk; and where it cannot wait, nothing is acknowledged.
//!
//! The harness first has to find a standby that nobody waits for.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    Outcome, Run,
    client::{Heard, World},
    database::{Cluster, MISSING},
    dice::Dice,
    journal::{Finding, Journal, Key},
    kills::{audit, probe},
    load::Load,
    running::Folder,
    scene::{Scene, answers_again},
    station::{Serving, Station},
};

/// Some times as long as the service waits before it tries to reach a database again.
const INSISTING: Duration = Duration::from_secs(5);

/// Two servers, and a service that knows both.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    station: Station,
    serving: Serving,
    journal: Arc<Journal>,
    scene: Scene,
}

impl Pair {
    async fn start(run: &Run) -> Option<Self> {
        let primary = Cluster::start(&[]).await?;
        let standby = primary.standby(None).await;
        let url = format!("postgres://countersign_issuer@127.0.0.1:{},127.0.0.1:{}/countersign", primary.port(), standby.port());
        let (station, journal) = (Station::in_folder(Folder::empty(), &url), Arc::new(Journal::default()));
        let serving = station.start();
        let world = World::of(&station, &serving, &journal);
        primary.commit_on("*").await;
        let scene = Scene::set(world, Dice::of(run.seed, &[10])).await;
        Some(Self { primary, standby, station, serving, journal, scene })
    }

    fn world(&self) -> &World {
        &self.scene.world
    }

    /// Under load, at any moment.
    async fn loses_its_primary(&mut self) {
        let load = Load::start(self.world(), &self.scene.dice, 2, 5);
        load.answers(20 + u32::try_from(self.scene.dice.below(60)).unwrap()).await;
        sleep(Duration::from_micros(self.scene.dice.next() % 3_000)).await;
        self.primary.signal("KILL");
        self.standby.promote().await;
        answers_again(self.world()).await;
        load.end().await;
        self.everything_stands().await;
        self.journal.assert_sound("the standby took over");
    }

    /// Another standby where the lost primary was.
    async fn is_a_pair_again(&mut self) {
        let port = self.primary.port();
        let another = self.standby.standby(Some(port)).await;
        self.primary = std::mem::replace(&mut self.standby, another);
        self.primary.commit_on("*").await;
    }

    async fn everything_stands(&mut self) {
        let keys: Vec<Key> = (0..self.journal.len()).collect();
        probe(&self.scene.world, &keys, &mut self.scene.dice).await;
    }

    /// A commit waits for the standby, longer than its statement may take; that must not make an answer of it.
    async fn waits_for_its_standby(&mut self, run: &Run) {
        let (key, attempt) = (self.world().issue_many(1).await[0], self.scene.dice.attempt());
        self.standby.signal("STOP");
        self.scene.cannot_check("its standby is held").await;
        if run.full {
            assert_eq!(self.world().issue().await, Heard::Unavailable);
        }
        // An administrator who helps makes no answer of it either.
        tokio::select! {
            heard = self.world().check(key, &attempt) => assert_eq!(heard, Heard::Unavailable),
            () = self.primary.cancel_waits() => {}
        }
        self.standby.signal("CONT");
        answers_again(self.world()).await;
        self.scene.goes_on("its standby is there again").await;
    }

    /// What a primary that started again finds in its log may be on no other disk; it is no answer until it is.
    async fn starts_again_without_its_standby(&mut self, run: &Run) {
        let [key, withdrawn] = self.world().issue_many(2).await[..] else { unreachable!() };
        let (mine, yours) = (self.scene.dice.attempt(), self.scene.dice.attempt());
        self.standby.signal("STOP");
        assert_eq!(self.world().check(key, &mine).await, Heard::Unavailable);
        if run.full {
            assert_eq!(self.world().withdraw(withdrawn).await, Heard::Unavailable);
        }
        self.primary.signal("KILL");
        self.primary.start_again().await;
        // It takes connections again. Nobody is ready: a write that is made to try it waits for the standby like any other.
        let insisting = async {
            loop {
                // The journal judges what is said.
                self.world().check(key, &mine).await;
                sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = timeout(INSISTING, insisting).await;
        if run.full {
            assert_eq!(self.world().withdraw(withdrawn).await, Heard::Unavailable, "it is done, but on one disk alone");
        }
        self.standby_alone_goes_on().await;
        self.world().check(key, &yours).await;
        self.everything_stands().await;
        self.journal.assert_sound("a primary that started again without its standby, and was lost");
    }

    /// Both end; the standby comes back with what it has on disk.
    async fn standby_alone_goes_on(&mut self) {
        self.primary.signal("KILL");
        self.standby.signal("KILL");
        self.standby.start_again().await;
        self.standby.promote().await;
        answers_again(self.world()).await;
    }

    fn end(self) {
        self.serving.terminate();
        audit(&self.station, &self.journal);
    }
}

pub fn story(run: &Run) -> Outcome {
    let losses = run.pick(1, 10);
    run.block_on(async {
        let Some(mut pair) = Pair::start(run).await else { return Outcome::NotRun(MISSING.into()) };
        pair.waits_for_its_standby(run).await;
        for _ in 0..losses {
            pair.loses_its_primary().await;
            pair.is_a_pair_again().await;
        }
        pair.starts_again_without_its_standby(run).await;
        let (issues, firsts) = (pair.journal.len(), pair.journal.firsts());
        pair.end();
        Outcome::Done(vec![
            format!("{losses} primaries lost, {issues} acknowledged issues, {firsts} acknowledged first uses, none lost, none doubled"),
            "nothing was acknowledged while the standby was held".into(),
        ])
    })
}

pub fn planted(run: &Run) -> Outcome {
    run.block_on(async {
        let Some(mut pair) = Pair::start(run).await else { return Outcome::NotRun(MISSING.into()) };
        pair.primary.commit_on("").await;
        pair.standby.signal("STOP");
        for key in pair.scene.fresh.clone() {
            let heard = pair.scene.world.check_again(key, &mut pair.scene.dice).await;
            assert_eq!(heard, Heard::Said("genuine".into()), "nobody waits for the standby");
        }
        pair.standby_alone_goes_on().await;
        pair.everything_stands().await;
        match pair.journal.verdict() {
            Err(finding @ (Finding::TwoFirsts { .. } | Finding::LostMark { .. })) => {
                Outcome::Done(vec![format!("found at once: {finding}")])
            }
            other => panic!("the planted fault was not found: {other:?}; this proves nothing"),
        }
    })
}
