//! Ready is who can do the work now: a store that takes no writes, keys that were not read, an issuer of which a part fails.

use countersign::{authority::Actor, health::Part, http::app::Phase, issuer::Timekeeper, token::Token};
use reqwest::Method;

use crate::{
    actors::{Asker, Reply},
    app::TestApp,
    faults::{Fault, Faulty},
    world::{self, NOW, key},
};

const PUBLISHED: [&str; 2] = ["/.well-known/countersign/keys.jwt", "/.well-known/jwks.json"];

impl TestApp {
    /// As each round of housekeeping begins.
    async fn issuer_writes(&self) -> bool {
        Timekeeper::new(self.store.clone(), self.watch.clone(), self.issuer_health.clone()).check().await.is_some()
    }

    async fn assert_ready(&self, is_ready: bool) {
        let reply = self.anyone().get("/health/ready").await;
        assert_eq!(reply.status, if is_ready { 204 } else { 503 }, "{reply:?}");
        let figures = self.figures().await;
        figures.is("store_up", is_ready.into());
        figures.is("failing{side=\"verifier\",part=\"store\"}", (!is_ready).into());
    }
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_not_ready_after_the_next_look() {
    let app = TestApp::start().await;
    app.assert_ready(true).await;
    app.figures().await.is("store_written_timestamp_seconds", NOW);
    let refuse = "CREATE TRIGGER refused BEFORE INSERT ON heartbeats BEGIN SELECT RAISE(ABORT, 'secret detail'); END";
    for (breaks, mends) in
        [(refuse, "DROP TRIGGER refused"), ("ALTER TABLE heartbeats RENAME TO gone", "ALTER TABLE gone RENAME TO heartbeats")]
    {
        app.sql().execute_batch(breaks).unwrap();
        app.readiness.look().await;
        app.assert_ready(false).await;
        let reply = app.anyone().get("/health/ready").await;
        assert!(!reply.body.contains("secret"), "{reply:?}");
        app.sql().execute_batch(mends).unwrap();
        app.readiness.look().await;
        app.assert_ready(true).await;
    }
}

/// Too much to do for a moment is no reason to send people elsewhere, and for half a minute it is.
#[tokio::test]
async fn a_store_that_does_not_come_to_a_write_is_given_half_a_minute() {
    let app = TestApp::start().await;
    app.faults.set(Fault::Hangs("heartbeat"));
    app.readiness.look().await;
    app.assert_ready(true).await;
    app.clock.set(NOW + 30);
    app.assert_ready(true).await;
    app.clock.set(NOW + 31);
    assert_eq!(app.anyone().get("/health/ready").await.status, 503, "also where nobody looks any more");
    app.figures().await.is("store_up", 0);
    app.readiness.look().await;
    app.assert_ready(false).await;
    app.faults.set(Fault::None);
    app.readiness.look().await;
    app.assert_ready(true).await;
}

/// Both sets, asked for by somebody new and by who has them, with the status that the answer should have.
async fn published(app: &TestApp, tags: &[String]) -> Vec<(u16, Reply)> {
    let mut replies = vec![];
    for (path, tag) in PUBLISHED.iter().zip(tags) {
        let get = app.anyone().request(Method::GET, path).header("origin", "https://anywhere.example");
        replies.push((200, Reply::of(get.try_clone().unwrap()).await));
        replies.push((304, Reply::of(get.header("if-none-match", tag)).await));
    }
    assert!(replies.iter().all(|(_, reply)| reply.header("access-control-allow-origin") == "*"));
    replies
}

#[tokio::test]
async fn what_was_read_over_a_minute_ago_is_not_published() {
    let app = TestApp::start().await;
    let mut tags = vec![];
    for path in PUBLISHED {
        tags.push(app.anyone().get(path).await.header("etag").to_owned());
    }
    app.faults.set(Fault::Fails("key_set"));
    for (age, max_age) in [(10, "max-age=30"), (45, "max-age=15"), (60, "max-age=0")] {
        app.clock.set(NOW + age);
        app.readiness.look().await;
        for (status, reply) in published(&app, &tags).await {
            assert_eq!((reply.status, reply.header("cache-control")), (status, max_age), "at {age}");
        }
    }
    for age in [61, 3_600] {
        app.clock.set(NOW + age);
        app.readiness.look().await;
        // Nobody makes it fresh by setting the clock.
        for wall in [NOW, NOW + age] {
            app.clock.step(wall);
            for (_, reply) in published(&app, &tags).await {
                assert_eq!(reply.problem(), (503, "unavailable".into()), "at {age}");
                assert_eq!((reply.header("retry-after"), reply.header("etag")), ("10", ""));
                assert!(reply.header("cache-control").contains("no-store"));
            }
        }
    }
    assert_eq!(app.anyone().get("/health/ready").await.status, 503);
    app.figures().await.is("failing{side=\"verifier\",part=\"key_set\"}", 1);
    app.faults.set(Fault::None);
    app.readiness.look().await;
    for (status, reply) in published(&app, &tags).await {
        assert_eq!((reply.status, reply.header("cache-control")), (status, "max-age=30"));
    }
    app.issuer_writes().await;
    app.assert_ready(true).await;
}

/// One asks the store before a revocation, or before a set, and is answered last.
#[tokio::test]
async fn of_two_readings_at_once_the_slower_one_brings_nothing_back() {
    for publishes in [false, true] {
        let app = TestApp::start().await;
        let revoke = async || app.custodian.revoke(&Actor::Operator, key(3).public().id(), "stolen").await.unwrap();
        if publishes {
            // Nobody has read it yet.
            revoke().await;
        }
        app.faults.set(Fault::Late("key_set"));
        let (keys, slow) = (app.keys.clone(), Faulty { store: app.store.clone(), switch: app.faults.clone() });
        let reading = tokio::spawn(async move { keys.refresh(&slow, NOW).await });
        app.faults.until_held(1).await;
        if publishes {
            app.custodian.install(&world::key_set(2, NOW + 1_000, vec![world::published()])).await.unwrap();
        } else {
            revoke().await;
        }
        app.clock.set(NOW + 1);
        app.keys.refresh(&*app.store, NOW + 1).await.unwrap();
        app.faults.set(Fault::None);
        reading.await.unwrap().expect("it was overtaken, which is no failure");
        let seen = app.keys.seen().unwrap();
        assert_eq!((seen.at, seen.keys.set().version()), (NOW + 1, 1 + u64::from(publishes)));
        assert!(seen.keys.find(key(3).public().id().prefix()).unwrap().revoked.is_some());
    }
}

/// The first token of a new key must not be called not genuine by a verifier that could not learn of the key.
#[tokio::test]
async fn a_key_that_could_not_be_looked_for_is_not_called_wrong() {
    let app = TestApp::start().await;
    app.second_key_signs().await;
    let issued = app.officer.issue_plain().await;
    app.faults.set(Fault::Fails("key_set"));
    for _ in 0..2 {
        assert_eq!(app.anyone().token(&issued.token).await.verdict(), "cannot_check", "also the second time within a second");
    }
    let mut made_up = Token::parse(&issued.token).unwrap().as_bytes().to_vec();
    made_up[8] ^= 1;
    let made_up = Token::from_bytes(made_up).unwrap().text();
    assert_eq!(app.anyone().token(&made_up).await.verdict(), "cannot_check", "nobody knows here");
    app.faults.set(Fault::None);
    app.clock.set(NOW + 1);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().token(&made_up).await.verdict(), "not_genuine");
}

#[tokio::test]
async fn an_issuer_of_which_a_part_fails_is_not_ready_and_says_no_more() {
    let app = TestApp::start().await;
    let anybody = Asker::at(app.private);
    for part in Part::ALL {
        assert_eq!(anybody.get("/health/ready").await.status, 204);
        app.issuer_health.failed(part, &"secret detail");
        let reply = anybody.get("/health/ready").await;
        assert_eq!(reply.problem(), (503, "unavailable".into()));
        assert!(!reply.body.contains("secret"), "{reply:?}");
        let figures = app.figures().await;
        figures.is(&format!("failing{{side=\"issuer\",part=\"{}\"}}", part.as_str()), 1);
        figures.is(&format!("failing{{side=\"verifier\",part=\"{}\"}}", part.as_str()), 0);
        figures.is("store_up", (part != Part::Store).into());
        app.issuer_health.ok(part);
        app.figures().await.is(&format!("failing{{side=\"issuer\",part=\"{}\"}}", part.as_str()), 0);
    }
    assert_eq!(app.anyone().get("/health/ready").await.status, 204, "the verifier's is another");
    app.phase.send_replace(Phase::Leaving);
    assert_eq!(anybody.get("/health/ready").await.problem(), (503, "leaving".into()));
    assert_eq!(anybody.get("/health/live").await.status, 204);
}

/// A disk that hangs, or housekeeping that ended: nothing fails any more, and nothing is done either.
#[tokio::test]
async fn an_issuer_that_has_not_written_for_over_a_minute_is_not_ready() {
    let app = TestApp::start().await;
    let anybody = Asker::at(app.private);
    for (at, status) in [(NOW + 75, 204), (NOW + 76, 503), (NOW + 3_600, 503)] {
        app.clock.set(at);
        // The verifier's side goes on.
        app.readiness.look().await;
        assert_eq!(anybody.get("/health/ready").await.status, status, "at {at}");
        app.figures().await.is("store_up", (status == 204).into());
    }
    assert_eq!(app.anyone().get("/health/ready").await.status, 204);
    assert!(app.issuer_writes().await);
    assert_eq!(anybody.get("/health/ready").await.status, 204);
    app.figures().await.is("store_up", 1);
    app.sql().execute_batch("CREATE TRIGGER refused BEFORE UPDATE ON issuer_time BEGIN SELECT RAISE(ABORT, 'secret'); END").unwrap();
    assert!(!app.issuer_writes().await);
    assert_eq!(anybody.get("/health/ready").await.problem(), (503, "unavailable".into()));
    app.figures().await.is("store_up", 0);
}
