//! What is published for everybody, and that looking never uses a token.

use countersign::{
    keyring::{MAX_SET_LIFETIME, PublicKeys, PublishedKey},
    store::IssuerStore as _,
    token::Token,
};
use reqwest::Method;
use serde_json::json;

use crate::{
    actors::Reply,
    app::TestApp,
    faults::Fault,
    world::{self, DAY, NOW, issuer, key, root},
};

#[tokio::test]
async fn the_signed_set_is_what_the_root_signed() {
    let app = TestApp::start().await;
    let reply = app.anyone().get("/.well-known/countersign/keys.jwt").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/jwk-set+jwt"));
    assert_eq!(reply.body, world::first_key_set());
    assert!(PublicKeys::open(&reply.body, &root().public(), &issuer(), NOW, 1).is_ok());
}

#[tokio::test]
async fn both_sets_can_be_kept_for_half_a_minute_by_anybody() {
    for path in ["/.well-known/countersign/keys.jwt", "/.well-known/jwks.json"] {
        let app = TestApp::start().await;
        let first = app.anyone().get(path).await;
        assert_eq!(first.header("cache-control"), "max-age=30");
        let get = |origin: &'static str, tag: String| {
            let request = app.anyone().request(Method::GET, path).header("origin", origin);
            Reply::of(request.header("if-none-match", tag))
        };
        let tag = first.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let again = get("https://anywhere.example", known).await;
            assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag.as_str()), "{path}");
            assert_eq!(again.header("access-control-allow-origin"), "*");
            assert!(!again.headers.contains_key("access-control-allow-credentials"));
        }
        app.publish(&world::key_set(2, NOW + 1_000, vec![world::revoked()])).await;
        let newer = get("https://anywhere.example", tag.clone()).await;
        assert_eq!(newer.status, 200, "{path}");
        assert_ne!(newer.header("etag"), tag);
    }
}

#[tokio::test]
async fn stock_libraries_see_keys_in_use_and_no_revoked_ones() {
    let app = TestApp::start().await;
    let other = |seed| PublishedKey { key: key(seed).public(), not_before: NOW - 10, expires_at: NOW + 20, revoked: None };
    let keys = vec![other(10), other(11), other(12), world::revoked()];
    app.publish(&world::key_set(2, NOW + 1_000, keys)).await;
    for (seed, active) in [(10, &[10][..]), (11, &[10, 11])] {
        assert!(app.store.activate_key(key(seed).public().id(), NOW).await.unwrap());
        app.keys.refresh(&*app.store, NOW).await.unwrap();
        let reply = app.anyone().get("/.well-known/jwks.json").await;
        assert_eq!(reply.header("content-type"), "application/jwk-set+json");
        let jwk = |seed: &u8| {
            let key = key(*seed).public();
            json!({"kty": "OKP", "crv": "Ed25519", "x": key.jwk_x(), "kid": key.id().to_string(), "use": "sig",
                   "nbf": NOW - 10, "exp": NOW + 20})
        };
        assert_eq!(reply.json(), json!({"keys": active.iter().map(jwk).collect::<Vec<_>>()}), "active and retired, in the set's order");
    }
}

#[tokio::test]
async fn the_first_token_of_a_key_that_was_published_a_moment_ago_is_genuine() {
    let app = TestApp::start().await;
    app.second_key_signs().await;
    let issued = app.officer.issue_plain().await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    // Made-up keys make it look once a second at most.
    app.faults.set(Fault::Hangs("key_set"));
    let mut made_up = Token::parse(&issued.token).unwrap().as_bytes().to_vec();
    made_up[8] ^= 1;
    assert_eq!(app.anyone().token(&Token::from_bytes(made_up).unwrap().text()).await.verdict(), "not_genuine");
}

#[tokio::test]
async fn an_older_set_is_never_taken_back() {
    let app = TestApp::start().await;
    app.publish(&world::key_set(3, NOW + 1_000, vec![world::published()])).await;
    let current = app.anyone().get("/.well-known/countersign/keys.jwt").await.body;
    app.sql().execute_batch("DELETE FROM key_sets WHERE version = 3").unwrap();
    assert!(app.keys.refresh(&*app.store, NOW).await.is_err(), "version 1 is older than seen");
    assert_eq!(app.anyone().get("/.well-known/countersign/keys.jwt").await.body, current);
    // Nor one that somebody else signed.
    let forged = world::key_set(9, NOW + 1_000, vec![world::published()]).replace('.', ".A");
    app.sql().execute("INSERT INTO key_sets VALUES (9, ?1)", [forged]).unwrap();
    assert!(app.keys.refresh(&*app.store, NOW).await.is_err());
    let issued = app.officer.issue_plain().await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine", "the set that is known stays in use");
}

#[tokio::test]
async fn without_a_current_set_it_is_not_ready() {
    let app = TestApp::start().await;
    for (now, live, ready, jwks) in
        [(NOW, 204, 204, 200), (NOW - DAY + MAX_SET_LIFETIME - 1, 204, 204, 200), (NOW - DAY + MAX_SET_LIFETIME, 204, 503, 503)]
    {
        app.clock.set(now);
        app.readiness.look().await;
        for (path, status) in [("/health/live", live), ("/health/ready", ready), ("/.well-known/jwks.json", jwks)] {
            assert_eq!(app.anyone().get(path).await.status, status, "{path} at {now}");
        }
    }
}

#[tokio::test]
async fn looking_never_uses_a_token() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    let digits = issued.link.rsplit('#').next().unwrap();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for path in [
            "/".to_owned(),
            format!("/?token={}", issued.token),
            format!("/check?code={digits}"),
            format!("/check?code={}", issued.token),
            format!("/v1/verify?token={}", issued.token),
            format!("/v1/verify?code={}", issued.digits),
            format!("/{digits}"),
        ] {
            let reply = Reply::of(app.anyone().request(method.clone(), &path)).await;
            assert!(!reply.body.starts_with("{\"approach\""), "{method} {path} was answered as a check");
        }
    }
    let with_body = app.anyone().request(Method::GET, "/v1/verify").json(&json!({"token": issued.token}));
    assert_eq!(Reply::of(with_body).await.status, 405);
    assert_eq!((app.count("marks"), app.count("misses")), (0, 0));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}
