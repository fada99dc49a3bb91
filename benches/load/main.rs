//! What a check costs the server: `cargo bench --bench load`. Needs wrk (Debian: `apt install wrk`).
//!
//! CPU time of the server's process by the kernel's account, divided by the requests that wrk counted on loopback. The
//! measure is a bare JSON echo behind the same accept loop plus one bare `verify_strict`, both of the same run; only the
//! ratio to it means anything on another machine. Beside it a server of Node's that checks a signature and nothing else.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../../tests/database/mod.rs"]
mod database;
mod kinds;
mod node;
#[path = "../../tests/running/mod.rs"]
mod running;
mod server;
mod size;
mod steady;
mod tokens;
mod wrk;

use std::{hint::black_box, process::ExitCode};

use ed25519_dalek::Signer as _;
use kinds::{KINDS, Kind};
use node::Node;
use running::{Folder, Service};
use server::{Echo, cpu_micros};
use tokens::{Counts, Tokens};
use wrk::{Load, Run};

const COUNTS: Counts = Counts { genuine: 60_000, steady: 15_000, shared: 20_000, others: 1_000 };
/// Of all answers, at most this share may be another than the one that is measured.
const STRAYS: f64 = 0.01;
/// The most that a check which leaves no mark may cost.
const UNMARKED: f64 = 1.2;
/// How many times cheaper than Node's a check of the signature is.
const NODE: f64 = 3.0;

struct Row {
    name: String,
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
    let node = Node::start(&folder, COUNTS.others);
    let mut rows = vec![verify_strict()];
    rows.extend(node.map(|node| measure("Node: fastify and jose".into(), None, &node.load, &node.url, node.id(), "genuine")));
    for kind in KINDS {
        measure_kind(&kind, &mut rows);
    }
    let missed = report(&rows);
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Checks on one kind of store, between two runs of the echo.
fn measure_kind(kind: &Kind, rows: &mut Vec<Row>) {
    let folder = Folder::empty();
    let Some(store) = (kind.start)(&folder) else { return };
    let tokens = Tokens::make(&folder, &*store, &COUNTS, kind.verifiers.len());
    let (echo, service) = (Echo::start(), Service::start(&folder, &["--role", "verifier"]));
    let echoed = |when| measure(format!("{ECHO}, {when}"), None, &tokens.forged, &echo.url, echo.id(), "none");
    let checked =
        |name, goal, load, expected| measure(format!("{}: {name}", kind.name), Some(goal), load, &service.public, service.id(), expected);
    rows.extend([
        echoed("before"),
        checked("forged", UNMARKED, &tokens.forged, "not_genuine"),
        checked("expired", UNMARKED, &tokens.expired, "expired"),
        checked("genuine, with its mark on disk", kind.genuine, &tokens.genuine, "genuine"),
        echoed("after"),
    ]);
    let half = rows[rows.len() - 2].per_second.map_or(1.0, |top| top / 2.0);
    let latencies = steady::latencies(&service.public, &tokens.steady, half);
    let [median, most] = [50, 99].map(|of_hundred| steady::percentile(&latencies, of_hundred).as_secs_f64() * 1e3);
    println!("{}: genuine checks at half load, {half:.0} a second: p50 {median:.2} ms, p99 {most:.2} ms\n", kind.name);
    drop(service);
    for (verifiers, bodies) in kind.verifiers.iter().zip(&tokens.shared) {
        let per_second = shared(&folder, *verifiers, bodies);
        println!("{}: {verifiers} verifiers on one store: {per_second:.0} genuine checks a second", kind.name);
    }
    size::report(&folder);
}

/// Genuine checks a second of so many verifiers together, each with its own client.
fn shared(folder: &Folder, verifiers: usize, bodies: &[String]) -> f64 {
    let services: Vec<Service> = (0..verifiers).map(|_| Service::start(folder, &["--role", "verifier"])).collect();
    let share = |n: usize| bodies.iter().skip(n).step_by(verifiers).cloned().collect::<Vec<_>>();
    let loads: Vec<Load> = (0..verifiers).map(|n| Load::new(folder, &format!("shared{n}"), &share(n), false)).collect();
    std::thread::scope(|scope| {
        let urls = services.iter().map(|service| service.public.as_str());
        let runs: Vec<_> = urls.zip(&loads).map(|(url, load)| scope.spawn(move || load.run(url))).collect();
        let row = |run: Run| row("shared".into(), None, &run, 0.0, "genuine").per_second.unwrap_or(0.0);
        runs.into_iter().map(|run| row(run.join().expect("wrk ran"))).sum()
    })
}

const ECHO: &str = "bare JSON echo";

fn measure(name: String, goal: Option<f64>, load: &Load, url: &str, process: u32, expected: &str) -> Row {
    let before = cpu_micros(process);
    let run = load.run(url);
    row(name, goal, &run, cpu_micros(process) - before, expected)
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
    Row { name: "bare verify_strict".into(), micros, per_second: None, goal: None }
}

fn row(name: String, goal: Option<f64>, run: &Run, micros: f64, expected: &str) -> Row {
    let right = run.verdicts.get(expected).copied().unwrap_or(0);
    let strays = 1.0 - f64::from(right) / f64::from(run.requests);
    assert!(strays <= STRAYS, "{name}: {strays} of the answers were others: {:?}", run.verdicts);
    Row { name, micros: micros / f64::from(run.requests), per_second: Some(run.per_second()), goal }
}

/// Prints a table in Markdown, and says whether a goal is missed.
fn report(rows: &[Row]) -> bool {
    let of = |name: &str| {
        let some: Vec<f64> = rows.iter().filter(|row| row.name.contains(name)).map(|row| row.micros).collect();
        some.iter().sum::<f64>() / some.iter().map(|_| 1.0).sum::<f64>()
    };
    let (measure, node) = (of("verify_strict") + of(ECHO), of("Node"));
    println!("\n| case | CPU µs of the server | requests/s | ratio | goal | Node's is |\n|---|---:|---:|---:|---:|---:|");
    let mut missed = false;
    for Row { name, micros, per_second, goal } in rows {
        let per_second = per_second.map_or(String::new(), |n| format!("{n:.0}"));
        let (ratio, bound, times) = goal.map_or_else(Default::default, |goal| {
            (format!("{:.2}", micros / measure), format!("{goal:.1}"), format!("{:.1} times", node / micros))
        });
        println!("| {name} | {micros:.1} | {per_second} | {ratio} | {bound} | {times} |");
        // What Node's does not do is not compared with it; a Node that was not measured misses nothing.
        let dear = *goal == Some(UNMARKED) && node / micros < NODE;
        missed |= goal.is_some_and(|goal| micros / measure > goal) || dear;
    }
    missed
}
