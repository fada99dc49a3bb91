//! A token is used once, and the same person may ask again.

use countersign::{
    store::IssuerStore as _,
    token::{Channel, Token, Window},
};
use tokio::task::JoinSet;

use crate::{
    actors::Asker,
    app::TestApp,
    faults::Fault,
    world::{self, MINUTE, NOW},
};

#[tokio::test]
async fn the_same_attempt_gets_the_same_answer() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    let first = app.anyone();
    for now in [NOW, NOW + 30, NOW + 600] {
        app.clock.set(now);
        assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
        assert_eq!(first.code(&issued.words).await.verdict(), "genuine");
        let other = first.another().token(&issued.token).await;
        assert_eq!(other.verdict(), "already_checked");
        assert_eq!(other.json()["first_checked_at"], MINUTE);
    }
}

#[tokio::test]
async fn a_retry_runs_every_check_again() {
    let app = TestApp::start().await;
    let first = app.anyone();
    let (withdrawn, expired) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    for issued in [&withdrawn, &expired] {
        assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
    }
    app.officer.withdraw(&withdrawn.id).await;
    assert_eq!(first.token(&withdrawn.token).await.verdict(), "withdrawn");
    assert_eq!(first.token(&expired.token).await.verdict(), "genuine");
    app.clock.set(expired.expires_at + 60);
    assert_eq!(first.token(&expired.token).await.verdict(), "expired");
    assert_eq!(first.token(&withdrawn.token).await.verdict(), "expired");
}

#[tokio::test]
async fn without_an_attempt_nothing_is_a_retry() {
    let app = TestApp::start().await;
    let nobody = app.anyone().without_attempt();
    let issued = app.officer.issue_plain().await;
    assert_eq!(nobody.token(&issued.token).await.verdict(), "genuine");
    for asker in [&nobody, &app.anyone()] {
        assert_eq!(asker.token(&issued.token).await.verdict(), "already_checked");
    }
    let issued = app.officer.issue_plain().await;
    let first = app.anyone();
    assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
    assert_eq!(nobody.token(&issued.token).await.verdict(), "already_checked");
    assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn one_attempt_serves_several_tokens_without_tying_them() {
    let app = TestApp::start().await;
    let first = app.anyone();
    for _ in 0..2 {
        assert_eq!(first.token(&app.officer.issue_plain().await.token).await.verdict(), "genuine");
    }
    let stored = &app.dump()["marks"];
    let attempts: Vec<&str> = stored.iter().map(|row| row.split('|').nth(1).unwrap()).collect();
    assert_ne!(attempts[0], attempts[1], "the cti is in the hash");
}

#[tokio::test]
async fn a_reply_that_was_lost_after_the_commit_comes_again() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let first = app.anyone();
    app.faults.set(Fault::CommitThenHang);
    let lost = tokio::spawn({
        let (first, token) = (first.clone(), issued.token.clone());
        async move { first.token(&token).await }
    });
    app.faults.committed().await;
    lost.abort();
    assert!(lost.await.unwrap_err().is_cancelled());
    app.faults.set(Fault::None);
    assert_eq!(app.officer.status(&issued.id).await, crate::events::status("checked", Some(MINUTE)));
    assert_eq!(first.another().token(&issued.token).await.verdict(), "already_checked");
    assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn an_answer_that_the_store_lost_after_the_commit_comes_again() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let first = app.anyone();
    app.faults.set(Fault::CommitThenFail);
    assert_eq!(first.token(&issued.token).await.verdict(), "cannot_check");
    app.faults.set(Fault::None);
    assert_eq!(first.token(&issued.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn a_well_signed_token_without_record_is_not_genuine() {
    let app = TestApp::start().await;
    let stolen = world::unrecorded([9; 8], NOW, 300).text();
    assert_eq!(app.anyone().token(&stolen).await.verdict(), "not_genuine");
    assert_eq!(app.anyone().with_number("123456").token(&stolen).await.verdict(), "not_genuine", "the record comes before the number");
    assert_eq!(app.count("marks"), 0);
}

#[tokio::test]
async fn a_recorded_cti_with_other_bytes_is_not_genuine_and_uses_nothing() {
    let app = TestApp::start().await;
    app.entropy.next_are(&[[7; 8]]);
    let issued = app.officer.issue_plain().await;
    assert_eq!(issued.id, "07".repeat(8));
    // Signed by the real key with the same cti, but saying something else.
    let other = world::signed([7; 8], Window::new(NOW, None, NOW + 299).unwrap(), world::approach(Channel::InPerson)).text();
    assert_eq!(app.anyone().token(&other).await.verdict(), "not_genuine");
    assert_eq!(app.count("marks"), 0);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().token(&other).await.verdict(), "not_genuine", "nor after the use");
    assert_ne!(Token::parse(&other).unwrap(), Token::parse(&issued.token).unwrap());
}

/// Everyone at once; gives the verdicts, sorted.
async fn race(askers: Vec<Asker>, member: &'static str, shown: &str) -> Vec<String> {
    let mut racing = JoinSet::new();
    for asker in askers {
        let body = asker.body(member, shown);
        racing.spawn(async move { asker.verify(&body).await.verdict() });
    }
    let mut verdicts = racing.join_all().await;
    verdicts.sort();
    verdicts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_have_one_first() {
    let app = TestApp::start().await;
    let second_process = app.second_verifier().await;
    let mut expected = vec!["already_checked".to_owned(); 99];
    expected.push("genuine".to_owned());
    for member in ["token", "code", "token", "code"] {
        let issued = app.officer.issue_spoken().await;
        let shown = if member == "token" { &issued.token } else { &issued.words };
        let askers = (1..=100).map(|n| if n % 2 == 0 { app.anyone() } else { second_process.another() }.at_address(n)).collect();
        assert_eq!(race(askers, member, shown).await, expected);
    }
    let issued = app.officer.issue_plain().await;
    let anonymous = (0..100).map(|_| app.anyone().without_attempt()).collect();
    assert_eq!(race(anonymous, "token", &issued.token).await, expected);
    assert_eq!(app.count("marks"), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_retries_at_once_are_all_first() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let asker = app.anyone();
    let verdicts = race(vec![asker; 100], "token", &issued.token).await;
    assert_eq!(verdicts, vec!["genuine".to_owned(); 100]);
    assert_eq!(app.entries().await.iter().filter(|line| line.contains("first_check_")).count(), 0);
    assert_eq!(app.store.report_first_checks(NOW).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tokens_and_many_askers_at_once() {
    let app = TestApp::start().await;
    let mut racing = JoinSet::new();
    for _ in 0..20 {
        let issued = app.officer.issue_plain().await;
        for _ in 0..5 {
            let (asker, token) = (app.anyone(), issued.token.clone());
            racing.spawn(async move { (asker.token(&token).await.verdict(), token) });
        }
    }
    let verdicts = racing.join_all().await;
    let mut first: Vec<&String> = verdicts.iter().filter(|(verdict, _)| verdict == "genuine").map(|(_, token)| token).collect();
    first.sort();
    first.dedup();
    assert_eq!((first.len(), verdicts.len()), (20, 100));
    assert_eq!(verdicts.iter().filter(|(verdict, _)| verdict == "already_checked").count(), 80);
}
