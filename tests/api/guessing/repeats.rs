//! One address that repeats a code, and what others notice of it: nothing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use countersign::http::guessers::{REPEATS, TRIES};
use serde_json::json;
use tokio::task::JoinSet;

use super::{address, behind_a_proxy};
use crate::app::Setup;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_connections_that_repeat_a_used_code_keep_nobody_out() {
    let app = behind_a_proxy(Setup::default()).await;
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    let (over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut repeating = JoinSet::new();
    for _ in 0..200 {
        // With its number, because these are answered also where the address is at its limit.
        let asker = app.anyone().from("192.0.2.1").with_number("123456");
        let (words, over, answers) = (numbered.words.clone(), over.clone(), answers.clone());
        repeating.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let reply = asker.code(&words).await;
                answers.fetch_add(1, Ordering::Relaxed);
                assert!([200, 503].contains(&reply.status), "{reply:?}");
            }
        });
    }
    while answers.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    for n in 0..40 {
        let issued = app.officer.issue_spoken().await;
        assert_eq!(app.anyone().from(&address(n).to_string()).code(&issued.words).await.verdict(), "genuine", "{n}");
    }
    over.store(true, Ordering::Relaxed);
    drop(repeating.join_all().await);
}

#[tokio::test]
async fn repeats_are_bounded_and_cost_no_place() {
    let app = behind_a_proxy(Setup { guesses: 4, ..Setup::default() }).await;
    let issued = app.officer.issue_spoken().await;
    for (from, own) in [("192.0.2.1", true), ("192.0.2.2", false)] {
        let asker = app.anyone().from(from);
        let mut repeats = 0;
        while (if own { asker.clone() } else { asker.another() }).code(&issued.words).await.status == 200 {
            repeats += 1;
            assert!(repeats <= 1 + REPEATS * TRIES.end());
        }
        assert!(repeats >= REPEATS * TRIES.start(), "{repeats}");
    }
    assert_eq!(super::taken(&app, countersign::store::GuessPool::Five).await, 0);
    assert_eq!(app.anyone().from("192.0.2.3").code(&issued.words).await.verdict(), "already_checked", "another address");
}
