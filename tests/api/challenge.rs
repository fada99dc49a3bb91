//! The table of the protocol: what the token carries, what the asker gives, what comes of it.

use serde_json::{Value, json};

use crate::app::TestApp;

/// What the token carries, what is given, the verdict, and what it says of the number.
type Row = (Option<&'static str>, Option<&'static str>, &'static str, Option<&'static str>);

const TABLE: [Row; 7] = [
    (Some("042137"), Some("042137"), "genuine", Some("matched")),
    (Some("042 137"), Some("O42-١37"), "genuine", Some("matched")),
    (None, None, "genuine", Some("absent")),
    (Some("042137"), Some("042138"), "other_challenge", None),
    (Some("042137"), Some("000000"), "other_challenge", None),
    (None, Some("042137"), "other_challenge", None),
    (Some("042137"), None, "challenge_needed", None),
];

#[tokio::test]
async fn every_row_by_token_and_by_code() {
    let app = TestApp::start().await;
    for member in ["token", "code"] {
        for (carried, given, verdict, challenge) in TABLE {
            let issued = app.officer.issue(json!({"channel": "telephone", "challenge": carried})).await;
            let shown = if member == "token" { &issued.token } else { &issued.words };
            let asker = app.anyone();
            let asker = given.map_or(asker.clone(), |number| asker.with_number(number));
            let reply = asker.verify(&asker.body(member, shown)).await;
            assert_eq!(reply.verdict(), verdict, "{member} {carried:?} {given:?}");
            assert_eq!(reply.json()["challenge"], json!(challenge));
            let used = app.officer.status(&issued.id).await["state"] == "checked";
            assert_eq!(used, verdict == "genuine", "used up: {member} {carried:?} {given:?}");
            if !used {
                // Not used up: who has the right number still gets the first answer.
                let right = app.anyone();
                let right = carried.map_or(right.clone(), |number| right.with_number(number));
                assert_eq!(right.verify(&right.body(member, shown)).await.verdict(), "genuine");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_number_never_tells_more_than_the_record_does() {
    let app = TestApp::start().await;
    let issued = app.officer.issue(json!({"channel": "telephone", "challenge": "042137"})).await;
    let wrong = app.anyone().with_number("999999");
    let reply = wrong.code(&issued.words).await;
    assert_eq!((&reply.json()["approach"], &reply.json()["token"]), (&Value::Null, &Value::Null));
    app.officer.withdraw(&issued.id).await;
    assert_eq!(wrong.token(&issued.token).await.verdict(), "withdrawn", "withdrawal comes before the number");
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "withdrawn");
}

#[tokio::test]
async fn a_used_token_still_asks_for_its_number() {
    let app = TestApp::start().await;
    let issued = app.officer.issue(json!({"channel": "in-person", "challenge": "042137"})).await;
    assert_eq!(app.anyone().with_number("042137").token(&issued.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().with_number("042137").token(&issued.token).await.verdict(), "already_checked");
    assert_eq!(app.anyone().with_number("042138").token(&issued.token).await.verdict(), "other_challenge");
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "challenge_needed");
}
