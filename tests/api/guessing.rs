//! Guessing spoken codes: what a guesser learns, what they can take from others, and what it costs who does not guess.

mod attack;
mod budget;
mod limits;
mod numbers;
mod repeats;

use std::net::IpAddr;

use countersign::{
    clock::Clock as _,
    http::{guessers::History, problem::Problem},
    store::{GuessPool, VerifierStore as _},
    token::{Challenge, SpokenCode, SpokenSize, Token},
    verifier::{Answer, Attempt, Check, Shown},
};
use serde_json::Value;

use crate::{
    actors::Issued,
    app::{Setup, TestApp},
    events,
    proxies::forwarding,
};

/// The n-th address of a documentation network that is large enough.
fn address(n: usize) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + u32::try_from(n).unwrap()).into())
}

/// With a proxy that names any address.
async fn behind_a_proxy(setup: Setup) -> TestApp {
    Setup { proxies: forwarding(), ..setup }.start().await
}

/// The six words of a token whose five words were given out, as a live screen shows them.
fn six_words(issued: &Issued) -> String {
    SpokenCode::of(&Token::parse(&issued.token).unwrap(), SpokenSize::Six).words()
}

/// A code of this size that names nothing.
fn nothing(n: usize, size: SpokenSize) -> SpokenCode {
    SpokenCode::of(&Token::from_bytes([Token::BEGINNING.as_slice(), &[1], &n.to_le_bytes()].concat()).unwrap(), size)
}

/// A check by somebody who never asked before.
fn check(code: SpokenCode, number: Option<&str>, person: usize) -> Check {
    let mut attempt = [0; 16];
    attempt[..8].copy_from_slice(&person.to_le_bytes());
    let challenge = number.map(|number| number.parse::<Challenge>().unwrap());
    Check { shown: Shown::Code(Ok(code)), challenge, attempt: Some(Attempt(attempt)), form: None }
}

/// As over HTTP, without it.
fn verdict(answer: Result<Answer, Problem>) -> &'static str {
    answer.map_or("429", |answer| answer.verdict.as_str())
}

/// What the public side knows of an address now.
fn history(app: &TestApp, from: usize) -> History {
    app.public_side.guessers.history(address(from), i64::try_from(app.clock.since_boot().as_secs()).unwrap())
}

async fn taken(app: &TestApp, pool: GuessPool) -> u32 {
    app.store.guesses_taken(pool, app.clock.now()).await.unwrap()
}

fn status(state: &str, first_checked_at: Option<i64>, wrong_numbers: u32) -> Value {
    let mut status = events::spoken_status(state, first_checked_at);
    status["wrong_numbers"] = wrong_numbers.into();
    status
}
