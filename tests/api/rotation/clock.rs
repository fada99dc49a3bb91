//! Clocks that jump, run slowly, are wrong from the start or were set back: nothing is purged, changed over or destroyed on their
//! word, and all goes on once they are right.

use std::sync::Arc;

use countersign::{
    authority::Actor,
    clock::ClockWatch,
    health::{Health, Part},
    issuer::{Checked, Desk, DeskSettings, Housekeeper, KeyVault as _, Notary, Untimely, clock_corrected, time_by_hand},
    keyring::rotation::Stage,
    store::{IssuerStore as _, KEEP_ROWS},
};
use serde_json::json;

use super::plain;
use crate::{
    actors::Issued,
    app::{TestApp, five_words},
    world::{self, DAY, NOW, issuer, key},
};

const HOUR: i64 = 3_600;

/// A process of the issuer.
struct Process {
    housekeeper: Housekeeper,
    health: Arc<Health>,
    desk: Desk,
}

impl Process {
    /// It starts now.
    async fn start(app: &TestApp) -> Self {
        let process = Self::with(app, Arc::new(ClockWatch::new(app.clock.clone())));
        process.housekeeper.begin().await.unwrap();
        process
    }

    fn with(app: &TestApp, watch: Arc<ClockWatch>) -> Self {
        let health = Arc::new(Health::default());
        let notary = Arc::new(Notary::new(app.store.clone(), app.ledger.clone()));
        let housekeeper =
            Housekeeper::new(app.store.clone(), watch.clone(), health.clone(), app.custodian.clone(), notary.clone(), five_words(256));
        let rules = DeskSettings { issuer: issuer(), spoken: five_words(256), reader_level: countersign::token::ReaderLevel::Two };
        let desk = Desk::new(app.store.clone(), watch, app.entropy.clone(), app.custodian.clone(), notary, rules);
        Self { housekeeper, health, desk }
    }

    fn fails(&self) -> Vec<Part> {
        self.health.failing_parts().into_keys().collect()
    }

    async fn is_well(&self) {
        assert!(self.housekeeper.round().await);
        assert_eq!(self.fails(), []);
    }

    async fn doubts_the_clock(&self) {
        assert!(!self.housekeeper.round().await);
        assert_eq!(self.fails(), [Part::Clock]);
    }

    async fn issues(&self, app: &TestApp) {
        let issued = self.desk.issue(app.confirmed(&app.officer.officer).await, plain()).await.unwrap();
        assert_eq!(app.anyone().token(&issued.token.text()).await.verdict(), "genuine");
    }
}

/// What cannot be undone.
fn irreversible(app: &TestApp) -> impl PartialEq + std::fmt::Debug {
    let mut dump = app.dump();
    let tables =
        ["tokens", "marks", "misses", "links", "sessions", "purged", "signing_keys", "live_codes"].map(|name| dump.remove(name).unwrap());
    (tables, app.vault.ids().unwrap())
}

/// A deployment with a code that is used, one that is spoken, and one that is prepared for tomorrow.
struct Day {
    app: TestApp,
    process: Process,
    used: Issued,
    prepared: Issued,
}

impl Day {
    async fn begin() -> Self {
        let app = TestApp::with_keys().await;
        // The process that answers on the listeners.
        let process = Process::with(&app, app.watch.clone());
        process.is_well().await;
        let used = app.officer.issue_plain().await;
        assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
        let prepared = app.officer.issue(json!({"channel": "in-person", "not_before": NOW + 23 * HOUR, "lifetime": 600})).await;
        app.officer.issue_spoken().await;
        process.is_well().await;
        Self { app, process, used, prepared }
    }

    /// The clock is off by so much from now on.
    fn jumps(&self, by: i64) {
        self.app.clock.step(self.app.time().now() + by);
    }

    fn passes(&self, seconds: i64) {
        self.app.clock.set(self.app.time().now() + seconds);
    }
}

#[tokio::test]
async fn a_jump_of_three_days_for_a_minute_costs_nothing() {
    let day = Day::begin().await;
    let (app, process) = (&day.app, &day.process);
    let before = irreversible(app);
    day.jumps(3 * DAY);
    for pause in [0, 30, 30, 5] {
        day.passes(pause);
        process.doubts_the_clock().await;
        assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem(), (503, "clock".into()));
    }
    let why = process.health.failing_parts()[&Part::Clock].clone();
    assert!(why.starts_with("this machine's clock jumped forwards by 259200 s"), "{why}");
    day.jumps(-3 * DAY);
    process.is_well().await;
    assert_eq!(irreversible(app), before);
    process.issues(app).await;
    let fresh = app.officer.issue_plain().await;
    assert_eq!(app.anyone().token(&fresh.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().token(&day.used.token).await.verdict(), "already_checked");
    app.clock.set(NOW + 23 * HOUR);
    assert_eq!(app.anyone().token(&day.prepared.token).await.verdict(), "genuine");
    process.is_well().await;
}

#[tokio::test]
async fn no_jump_purges_changes_over_or_destroys_anything() {
    for by in [31, 25 * HOUR, 8 * DAY, 31 * DAY, 400 * DAY, -31, -HOUR, -25 * HOUR] {
        let day = Day::begin().await;
        let before = irreversible(&day.app);
        day.jumps(by);
        for _ in 0..5 {
            day.passes(30);
            day.process.doubts_the_clock().await;
        }
        assert_eq!(irreversible(&day.app), before, "{by} s");
        assert!(!day.process.health.is_ready());
        day.jumps(-by);
        day.process.is_well().await;
        day.process.issues(&day.app).await;
        assert_eq!(day.app.anyone().token(&day.used.token).await.verdict(), "already_checked");
    }
}

#[tokio::test]
async fn a_slow_machine_and_a_small_correction_are_no_jumps() {
    let day = Day::begin().await;
    for (pause, by) in [(5 * HOUR, 0), (30, 29), (30, -29), (3 * DAY, 0)] {
        day.passes(pause);
        day.jumps(by);
        day.process.is_well().await;
        day.process.issues(&day.app).await;
    }
    assert_eq!(day.app.count("tokens"), 1, "what was over a day ago is purged");
}

/// Somebody who is suspended while the clock is ahead leaves no live code behind.
#[tokio::test]
async fn what_is_withdrawn_while_the_clock_is_ahead_is_withdrawn() {
    type Withdrawal = for<'a> fn(&'a TestApp) -> futures_util::future::BoxFuture<'a, ()>;
    let withdrawals: [Withdrawal; 3] = [
        |app| Box::pin(async { app.registry.suspend(&Actor::Operator, app.officer.officer.callsign.clone()).await.map(drop).unwrap() }),
        |app| Box::pin(async { drop(app.registry.withdraw(&app.officer.officer, app.authorisation).await.unwrap()) }),
        |app| {
            Box::pin(async {
                assert!(app.custodian.revoke(&Actor::Operator, key(3).public().id(), "stolen").await.unwrap().withdrawn >= 2);
            })
        },
    ];
    for (n, withdraw) in withdrawals.into_iter().enumerate() {
        let day = Day::begin().await;
        let fresh = day.app.officer.issue_plain().await;
        day.jumps(3 * DAY);
        withdraw(&day.app).await;
        day.jumps(-3 * DAY);
        assert_eq!(day.app.anyone().token(&fresh.token).await.verdict(), "withdrawn", "{n}");
    }
}

#[tokio::test]
async fn after_a_gap_nothing_is_purged_until_the_clock_has_settled() {
    let day = Day::begin().await;
    day.passes(8 * DAY);
    let process = Process::start(&day.app).await;
    let before = irreversible(&day.app);
    for pause in [0, 30, 569] {
        day.passes(pause);
        process.is_well().await;
        assert_eq!(irreversible(&day.app), before, "the key is due, but the one that signs can still sign");
    }
    process.issues(&day.app).await;
    day.passes(1);
    process.is_well().await;
    assert_eq!(day.app.count("tokens"), 1);
    assert_eq!(day.app.record(key(3).public().id()).await.stage, Stage::Retired);
    // A process that starts within half an hour of the last one has nothing to wait for.
    day.passes(1_800);
    let process = Process::start(&day.app).await;
    process.is_well().await;
    day.passes(7 * DAY);
    process.is_well().await;
    assert_eq!(day.app.count("tokens"), 0);
}

#[tokio::test]
async fn a_clock_that_was_wrong_at_the_start_and_is_set_right_costs_nothing() {
    let day = Day::begin().await;
    day.passes(60);
    day.jumps(31 * DAY);
    let process = Process::start(&day.app).await;
    let before = irreversible(&day.app);
    day.passes(300);
    process.is_well().await;
    day.jumps(-31 * DAY);
    // By a machine that asks for the time.
    for _ in 0..30 {
        process.is_well().await;
        day.passes(30);
    }
    assert_eq!(irreversible(&day.app), before);
    process.issues(&day.app).await;
    process.is_well().await;
    let before = irreversible(&day.app);
    day.jumps(31 * DAY);
    process.doubts_the_clock().await;
    assert_eq!(irreversible(&day.app), before, "it settled, and is not taken in later either");
}

/// While it is waited for a correction a clock may be set back by any time, and forwards by no more than what drops nothing.
#[tokio::test]
async fn a_clock_that_is_set_far_ahead_after_a_gap_is_never_believed() {
    for (by, is_believed) in [(31, true), (1_800, true), (1_801, false), (2 * DAY, false), (40 * DAY, false)] {
        let day = Day::begin().await;
        day.passes(26 * HOUR);
        let process = Process::start(&day.app).await;
        day.passes(300);
        process.is_well().await;
        day.jumps(by);
        let before = irreversible(&day.app);
        for _ in 0..40 {
            if is_believed {
                process.is_well().await;
            } else {
                process.doubts_the_clock().await;
                assert_eq!(irreversible(&day.app), before, "{by} s");
            }
            day.passes(30);
        }
        if !is_believed {
            day.jumps(-by);
            process.is_well().await;
            assert_eq!(irreversible(&day.app), before, "the ten minutes begin once more");
            day.passes(600);
        }
        process.is_well().await;
        assert_eq!(day.app.count("tokens"), 1, "{by} s: what is over a day ago is purged");
        // The verifier is restarted.
        day.app.watch.begin_again();
        process.issues(&day.app).await;
    }
}

#[tokio::test]
async fn where_no_key_can_sign_one_takes_over_at_once_after_a_gap_as_well() {
    let day = Day::begin().await;
    let first = key(3).public().id();
    day.passes(3 * DAY);
    day.app.custodian.revoke(&Actor::Operator, first, "stolen").await.unwrap();
    let process = Process::start(&day.app).await;
    assert_eq!(process.fails(), []);
    process.issues(&day.app).await;
    assert!(!day.app.vault.ids().unwrap().contains(&first), "a thief has it");
    assert_eq!(day.app.count("tokens"), 4, "nothing else was done");
}

#[tokio::test]
async fn a_clock_behind_the_newest_time_in_the_store_issues_nothing_until_it_is_corrected() {
    let day = Day::begin().await;
    day.passes(2 * HOUR);
    day.process.is_well().await;
    day.jumps(-HOUR);
    let process = Process::start(&day.app).await;
    process.doubts_the_clock().await;
    let why = process.health.failing_parts()[&Part::Clock].clone();
    assert!(why.starts_with("this machine's clock is 3600 s behind the newest time in the store"), "{why}");
    assert!(process.desk.issue(day.app.confirmed(&day.app.officer.officer).await, plain()).await.is_err());
    // It was ahead before, says somebody.
    let watch = ClockWatch::new(day.app.clock.clone());
    let corrected = clock_corrected(&*day.app.store, &watch).await.unwrap().unwrap();
    assert_eq!((corrected.purged_from, corrected.withdrawn), (corrected.purged_to, 0));
    process.is_well().await;
    // The verifier is restarted too.
    day.app.watch.begin_again();
    process.issues(&day.app).await;
    assert_eq!(clock_corrected(&*day.app.store, &watch).await.unwrap(), None);
}

#[tokio::test]
async fn a_purge_mark_in_the_future_is_an_alarm_and_refuses_to_issue_until_it_is_lowered() {
    let day = Day::begin().await;
    let app = &day.app;
    // As an earlier version did.
    app.store.report_first_checks(NOW).await.unwrap();
    app.store.purge(NOW + 3 * DAY).await.unwrap();
    assert!(day.process.housekeeper.round().await);
    assert_eq!(day.process.fails(), [Part::Purge]);
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem(), (503, "born-expired".into()));
    app.figures().await.is("purged_through_timestamp_seconds", day.prepared.expires_at);

    let corrected = clock_corrected(&*app.store, &ClockWatch::new(app.clock.clone())).await.unwrap().unwrap();
    let expected = (day.prepared.expires_at, NOW - KEEP_ROWS, 3);
    assert_eq!((corrected.purged_from, corrected.purged_to, corrected.withdrawn), expected);
    day.process.is_well().await;
    day.process.issues(app).await;
    app.clock.set(NOW + 23 * HOUR);
    assert_eq!(app.anyone().token(&day.prepared.token).await.verdict(), "withdrawn", "nobody knows whether it was used");
    app.begins_again_at(NOW);
    assert_eq!(app.anyone().token(&day.used.token).await.verdict(), "withdrawn");
    let report = countersign::issuer::inspect(&*app.store, world::ledger().0, vec![]).await.unwrap();
    assert_eq!((report.faults, report.counts["clock_corrected"]), (vec![], 1));
}

#[tokio::test]
async fn a_command_by_hand_asks_when_the_store_has_not_seen_the_time_for_a_day() {
    let day = Day::begin().await;
    let by_hand = async |is_right| {
        let watch = ClockWatch::new(day.app.clock.clone());
        time_by_hand(&*day.app.store, &watch, is_right).await
    };
    for (by, doubted) in [(0, false), (DAY, false), (1, true), (28 * DAY, true)] {
        day.jumps(by);
        let now = day.app.time().now();
        match by_hand(false).await {
            Ok(time) => assert_eq!((time, doubted), (Checked::Settled(now), false)),
            Err(error) => assert!(matches!(error, Untimely::FarAhead { newest: NOW, .. }) && doubted, "{error}"),
        }
        assert_eq!(by_hand(true).await.unwrap(), Checked::Settled(now));
    }
    day.app.clock.step(NOW - 31);
    for is_right in [false, true] {
        assert!(matches!(by_hand(is_right).await, Err(Untimely::Clock(_))));
    }
}
