//! What a check costs the server: `cargo bench --bench load`. Needs wrk (Debian: `apt install wrk`).
//!
//! CPU time of the server's process by the kernel's account, divided by the requests that wrk counted on loopback. The
//! measure is a bare JSON echo behind the same accept loop plus one bare `verify_strict`, both of the same run; only the
//! ratio to it means anything on another machine.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../../tests/running/mod.rs"]
mod running;
mod server;
mod tokens;
mod wrk;

use std::{hint::black_box, process::ExitCode};

use ed25519_dalek::Signer as _;
use running::{Folder, Service};
use server::{Echo, cpu_micros};
use tokens::Tokens;
use wrk::{Load, Run};

/// Checked once each; more than any machine answers in the time of one case.
const GENUINE: usize = 60_000;
/// Sent again and again.
const OTHERS: usize = 1_000;
/// Of all answers, at most this share may be another than the one that is measured.
const STRAYS: f64 = 0.01;

struct Row {
    name: &'static str,
    micros: f64,
    per_second: Option<f64>,
    goal: Option<f64>,
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == server::ECHO) {
        server::echo();
        return ExitCode::SUCCESS;
    }
    let folder = Folder::empty();
    let tokens = Tokens::make(&folder, GENUINE, OTHERS);
    let (echo, service) = (Echo::start(), Service::start(&folder, &["--role", "verifier"]));
    let strict = verify_strict();
    let measure = |name, goal, load: &Load, url: &str, process, expected| {
        let before = cpu_micros(process);
        let run = load.run(url);
        row(name, goal, &run, cpu_micros(process) - before, expected)
    };
    let echoed = |name| measure(name, None, &tokens.forged, &echo.url, echo.id(), "none");
    let checked = |name, goal, load, expected| measure(name, Some(goal), load, &service.public, service.id(), expected);
    let rows = [
        strict,
        echoed("bare JSON echo, before"),
        checked("forged", 1.5, &tokens.forged, "not_genuine"),
        checked("expired", 1.5, &tokens.expired, "expired"),
        checked("genuine, with its mark on disk", 2.0, &tokens.genuine, "genuine"),
        echoed("bare JSON echo, after"),
    ];
    report(&rows)
}

/// CPU time of one bare verification, in this process.
fn verify_strict() -> Row {
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    // As long as the Sig_structure of a token.
    let message = [0x5a; 100];
    let (public, signature) = (key.verifying_key(), key.sign(&message));
    let (calls, before) = (40_000_u32, cpu_micros(std::process::id()));
    for _ in 0..calls {
        black_box(public.verify_strict(black_box(&message), &signature)).expect("its own signature");
    }
    let micros = (cpu_micros(std::process::id()) - before) / f64::from(calls);
    Row { name: "bare verify_strict", micros, per_second: None, goal: None }
}

fn row(name: &'static str, goal: Option<f64>, run: &Run, micros: f64, expected: &str) -> Row {
    let right = run.verdicts.get(expected).copied().unwrap_or(0);
    let strays = 1.0 - f64::from(right) / f64::from(run.requests);
    assert!(strays <= STRAYS, "{name}: {strays} of the answers were others: {:?}", run.verdicts);
    Row { name, micros: micros / f64::from(run.requests), per_second: run.per_second(), goal }
}

/// Prints a table in Markdown; fails where a goal is missed.
fn report(rows: &[Row; 6]) -> ExitCode {
    let measure = rows[0].micros + f64::midpoint(rows[1].micros, rows[5].micros);
    println!("| case | CPU µs of the server | requests/s | ratio | goal |\n|---|---:|---:|---:|---:|");
    for Row { name, micros, per_second, goal } in rows {
        let per_second = per_second.map_or(String::new(), |n| format!("{n:.0}"));
        let (ratio, bound) = goal.map_or_else(Default::default, |goal| (format!("{:.2}", micros / measure), format!("{goal:.1}")));
        println!("| {name} | {micros:.1} | {per_second} | {ratio} | {bound} |");
    }
    let missed = rows.iter().any(|row| row.goal.is_some_and(|goal| row.micros / measure > goal));
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
