//! What is special when somebody asks by spoken code.

use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    proxies::forwarding,
    world::{NOW, unknown_code},
};

#[tokio::test]
async fn approach_and_token_come_with_a_hit_only() {
    let app = TestApp::start().await;
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456", "name": "Anna"})).await;
    let withdrawn = app.officer.issue_spoken().await;
    app.officer.withdraw(&withdrawn.id).await;
    for (reply, verdict) in [
        (app.anyone().code(&numbered.words).await, "challenge_needed"),
        (app.anyone().with_number("654321").code(&numbered.words).await, "other_challenge"),
        (app.anyone().code(&withdrawn.words).await, "withdrawn"),
        (app.anyone().code(&unknown_code(1).words()).await, "unknown_code"),
    ] {
        assert_eq!(reply.verdict(), verdict);
        for member in ["approach", "token", "challenge", "first_checked_at"] {
            assert_eq!(reply.json()[member], Value::Null, "{verdict} {member}");
        }
    }
    for verdict in ["genuine", "already_checked"] {
        let reply = app.anyone().with_number("123456").code(&numbered.words).await;
        assert_eq!(reply.verdict(), verdict);
        assert_eq!(reply.json()["approach"]["name"], "Anna");
        assert_eq!(reply.json()["token"], numbered.token.as_str());
    }
}

#[tokio::test]
async fn by_token_the_page_gets_no_token_back() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    for _ in 0..2 {
        assert_eq!(app.anyone().token(&issued.token).await.json()["token"], Value::Null);
    }
}

#[tokio::test]
async fn all_but_hits_count_as_misses() {
    let app = Setup { guesses: 5, proxies: forwarding(), ..Setup::default() }.start().await;
    let anyone = |n: u8| app.anyone().from(&format!("192.0.2.{n}"));
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    let withdrawn = app.officer.issue_spoken().await;
    let expired = app.officer.issue(json!({"channel": "telephone", "lifetime": 1})).await;
    let early = app.officer.issue(json!({"channel": "telephone", "not_before": NOW + 3_600})).await;
    app.officer.withdraw(&withdrawn.id).await;
    app.clock.set(NOW + 61);
    let misses = [
        (anyone(1).code(&numbered.words).await, "challenge_needed"),
        (anyone(2).with_number("654321").code(&numbered.words).await, "other_challenge"),
        (anyone(3).code(&withdrawn.words).await, "withdrawn"),
        (anyone(4).code(&expired.words).await, "expired"),
        (anyone(5).code(&early.words).await, "unknown_code"),
        (anyone(6).code(&unknown_code(1).words()).await, "unknown_code"),
    ];
    for (reply, verdict) in misses {
        assert_eq!(reply.verdict(), verdict);
    }
    assert_eq!(anyone(7).code(&unknown_code(2).words()).await.verdict(), "cannot_check", "five of five are spent");
    assert_eq!(
        anyone(8).with_number("654321").code(&unknown_code(2).words()).await.verdict(),
        "unknown_code",
        "of those with a number, one"
    );
}

#[tokio::test]
async fn tokens_by_code_and_by_scan_are_one_token() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    let first = app.anyone();
    assert_eq!(first.code(&issued.words).await.verdict(), "genuine");
    assert_eq!(first.token(&issued.link).await.verdict(), "genuine");
    assert_eq!(first.another().token(&issued.token).await.verdict(), "already_checked");
    assert_eq!(app.count("marks"), 1);
}
