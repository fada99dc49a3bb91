//! Floods of guesses: they are shed before they reach the store's queue, and QR checks go on.

use countersign::http::{app::CODES_AT_ONCE, listen::Limits};
use reqwest::Method;
use tokio::task::JoinSet;

use crate::{
    actors::Reply,
    app::{Setup, TestApp},
    faults::Fault,
    wire::{PATIENT, Socket, client},
    world::unknown_code,
};

const AT_ONCE: u8 = 30;

/// One check by code of each of so many people.
async fn guesses_under_way(app: &TestApp, count: usize) -> JoinSet<String> {
    let mut under_way = JoinSet::new();
    for n in 0..count {
        let asker = app.anyone();
        under_way.spawn(async move { asker.code(&unknown_code(n).words()).await.verdict() });
    }
    app.faults.until_held(count).await;
    under_way
}

#[tokio::test]
async fn checks_by_code_beyond_the_bound_are_told_at_once_and_scans_are_answered() {
    let app = TestApp::start().await;
    let (spoken, plain) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    app.faults.set(Fault::Holds("take_guess"));
    let under_way = guesses_under_way(&app, CODES_AT_ONCE).await;
    assert_eq!(app.anyone().code(&spoken.words).await.verdict(), "cannot_check");
    let form = app.anyone().request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(format!("code={}", spoken.words.replace(' ', "+")));
    let page = Reply::of(form).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("<h1>We cannot check right now</h1>"), "{}", page.body);
    assert_eq!(app.anyone().token(&plain.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().code("hello").await.verdict(), "mistyped", "what needs no store is no burden");
    assert_eq!(app.faults.held(), CODES_AT_ONCE, "no more of them reached the store");
    app.faults.set(Fault::None);
    assert!(under_way.join_all().await.iter().all(|verdict| verdict == "unknown_code"));
    assert_eq!(app.anyone().at_address(2).code(&spoken.words).await.verdict(), "genuine", "there is room again");
}

/// Otherwise one address could spend the budget of all: it would never wait for an answer, and so never be counted.
#[tokio::test]
async fn who_hangs_up_is_counted_all_the_same() {
    let places = usize::from(AT_ONCE);
    let app = Setup { limits: Limits { connections: places, ..PATIENT }, ..Setup::default() }.start().await;
    let (address, spoken) = (app.public, app.officer.issue_spoken().await);
    app.faults.set(Fault::Holds("token_for_code"));
    let bodies: Vec<String> = (0..places).map(|n| format!(r#"{{"code":"{}"}}"#, unknown_code(n).words())).collect();
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
    app.faults.until_held(places).await;
    drop(sockets);
    // All places are free again, so every one of them was seen to have left.
    client(move || {
        let mut next: Vec<_> = (0..AT_ONCE).map(|_| Socket::open(address)).collect();
        for socket in &mut next {
            socket.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n");
            socket.read_until("204");
        }
    })
    .await;
    app.faults.set(Fault::None);
    let asker = app.anyone();
    let mut tries = 0;
    // A hit costs nothing, so asking does not bring about what is waited for.
    while asker.code(&spoken.words).await.status != 429 {
        tries += 1;
        assert!(tries < 1_000, "the misses were not counted");
    }
}
