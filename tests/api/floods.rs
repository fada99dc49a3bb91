//! Floods of guesses: they are shed before they reach the store's queue, and QR checks go on.

use countersign::{
    http::{code_places::CODES_AT_ONCE, guessers::History, listen::Limits},
    store::{GuessPool, VerifierStore as _},
};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::{
    actors::Reply,
    app::{Setup, TestApp},
    faults::Fault,
    proxies::forwarding,
    wire::{PATIENT, Socket, client},
    world::{NOW, unknown_code},
};

/// One check by code of each of so many people.
async fn guesses_under_way(app: &TestApp, count: usize) -> JoinSet<String> {
    let mut under_way = JoinSet::new();
    for n in 0..count {
        let asker = app.anyone().from(&format!("192.0.2.{n}"));
        under_way.spawn(async move { asker.code(&unknown_code(n).words()).await.verdict() });
    }
    app.faults.until_held(count).await;
    under_way
}

#[tokio::test]
async fn checks_by_code_beyond_the_bound_wait_their_turn_and_scans_are_answered() {
    let app = Setup { proxies: forwarding(), ..Setup::default() }.start().await;
    let (spoken, plain) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    app.faults.set(Fault::Holds("take_guess"));
    let under_way = guesses_under_way(&app, CODES_AT_ONCE).await;
    let (asker, words) = (app.anyone().from("198.51.100.1"), spoken.words.clone());
    let waits = tokio::spawn(async move { asker.code(&words).await.verdict() });
    assert_eq!(app.anyone().token(&plain.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().code("hello").await.verdict(), "mistyped", "what needs no store is no burden");
    assert_eq!(app.faults.held(), CODES_AT_ONCE, "no more of them reached the store");
    assert!(!waits.is_finished());
    app.faults.set(Fault::None);
    assert!(under_way.join_all().await.iter().all(|verdict| verdict == "unknown_code"));
    assert_eq!(waits.await.unwrap(), "genuine", "there is room again");
}

/// Waits out the real patience: a paused clock would run ahead of the real sockets.
#[tokio::test]
async fn who_waits_too_long_reads_that_we_cannot_check() {
    let app = TestApp::start().await;
    let spoken = app.officer.issue_spoken().await;
    app.faults.set(Fault::Hangs("take_guess"));
    let mut waiting = JoinSet::new();
    for _ in 0..20 {
        let (asker, words) = (app.anyone(), spoken.words.clone());
        waiting.spawn(async move {
            let form = asker.request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
            Reply::of(form.header("content-type", "application/x-www-form-urlencoded").body(format!("code={}", words.replace(' ', "+"))))
                .await
        });
    }
    for page in waiting.join_all().await {
        assert_eq!(page.status, 503);
        assert!(page.body.contains("<h1>We cannot check right now</h1>"), "{}", page.body);
    }
}

/// Otherwise one address could spend the budget of all: it would never wait for an answer, and so never be counted.
#[tokio::test]
async fn who_hangs_up_is_counted_all_the_same_and_never_has_two_under_way() {
    let app = Setup { limits: Limits { connections: 30, ..PATIENT }, ..Setup::default() }.start().await;
    let address = app.public;
    app.faults.set(Fault::Holds("token_for_code"));
    let bodies: Vec<String> = (0..30).map(|n| format!(r#"{{"code":"{}"}}"#, unknown_code(n).words())).collect();
    let sockets = client(move || {
        let head = "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length";
        let open = |body: &String| {
            let mut socket = Socket::open(address);
            socket.send(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes());
            socket
        };
        bodies.iter().map(open).collect::<Vec<_>>()
    })
    .await;
    app.faults.until_held(1).await;
    drop(sockets);
    // All places are free again, so every one of them was seen to have left.
    client(move || {
        let mut next: Vec<_> = (0..30).map(|_| Socket::open(address)).collect();
        for socket in &mut next {
            socket.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n");
            socket.read_until("204");
        }
    })
    .await;
    assert_eq!(app.faults.held(), 1, "the others waited, and hung up before their turn");
    app.faults.set(Fault::None);
    let history = || app.public_side.guessers.history(address.ip(), 0);
    while history() == History::AtLimit {
        tokio::task::yield_now().await;
    }
    assert_eq!(history(), History::Missed);
    assert_eq!(app.store.guesses_taken(GuessPool::Five, NOW).await.unwrap(), 1);
}
