//! The key set is over before anything starts: both roles start all the same, and the ceremony brings everything back while they run.

use serde_json::json;

use crate::{
    roles::Job,
    running::{
        Folder, SETTINGS, Service,
        faketime::{self, FakeTime},
        get, post,
    },
    wrong_clock::until,
};

/// Long enough that none of their keys can sign any more.
const OLD: i64 = -40 * 86_400;

/// A folder whose keys were made forty days ago; its people are of today.
fn old_keys(settings: &str) -> Option<Folder> {
    let folder = Folder::empty();
    folder.write("countersign.toml", settings);
    let time = FakeTime::in_file(folder.path().join("clock"), OLD)?;
    assert!(time.under(folder.command(&["keys", "init"])).output().unwrap().status.success());
    folder.people();
    Some(folder)
}

#[test]
fn both_roles_start_without_a_current_set_and_the_ceremony_brings_everything_back() {
    let Some(folder) = old_keys(SETTINGS) else {
        return eprintln!("NOT RUN: expired_set: {}", faketime::MISSING);
    };
    assert!(folder.ok(&["keys", "show"]).starts_with("Key set 1 of verify.example.org, expired "));
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let verifier = Service::start(&folder, &["--role", "verifier"]);
    for (url, status) in [
        (format!("{}/", verifier.public), 200),
        (format!("{}/check", verifier.public), 200),
        (format!("{}/.well-known/jwks.json", verifier.public), 503),
        (format!("{}/.well-known/countersign/keys.jwt", verifier.public), 200),
        (format!("{}/health/ready", verifier.public), 503),
        (format!("{}/health/ready", verifier.private), 503),
        (format!("{}/health/live", verifier.public), 204),
        (format!("{}/", issuer.private), 200),
    ] {
        assert_eq!(get(&url).0, status, "{url}");
    }
    until("not ready", || get(&format!("{}/health/ready", issuer.private)).0 == 503);
    let refused = folder.run(&["issue", "--private-url", &issuer.private, "--channel", "telephone"]);
    assert!(refused.code != 0 && refused.stderr.contains("keys publish"), "{}", refused.stderr);
    let answer = post(&format!("{}/v1/verify", verifier.public), &json!({"code": "acid acid acid acid acid"})).unwrap();
    assert!(answer.1["verdict"] == "cannot_check" || answer.1["verdict"] == "mistyped", "{answer:?}");
    let said = folder.run(&["keys", "rotate"]).stderr;
    assert!(said.contains("the key set expired; have the root key sign the next one"), "{said}");
    folder.ok(&["page", "export", "page"]);

    folder.ok(&["keys", "publish", "--request", "next.request"]);
    folder.ok(&["keys", "publish", "--sign", "next.request", "--out", "next.jwt"]);
    // The root key is on this machine, and its folder knows the set already; the store does not.
    folder.ok(&["keys", "publish", "--set", "next.jwt"]);
    for ready in [&issuer.private, &verifier.public] {
        until("ready", || get(&format!("{ready}/health/ready")).0 == 204);
    }
    Job { folder: &folder, private: &issuer.private, public: &verifier.public }.run();
    for (service, said) in
        [(verifier, "the key set expired, so nothing can be checked"), (issuer, "the key set expired; have the root key")]
    {
        let (status, log) = service.terminate();
        assert!(status.success(), "{log}");
        assert_eq!(log.matches(said).count(), 1, "{log}");
    }
}

/// A demonstration has its root key, and signs the next set itself.
#[test]
fn one_process_starts_without_a_current_set() {
    let Some(folder) = old_keys(SETTINGS) else {
        return eprintln!("NOT RUN: expired_set: {}", faketime::MISSING);
    };
    let service = Service::start(&folder, &["--role", "all"]);
    assert_eq!(get(&format!("{}/check", service.public)).0, 200);
    assert_eq!(get(&format!("{}/health/ready", service.public)).0, 503);
    folder.ok(&["keys", "publish"]);
    until("ready", || get(&format!("{}/health/ready", service.public)).0 == 204);
    until("ready to issue", || get(&format!("{}/health/ready", service.private)).0 == 204);
    Job { folder: &folder, private: &service.private, public: &service.public }.run();
}

/// The folder is behind the store, or before it: the newer set counts, whichever of them has it.
#[test]
fn the_newer_set_counts_wherever_it_is() {
    let Some(folder) = old_keys(SETTINGS) else {
        return eprintln!("NOT RUN: expired_set: {}", faketime::MISSING);
    };
    let starts_ready = |what: &str| {
        let service = Service::start(&folder, &["--role", "all"]);
        until(what, || [&service.public, &service.private].iter().all(|side| get(&format!("{side}/health/ready")).0 == 204));
        Job { folder: &folder, private: &service.private, public: &service.public }.run();
    };
    let (set, old) = (folder.path().join("keys/keyset.jwt"), folder.path().join("old.jwt"));
    std::fs::copy(&set, &old).unwrap();
    folder.ok(&["keys", "publish"]);
    let new = std::fs::read(&set).unwrap();
    std::fs::copy(&old, &set).unwrap();
    starts_ready("the store has the newer set");
    std::fs::write(&set, new).unwrap();
    let store = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    store.execute_batch("DELETE FROM key_sets WHERE version = 2; DELETE FROM signing_keys WHERE stage <> 'removed'").unwrap();
    drop(store);
    starts_ready("the folder has the newer set");
}

/// After the compromise drill's revocations no key is left until the next set comes, and the service may be restarted meanwhile.
#[test]
fn a_service_without_any_key_that_signs_starts_and_the_next_set_brings_it_back() {
    let folder = Folder::ready();
    folder.ok(&["keys", "publish"]);
    let keys = folder.json(&["keys", "show"]);
    for key in keys["keys"].as_array().unwrap() {
        folder.run(&["keys", "revoke", "--reason", "stolen", "--", key["kid"].as_str().unwrap()]);
    }
    let service = Service::start(&folder, &["--role", "all"]);
    assert_eq!(get(&format!("{}/check", service.public)).0, 200);
    until("not ready to issue", || get(&format!("{}/health/ready", service.private)).0 == 503);
    let refused = folder.run(&["issue", "--private-url", &service.private, "--channel", "telephone"]);
    assert!(refused.code != 0 && refused.stderr.contains("keys publish"), "{}", refused.stderr);
    folder.ok(&["keys", "publish"]);
    until("ready to issue", || get(&format!("{}/health/ready", service.private)).0 == 204);
    Job { folder: &folder, private: &service.private, public: &service.public }.run();
}
