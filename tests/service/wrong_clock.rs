//! Real verifiers on PostgreSQL whose clocks are wrong from their start, so that only the database's time shows it.

use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    database::{Cluster, not_run},
    roles::Job,
    running::{
        Folder, PATIENCE, Service,
        faketime::{self, FakeTime},
        get, post,
    },
};

/// Waits until it is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let pause = Duration::from_millis(100);
    let tries = PATIENCE.as_millis() / pause.as_millis();
    assert!(
        (0..tries).any(|_| so() || {
            thread::sleep(pause);
            false
        }),
        "{what}: not within a minute"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_with_a_wrong_clock_judges_nothing_until_it_is_set_right() {
    let test = "wrong_clock::a_verifier_with_a_wrong_clock_judges_nothing_until_it_is_set_right";
    let Some(cluster) = Cluster::start(&[]).await else { return not_run(test) };
    let (issuer_url, verifier_url) =
        (cluster.url("countersign_issuer", "countersign"), cluster.url("countersign_verifier_1", "countersign"));
    tokio::task::spawn_blocking(move || {
        let folder = Folder::ready_for_verifiers(&issuer_url, &verifier_url);
        let issuer = Service::start(&folder, &["--role", "issuer"]);
        for seconds in [-125, -180, 600] {
            let Some(time) = FakeTime::in_file(folder.path().join("clock"), seconds) else {
                return eprintln!("NOT RUN: {test}: {}", faketime::MISSING);
            };
            wrong_then_right(&folder, &issuer, &time, seconds);
        }
    })
    .await
    .unwrap();
}

fn wrong_then_right(folder: &Folder, issuer: &Service, time: &FakeTime, seconds: i64) {
    let command = folder.command(&["serve", "--role", "verifier", "--keys", "public", "--config", "verifier.toml"]);
    let verifier = Service::spawn(time.under(command));
    let job = Job { folder, private: &issuer.private, public: &verifier.public };
    let sheet = job.issue(&["--channel", "telephone"]);
    let verify = |body| post(&format!("{}/v1/verify", verifier.public), &body).unwrap();
    let ready = || get(&format!("{}/health/ready", verifier.public)).0;
    let figure = |line: String| get(&format!("{}/metrics", verifier.private)).1.lines().any(|said| said == line);
    for shown in [json!({"code": sheet.words}), json!({"token": sheet.link}), json!({"code": "acid acid acid acid acid"})] {
        let (status, answer) = verify(shown);
        assert!(status == 503 && answer["verdict"] == "cannot_check" || answer["verdict"] == "mistyped", "{seconds}: {answer}");
    }
    assert_eq!(ready(), 503, "{seconds}");
    assert!(figure("countersign_guesses_taken{pool=\"five\"} 0".into()), "no guess was spent");
    assert!(figure("countersign_failing{side=\"verifier\",part=\"clock\"} 1".into()));
    assert!((seconds - 2..=seconds + 2).any(|off| figure(format!("countersign_clock_offset_seconds {off}"))), "{seconds}");
    time.set(0);
    let (_, answer) = verify(json!({"code": sheet.words}));
    assert_eq!(answer["verdict"], "genuine", "at once");
    until("ready", || ready() == 204);
    let (status, log) = verifier.terminate();
    assert!(status.success(), "{log}");
    let way = if seconds < 0 { "behind" } else { "ahead of" };
    assert_eq!(log.matches(&format!("s {way} the database's; set it right")).count(), 1, "{log}");
}
