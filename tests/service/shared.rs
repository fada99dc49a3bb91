//! The real processes on PostgreSQL, each with its own role: an issuer, its commands, and two verifiers that keep nothing.

use serde_json::Value;

use crate::{
    database::{Cluster, not_run},
    forms,
    roles::Job,
    running::{
        Folder, PATIENCE, Service,
        faketime::{self, FakeTime},
        get,
    },
    wrong_clock::until,
};

/// What a verifier publishes of its keys.
fn published(verifier: &Service) -> Vec<String> {
    let jwks: Value = ureq::get(format!("{}/.well-known/jwks.json", verifier.public)).call().unwrap().body_mut().read_json().unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_and_two_verifiers_share_a_database() {
    let Some(cluster) = Cluster::start(&[]).await else {
        return not_run("shared::an_issuer_and_two_verifiers_share_a_database");
    };
    let (issuer_url, verifier_url) =
        (cluster.url("countersign_issuer", "countersign"), cluster.url("countersign_verifier_1", "countersign"));
    tokio::task::spawn_blocking(move || {
        let folder = Folder::ready_for_verifiers(&issuer_url, &verifier_url);
        let issuer = Service::start(&folder, &["--role", "issuer"]);
        let verify = ["--role", "verifier", "--keys", "public", "--config", "verifier.toml"];
        let verifiers = [Service::start(&folder, &verify), Service::start(&folder, &verify)];
        for verifier in &verifiers {
            Job { folder: &folder, private: &issuer.private, public: &verifier.public }.run();
        }
        same_form_everywhere(&folder, &issuer, &verifiers);
        revoked_everywhere(&folder, &issuer, &verifiers);
        for figure in ["verifier_oldest_transaction_seconds 0", "verifier_sessions_ended_total 0", "store_prepared 1"] {
            until(figure, || get(&format!("{}/metrics", issuer.private)).1.contains(&format!("countersign_{figure}\n")));
        }
        for service in verifiers.into_iter().chain([issuer]) {
            let (status, log) = service.terminate();
            assert!(status.success(), "{log}");
            assert!(!log.contains("postgres://"), "{log}");
        }
        folder.ok(&["ledger", "verify"]);
    })
    .await
    .unwrap();
}

/// A form is one form at every verifier, also at one whose clock differs.
fn same_form_everywhere(folder: &Folder, issuer: &Service, [first, second]: &[Service; 2]) {
    let job = Job { folder, private: &issuer.private, public: &first.public };
    forms::sent_twice_at_once(&job, [&first.public, &second.public]);
    let Some(clock) = FakeTime::in_file(folder.path().join("clock"), 0) else {
        return eprintln!("NOT RUN: shared::same_form_everywhere: {}", faketime::MISSING);
    };
    let command = folder.command(&["serve", "--role", "verifier", "--keys", "public", "--config", "verifier.toml"]);
    let third = Service::spawn(clock.under(command));
    forms::sent_again_by_another_clock(&job, &first.public, &third.public, &clock);
    let (status, log) = third.terminate();
    assert!(status.success(), "{log}");
}

/// What was used at one verifier is used at the other, and a key that is revoked is revoked at both.
fn revoked_everywhere(folder: &Folder, issuer: &Service, verifiers: &[Service; 2]) {
    let at = |verifier: usize| Job { folder, private: &issuer.private, public: &verifiers[verifier].public };
    let (used, unused) = (at(0).issue(&["--channel", "online"]), at(0).issue(&["--channel", "online"]));
    assert_eq!(at(0).verdict(&used.link, &[]), (0, "genuine".into()));
    assert_eq!(at(1).verdict(&used.link, &[]), (1, "already_checked".into()));
    let keys = folder.json(&["keys", "show"]);
    let active = keys["keys"].as_array().unwrap().iter().find(|key| key["stage"] == "active").unwrap()["kid"].as_str().unwrap();
    folder.ok(&["keys", "revoke", active, "--reason", "stolen"]);
    for (n, verifier) in verifiers.iter().enumerate() {
        assert_eq!(at(n).verdict(&unused.link, &[]), (1, "withdrawn".into()));
        let mut left = PATIENCE;
        while published(verifier).iter().any(|kid| kid == active) {
            let pause = std::time::Duration::from_millis(50);
            left = left.checked_sub(pause).expect("the verifier still publishes a revoked key");
            std::thread::sleep(pause);
        }
    }
}
