//! While the ledger cannot be signed, nothing comes into the world that the overseer would not see; all that takes back goes on.

use countersign::{
    authority::Actor,
    issuer::{IssueRequest, LedgerVault as _, Refused},
    ledger::Checkpoint,
    store::LedgerStore as _,
    token::Channel,
};
use serde_json::json;

use crate::{
    app::TestApp,
    world::{self, NOW},
};

/// What keeps the ledger from being signed.
type Broken = (&'static str, fn(&TestApp));

const BROKEN: [Broken; 6] = [
    ("the key is gone", |app| app.ledger.put(None)),
    ("the key is one made by hand", |app| app.ledger.put(Some(&world::key(6)))),
    ("the newest checkpoint is another's", |app| {
        app.sql()
            .execute_batch("UPDATE ledger_checkpoints SET note = 'a letter' WHERE number = (SELECT max(number) FROM ledger_checkpoints)")
            .unwrap();
    }),
    ("an older copy of the store was put back", |app| {
        let (name, key) = world::ledger();
        app.ledger.remember(&Checkpoint { size: 1_000, root: [0; 32] }.sign(&name, &key)).unwrap();
    }),
    ("what was signed was changed", |app| app.sql().execute_batch("UPDATE ledger_nodes SET hash = zeroblob(32)").unwrap()),
    ("the machine's disk holds another ledger's checkpoint", |app| app.ledger.remember("a letter").unwrap()),
];

#[tokio::test]
async fn nothing_is_issued_and_all_that_takes_back_goes_on() {
    for (what, breaks) in BROKEN {
        let app = TestApp::start().await;
        let (silent, spoken) = (app.officer.issue_plain().await, app.officer.issue_spoken().await);
        app.issuer_side.notary.sign().await.unwrap();
        app.confirmed(&app.officer.officer).await;
        let restarted = app.restarted();
        breaks(&app);
        // A process that was started after it, or one that noticed in its round.
        let (notary, desk) = restarted;
        assert!(notary.sign().await.is_err(), "{what}");
        let approach = world::approach(Channel::InPerson);
        let request = IssueRequest { authorisation: None, approach, not_before: None, lifetime: None, spoken: None };
        let size = app.store.head().await.unwrap().size;
        let refused = desk.issue(app.confirmed(&app.officer.officer).await, request).await.unwrap_err();
        assert!(matches!(refused, Refused::Unsigned(_) | Refused::Store(_)), "{what}: {refused}");
        assert_eq!(app.store.head().await.unwrap().size, size, "{what}: no entry, so no code");
        // The running one notices with its next checkpoint, unless it has the key in memory.
        if app.issuer_side.notary.sign().await.is_err() {
            let (status, kind) = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem();
            assert!(status == 503 && ["ledger-unsigned", "unavailable"].contains(&kind.as_str()), "{what}: {status} {kind}");
            let (status, kind) = app.officer.speak(&silent.id, &silent.token).await.problem();
            assert!(status == 503 && ["ledger-unsigned", "unavailable"].contains(&kind.as_str()), "{what}: {status} {kind}");
        }
        assert_eq!(app.anyone().token(&spoken.token).await.verdict(), "genuine", "{what}");
        app.officer.withdraw(&silent.id).await;
        assert_eq!(app.anyone().token(&silent.token).await.verdict(), "withdrawn", "{what}");
        app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
        app.custodian.revoke(&Actor::Operator, world::key(3).public().id(), "stolen").await.unwrap();
    }
}

#[tokio::test]
async fn the_sentence_is_for_the_officer_and_issuing_resumes_with_the_next_request() {
    let app = TestApp::start().await;
    app.issuer_side.notary.sign().await.unwrap();
    let newest = "number = (SELECT max(number) FROM ledger_checkpoints)";
    let note = &format!("SELECT note FROM ledger_checkpoints WHERE {newest}");
    let honest: String = app.sql().query_row(note, [], |row| row.get(0)).unwrap();
    let update = &format!("UPDATE ledger_checkpoints SET note = ?1 WHERE {newest}");
    let put = |note: &str| assert_eq!(app.sql().execute(update, [note]), Ok(1));
    put("a letter");
    assert!(app.issuer_side.notary.sign().await.is_err());
    let reply = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(reply.problem(), (503, "ledger-unsigned".into()));
    let says = "the ledger cannot be signed now, so nothing is issued and no checkpoint is given; ask the operators of the service to read its log";
    assert_eq!(reply.json()["detail"], says);
    put(&honest);
    app.clock.set(NOW + 1);
    app.officer.issue_plain().await;
}
