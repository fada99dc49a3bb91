//! The key set is over: everything goes on but checks and issues, and the ceremony brings those back without a restart.

use std::sync::Arc;

use countersign::{
    health::Health,
    issuer::{Ask, Housekeeper, Notary, Spares},
    keyring::MAX_SET_LIFETIME,
    verifier::{KeyWatch, Readiness, WatchError},
};
use serde_json::json;

use crate::{
    app::{TestApp, five_words, wide},
    world::{self, DAY, NOW, issuer, root, unknown_code},
};

/// The second in which the first set is over.
const OVER: i64 = NOW - DAY + MAX_SET_LIFETIME;

impl TestApp {
    fn housekeeper(&self) -> Housekeeper {
        let notary = Arc::new(Notary::new(self.store.clone(), self.ledger.clone()));
        Housekeeper::new(
            self.store.clone(),
            self.watch.clone(),
            self.issuer_health.clone(),
            self.custodian.clone(),
            notary,
            five_words(256),
        )
    }

    /// Ten seconds before the set is over, with an authorisation that lasts longer than it.
    async fn nearly_over(&self) {
        self.clock.set(OVER - 10);
        self.readiness.look().await;
        self.approved(&self.officer.officer, Ask { until: OVER + DAY, ..wide() }).await;
    }
}

#[tokio::test]
async fn everything_but_checks_and_issues_goes_on_and_the_ceremony_brings_those_back() {
    let app = TestApp::start().await;
    let housekeeper = app.housekeeper();
    app.nearly_over().await;
    let (token, spoken) = (app.officer.issue_plain().await.token, app.officer.issue_spoken().await);
    app.clock.set(OVER);
    app.readiness.look().await;
    assert!(housekeeper.round().await, "its work goes on");
    for reply in
        [app.anyone().token(&token).await, app.anyone().code(&spoken.words).await, app.anyone().code(&unknown_code(1).words()).await]
    {
        assert_eq!((reply.status, reply.verdict().as_str()), (503, "cannot_check"));
    }
    assert_eq!((app.count("misses"), app.count("marks")), (0, 0));
    for (path, status) in [
        ("/", 200),
        ("/check", 200),
        ("/health/live", 204),
        ("/health/ready", 503),
        ("/.well-known/jwks.json", 503),
        ("/.well-known/countersign/keys.jwt", 200),
    ] {
        assert_eq!(app.anyone().get(path).await.status, status, "{path}");
    }
    let refused = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(refused.problem(), (503, "no-key".into()));
    assert!(refused.body.contains("keys publish"), "{refused:?}");
    assert_eq!(app.officer.get("/").await.status, 200, "the console");
    assert_eq!(app.officer.get("/v1/authorisations").await.status, 200);
    assert_eq!(app.officer.get("/health/ready").await.status, 503);
    let figures = app.figures().await;
    figures.is("failing{side=\"verifier\",part=\"key_set\"}", 1);
    figures.is("failing{side=\"issuer\",part=\"signing_keys\"}", 1);

    let next = app.custodian.next_set(0, Spares::Used).await.unwrap().set;
    assert!(app.custodian.publish(&world::first_key_set()).await.is_err(), "what is over is not published again");
    app.custodian.publish(&next.sign(&root())).await.unwrap();
    app.readiness.look().await;
    housekeeper.round().await;
    let issued = app.officer.issue_plain().await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().code(&spoken.words).await.verdict(), "genuine", "issued before, and still in its time");
    for path in ["/health/ready", "/.well-known/jwks.json"] {
        assert!(app.anyone().get(path).await.status < 300, "{path}");
    }
    assert_eq!(app.officer.get("/health/ready").await.status, 204);
}

/// The next set is found by the first check, before anybody looks.
#[tokio::test]
async fn the_next_set_counts_at_once() {
    let app = TestApp::start().await;
    app.nearly_over().await;
    let spoken = app.officer.issue_spoken().await;
    app.clock.set(OVER);
    let next = app.custodian.next_set(0, Spares::Used).await.unwrap().set;
    app.custodian.publish(&next.sign(&root())).await.unwrap();
    assert_eq!(app.anyone().code(&spoken.words).await.verdict(), "genuine");
}

/// What a process does that starts now.
async fn begins(app: &TestApp) -> (Result<(), WatchError>, Arc<Health>) {
    let keys = Arc::new(KeyWatch::new(root().public(), issuer(), app.clock.clone()));
    let health = Arc::new(Health::default());
    (Readiness::new(app.store.clone(), keys, app.watch.clone(), health.clone()).begin().await, health)
}

#[tokio::test]
async fn a_verifier_begins_without_a_current_set_and_not_with_a_strangers() {
    let app = TestApp::start().await;
    assert!(matches!(begins(&app).await, (Ok(()), health) if health.is_ready()));
    app.clock.set(OVER);
    let (begun, health) = begins(&app).await;
    assert!(begun.is_ok() && health.failing_parts().values().all(|why| why.contains("keys publish")) && !health.is_ready());
    app.sql().execute_batch("DELETE FROM key_sets").unwrap();
    let (begun, health) = begins(&app).await;
    assert!(begun.is_ok() && health.failing_parts().values().all(|why| why.contains("keys publish")) && !health.is_ready());
    let early = world::key_set(7, OVER + MAX_SET_LIFETIME + 61, vec![world::published()]);
    let forged = world::first_key_set().replace('.', ".A");
    for refused in [early, forged] {
        app.sql().execute("INSERT OR REPLACE INTO key_sets VALUES (9, ?1)", [refused]).unwrap();
        assert!(matches!(begins(&app).await.0, Err(WatchError::KeySet(_))));
    }
}
