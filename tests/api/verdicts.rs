//! Every verdict of the protocol, by every form in which a code is given.

use countersign::token::{Channel, Token, Window};
use serde_json::{Value, json};

use crate::{
    actors::Issued,
    app::{Setup, TestApp},
    world::{self, MINUTE, NOW},
};

/// The token as text, as the link and as the link's digits.
fn token_forms(issued: &Issued) -> [String; 3] {
    [issued.token.clone(), issued.link.clone(), Token::parse(&issued.token).unwrap().digits()]
}

/// The code as words, digits and prefixes, in the ways people write them.
fn code_forms(issued: &Issued) -> [String; 6] {
    let four = |words: &str| words.split(' ').map(|word| &word[..4]).collect::<Vec<_>>().join(" ");
    let grouped = issued.digits.as_bytes().chunks(3).map(|three| std::str::from_utf8(three).unwrap()).collect::<Vec<_>>().join(" ");
    [
        issued.words.clone(),
        issued.words.replace(' ', "-").to_uppercase(),
        four(&issued.words),
        issued.digits.clone(),
        grouped.clone(),
        grouped.replace(' ', "-"),
    ]
}

#[tokio::test]
async fn genuine_and_already_checked_by_every_form_of_a_token() {
    let app = TestApp::start().await;
    for form in 0..3 {
        let issued = app.officer.issue_plain().await;
        let text = &token_forms(&issued)[form];
        let first = app.anyone().token(text).await;
        assert_eq!(first.verdict(), "genuine", "{text}");
        let expected = json!({"id": issued.id, "channel": "in-person", "name": null, "place": null, "dialled": null,
                              "issued_at": NOW, "not_before": null, "expires_at": NOW + 300});
        assert_eq!(first.json()["approach"], expected);
        assert_eq!(first.json()["challenge"], "absent");
        assert_eq!((first.json()["token"].clone(), first.json()["server_time"].clone()), (Value::Null, json!(NOW)));
        for text in token_forms(&issued) {
            let second = app.anyone().token(&text).await;
            assert_eq!(second.verdict(), "already_checked");
            assert_eq!(second.json()["first_checked_at"], MINUTE, "whole minutes");
        }
    }
}

#[tokio::test]
async fn genuine_and_already_checked_by_every_form_of_a_code() {
    let app = TestApp::start().await;
    for form in 0..6 {
        let issued = app.officer.issue_spoken().await;
        let first = app.anyone().code(&code_forms(&issued)[form]).await;
        assert_eq!(first.verdict(), "genuine", "{}", code_forms(&issued)[form]);
        assert_eq!(first.json()["approach"]["id"], issued.id.as_str());
        assert_eq!(first.json()["token"], issued.token.as_str(), "so that the page can compute the code again");
        for text in code_forms(&issued) {
            let second = app.anyone().code(&text).await;
            assert_eq!(second.verdict(), "already_checked", "{text}");
            assert_eq!(second.json()["token"], issued.token.as_str());
            assert_eq!(second.json()["approach"]["id"], issued.id.as_str());
        }
    }
}

#[tokio::test]
async fn everything_that_a_token_says_comes_back() {
    let app = TestApp::start().await;
    let says = json!({"channel": "telephone", "name": "Anna Łuczak", "place": "Łódź, ulica Piotrkowska",
                      "dialled": "007", "challenge": "000042", "lifetime": 60});
    let issued = app.officer.issue(says).await;
    let reply = app.anyone().with_number("000042").token(&issued.token).await;
    assert_eq!(reply.verdict(), "genuine");
    assert_eq!(reply.json()["challenge"], "matched");
    let expected = json!({"id": issued.id, "channel": "telephone", "name": "Anna Łuczak", "place": "Łódź, ulica Piotrkowska",
                          "dialled": "007", "issued_at": NOW, "not_before": null, "expires_at": NOW + 60});
    assert_eq!(reply.json()["approach"], expected);
}

#[tokio::test]
async fn withdrawn_expired_and_early_by_token_and_by_code() {
    let app = TestApp::start().await;
    let withdrawn = app.officer.issue_spoken().await;
    app.officer.withdraw(&withdrawn.id).await;
    let early = app.officer.issue(json!({"channel": "telephone", "not_before": NOW + 3_600})).await;
    let expired = app.officer.issue(json!({"channel": "telephone", "lifetime": 1})).await;
    app.clock.set(NOW + 100);
    for (issued, by_token, by_code) in
        [(&withdrawn, "withdrawn", "withdrawn"), (&early, "not_yet_valid", "unknown_code"), (&expired, "expired", "expired")]
    {
        for form in token_forms(issued) {
            assert_eq!(app.anyone().token(&form).await.verdict(), by_token);
        }
        for form in code_forms(issued).iter().step_by(3) {
            let reply = app.anyone().code(form).await;
            assert_eq!(reply.verdict(), by_code);
            assert_eq!((&reply.json()["approach"], &reply.json()["token"]), (&Value::Null, &Value::Null));
        }
    }
    assert_eq!(app.count("marks"), 0);
}

#[tokio::test]
async fn whatever_begins_like_a_token_and_is_none_is_not_genuine() {
    let app = TestApp::start().await;
    let good = app.officer.issue_plain().await;
    let bytes = Token::parse(&good.token).unwrap().as_bytes().to_vec();
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let with_byte = [bytes.as_slice(), &[0]].concat();
    let bad = [flipped, bytes[..bytes.len() - 1].to_vec(), with_byte].map(|bytes| Token::from_bytes(bytes).unwrap().text());
    for text in bad.iter().chain([&good.token[..good.token.len() - 1].to_owned(), &format!("{}1", good.link)]) {
        let reply = app.anyone().token(text).await;
        assert_eq!(reply.verdict(), "not_genuine", "{text}");
        assert_eq!(reply.json()["approach"], Value::Null, "nothing of a forgery is ever shown");
    }
    assert_eq!(app.anyone().token(&good.token).await.verdict(), "genuine", "none of it used the good one up");
}

#[tokio::test]
async fn no_token_and_wrong_checksums_are_mistyped() {
    let app = TestApp::start().await;
    let spoken = app.officer.issue_spoken().await;
    for text in ["", "hello", "https://verify.example.org/#menu", spoken.words.as_str(), "12345"] {
        assert_eq!(app.anyone().token(text).await.verdict(), "mistyped", "{text}");
    }
    let mut words: Vec<&str> = spoken.words.split(' ').collect();
    words.swap(0, 1);
    for text in ["", "hello", &words.join(" "), &spoken.digits[1..], &format!("{} {}", spoken.words, words[0]), &spoken.token] {
        assert_eq!(app.anyone().code(text).await.verdict(), "mistyped", "{text}");
    }
    assert_eq!(app.count("misses"), 0);
}

#[tokio::test]
async fn a_code_that_names_nothing_is_unknown() {
    let app = TestApp::start().await;
    let code = world::unknown_code(1);
    for text in [code.words(), code.digits()] {
        assert_eq!(app.anyone().code(&text).await.verdict(), "unknown_code");
    }
    // A token that was not made to be spoken has a code all the same, which finds nothing.
    let silent = Token::parse(&app.officer.issue_plain().await.token).unwrap();
    let code = countersign::token::SpokenCode::of(&silent, countersign::token::SpokenSize::Five);
    assert_eq!(app.anyone().code(&code.words()).await.verdict(), "unknown_code");
}

#[tokio::test]
async fn a_revoked_key_withdraws_its_tokens_whatever_their_age() {
    let app = TestApp::start().await;
    let (checked, fresh) = (app.officer.issue_spoken().await, app.officer.issue_spoken().await);
    let anyone = app.anyone();
    assert_eq!(anyone.token(&checked.token).await.verdict(), "genuine");
    app.publish(&world::key_set(2, NOW + 1_000, vec![world::revoked()])).await;
    for issued in [&checked, &fresh] {
        assert_eq!(anyone.token(&issued.token).await.verdict(), "withdrawn");
        assert_eq!(anyone.code(&issued.words).await.verdict(), "withdrawn");
    }
    let forged = world::signed([1; 8], Window::new(NOW - 5, None, NOW + 5).unwrap(), world::approach(Channel::Online));
    assert_eq!(anyone.token(&forged.text()).await.verdict(), "withdrawn", "key status comes before the record");
    assert_eq!(app.count("marks"), 1);
}

#[tokio::test]
async fn an_expired_key_set_says_nothing_at_all() {
    let app = TestApp::start().await;
    app.publish(&world::key_set(2, NOW + 100, vec![world::published()])).await;
    let (before, after) = (app.officer.issue_spoken().await, app.officer.issue_spoken().await);
    app.clock.set(NOW + 99);
    assert_eq!(app.anyone().token(&before.token).await.verdict(), "genuine");
    for now in [NOW + 100, NOW + 101] {
        app.clock.set(now);
        assert_eq!(app.anyone().token(&after.token).await.verdict(), "cannot_check");
        assert_eq!(app.anyone().token(&before.token).await.verdict(), "cannot_check");
        assert_eq!(app.anyone().code(&after.words).await.verdict(), "cannot_check");
        assert_eq!(app.anyone().get("/health/ready").await.problem().0, 503);
    }
    assert_eq!(app.count("marks"), 1);
    app.clock.set(NOW + 102);
    app.publish(&world::key_set(3, NOW + 1_000, vec![world::published()])).await;
    assert_eq!(app.anyone().token(&after.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn a_spent_budget_is_cannot_check() {
    let app = Setup { guesses: 0, ..Setup::default() }.start().await;
    assert_eq!(app.anyone().code(&world::unknown_code(1).words()).await.verdict(), "cannot_check");
}
