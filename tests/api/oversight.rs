//! What an overseer takes away: the newest checkpoint, and proofs that one ledger extends another. Nobody else does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign::{
    authority::{Actor, Role},
    issuer::{Refused, Renewal},
    ledger::{Checkpoint, Frontier, Handover, Hash, KeyCause, Proof, leaf_hash, tree},
    store::LedgerStore as _,
};
use reqwest::Method;
use serde_json::json;

use crate::{
    actors::{Person, Reply},
    app::TestApp,
    world::{self, DAY, NOW},
};

const CHECKPOINT: &str = "/v1/ledger/checkpoint";
const KEYS: &str = "/v1/ledger/keys";

async fn with_overseer() -> (TestApp, Person) {
    let app = TestApp::start().await;
    let overseer = app.person("swift", Role::Overseer).await;
    (app, overseer)
}

/// The note, which the ledger's key signed.
async fn fetched(overseer: &Person) -> Checkpoint {
    let reply = overseer.get(CHECKPOINT).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; charset=utf-8"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
    Checkpoint::open(&reply.body, &world::ledger().0).unwrap()
}

fn consistency(first: impl std::fmt::Display, second: impl std::fmt::Display) -> String {
    format!("/v1/ledger/consistency/{first}/{second}")
}

/// The root of every size, from the entries alone.
async fn roots(app: &TestApp) -> Vec<Hash> {
    let mut frontier = Frontier::default();
    let mut roots = vec![frontier.root()];
    for entry in app.entries().await {
        frontier.push(leaf_hash(entry.as_bytes()));
        roots.push(frontier.root());
    }
    roots
}

#[tokio::test]
async fn overseers_alone_may_ask() {
    let (app, overseer) = with_overseer().await;
    let suspended = app.person("kite", Role::Overseer).await;
    app.registry.suspend(&Actor::Operator, "kite".parse().unwrap()).await.unwrap();
    let nobody = overseer.with_credential(None);
    let made_up = overseer.with_credential(Some("countersign_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let (forbidden, unrecognised) = ((403, "not-allowed".to_owned()), (401, "no-credential".to_owned()));
    for path in [CHECKPOINT.to_owned(), consistency(1, 2), KEYS.to_owned()] {
        assert_eq!(overseer.get(&path).await.status, 200, "{path}");
        for person in [&app.officer, &app.approver, &app.administrator] {
            assert_eq!(person.get(&path).await.problem(), forbidden, "{path} by {}", person.officer.callsign);
        }
        for person in [&suspended, &made_up] {
            assert_eq!(person.get(&path).await.problem(), unrecognised, "{path}");
        }
        assert_eq!(nobody.get(&path).await.problem(), (401, "no-session".into()), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(Reply::of(overseer.request(method, &path)).await.problem(), (405, "method".into()), "{path}");
        }
    }
    app.clock.set(NOW + 301 * DAY);
    assert_eq!(overseer.get(CHECKPOINT).await.problem(), unrecognised, "the credential ran out");
}

#[tokio::test]
async fn the_checkpoint_covers_all_that_happened_before_it_was_asked_for() {
    let (app, overseer) = with_overseer().await;
    for n in 0..3 {
        app.officer.issue_plain().await;
        app.acted_without_the_key(&format!("plover{n}")).await;
        let (roots, before) = (roots(&app).await, app.count("ledger_checkpoints"));
        let newest = fetched(&overseer).await;
        assert_eq!(newest, Checkpoint { size: roots.len() as u64 - 1, root: roots[roots.len() - 1] });
        assert_eq!(fetched(&overseer).await, newest, "nothing happened since");
        assert_eq!(roots.len() - 1, app.entries().await.len(), "asking is not an act");
        assert_eq!(app.count("ledger_checkpoints"), before + 1, "one, since there was something without");
    }
}

#[tokio::test]
async fn an_empty_ledger_has_no_checkpoint() {
    let (app, overseer) = with_overseer().await;
    // Which no act leaves behind, since an overseer had to be enrolled; nor would the process that was there before believe it.
    app.sql().execute_batch("DELETE FROM ledger_entries; DELETE FROM ledger_nodes; DELETE FROM ledger_checkpoints").unwrap();
    assert_eq!(overseer.get(CHECKPOINT).await.problem(), (503, "ledger-unsound".into()));
    app.ledger.forget_last();
    let asking = app.registry.overseer(&overseer.officer).await.unwrap();
    let refused = app.restarted().0.newest(&asking).await.unwrap_err();
    assert!(matches!(refused, Refused::Unknown { what: "checkpoint", .. }), "{refused}");
}

#[tokio::test]
async fn a_ledger_that_was_changed_is_not_signed_for_anybody() {
    let (app, overseer) = with_overseer().await;
    fetched(&overseer).await;
    app.sql().execute_batch("DELETE FROM ledger_entries WHERE seq = (SELECT max(seq) FROM ledger_entries)").unwrap();
    let reply = overseer.get(CHECKPOINT).await;
    assert_eq!(reply.problem(), (503, "ledger-unsound".into()));
    assert!(!reply.body.contains("countersign ledger verify") && !reply.body.contains("seq"), "nothing from inside: {reply:?}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_signed_now_is_not_called_changed() {
    for broken in [None, Some(world::key(6))] {
        let (app, overseer) = with_overseer().await;
        let renewal = Renewal::new(app.store.clone(), app.ledger.clone(), app.clock.clone(), app.entropy.clone());
        renewal.renew(KeyCause::Renewed, None).await.unwrap();
        // Before the running service has the new key.
        app.ledger.put(broken.as_ref());
        assert_eq!(overseer.get(CHECKPOINT).await.problem(), (503, "ledger-unsigned".into()));
    }
}

/// The hashes of a proof, in its one member.
fn hashes(reply: &Reply) -> Vec<Hash> {
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
    let json = reply.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["hashes"]);
    let hash = |hash: &serde_json::Value| STANDARD.decode(hash.as_str().unwrap()).unwrap().try_into().unwrap();
    json["hashes"].as_array().unwrap().iter().map(hash).collect()
}

#[tokio::test]
async fn each_size_is_shown_to_extend_each_before_it() {
    let (app, overseer) = with_overseer().await;
    while app.entries().await.len() < 23 {
        app.officer.issue_plain().await;
    }
    let roots = roots(&app).await;
    let (mut pairs, size) = (0, roots.len() as u64 - 1);
    for second in 1..=size {
        for first in 1..=second {
            let proof = hashes(&overseer.get(&consistency(first, second)).await);
            let root = |size: u64| &roots[usize::try_from(size).unwrap()];
            assert!(tree::extends((first, root(first)), (second, root(second)), &proof), "{first} of {second}");
            assert!(!tree::extends((first, root(first - 1)), (second, root(second)), &proof), "another past: {first} of {second}");
            assert!(!tree::extends((first, root(first)), (second, root(second - 1)), &proof), "another present: {first} of {second}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 23 * 24 / 2);
}

#[tokio::test]
async fn what_an_overseer_kept_is_shown_to_be_the_beginning_of_what_there_is() {
    let (app, overseer) = with_overseer().await;
    let mut kept = fetched(&overseer).await;
    for acts in [1, 2, 5] {
        for _ in 0..acts {
            app.officer.issue_plain().await;
        }
        let newest = fetched(&overseer).await;
        let proof = hashes(&overseer.get(&consistency(kept.size, newest.size)).await);
        assert!(tree::extends((kept.size, &kept.root), (newest.size, &newest.root), &proof));
        kept = newest;
    }
}

#[tokio::test]
async fn sizes_that_are_none_are_refused_and_nothing_breaks() {
    let (app, overseer) = with_overseer().await;
    let size = app.store.head().await.unwrap().size;
    let most = u64::MAX;
    for (first, second) in [(0, 0), (0, size), (2, 1), (size, 1), (1, size + 1), (size + 1, size + 1), (1, most), (most, most), (most, 1)] {
        assert_eq!(overseer.get(&consistency(first, second)).await.problem(), (404, "unknown".into()), "{first} and {second}");
    }
    let huge = "9".repeat(4_000);
    for other in ["x", "-1", "1.0", "1e1", "0x1", "18446744073709551616", huge.as_str(), "%00", "%ff", "%20", "%201", "%D9%A1"] {
        for path in [consistency(other, 2), consistency(1, other), consistency(other, other), consistency("", 2)] {
            let (status, kind) = overseer.get(&path).await.problem();
            assert_eq!((status, kind.as_str()), (422, "invalid"), "{path}");
        }
    }
    for path in ["/v1/ledger", "/v1/ledger/", "/v1/ledger/consistency/1", "/v1/ledger/consistency/1/2/3"] {
        assert_eq!(overseer.get(path).await.problem(), (404, "not-found".into()), "{path}");
    }
    let whole = overseer.get(&consistency(size, size)).await;
    assert_eq!(whole.json(), json!({"hashes": []}), "it extends itself");
}

#[tokio::test]
async fn each_change_of_the_key_is_shown_under_the_first_checkpoint_that_covers_it() {
    let (app, overseer) = with_overseer().await;
    let changes = async || overseer.get(KEYS).await.json()["changes"].as_array().unwrap().clone();
    assert_eq!(changes().await, Vec::<serde_json::Value>::new());
    let renewal = Renewal::new(app.store.clone(), app.ledger.clone(), app.clock.clone(), app.entropy.clone());
    fetched(&overseer).await;
    for (cause, vouched) in [(KeyCause::Renewed, true), (KeyCause::Stolen, false), (KeyCause::Renewed, true)] {
        let done = renewal.renew(cause, None).await.unwrap();
        assert_eq!(done.vouched, vouched);
        // The running service goes on under the new key.
        app.officer.issue_plain().await;
        let reply = overseer.get(CHECKPOINT).await;
        assert!(Checkpoint::open(&reply.body, &done.change.new).is_ok(), "{reply:?}");
        let shown = changes().await;
        let proofs: Vec<Proof> = shown.iter().map(|shown| Proof::read(shown.as_str().unwrap()).unwrap()).collect();
        let newest = Handover::all(&proofs).unwrap().pop().unwrap();
        assert_eq!((newest.change, newest.vouched), (done.change, vouched));
    }
    assert_eq!(changes().await.len(), 3);
}
