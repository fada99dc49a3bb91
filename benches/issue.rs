//! What an issue costs the server: `cargo bench --bench issue`.
//!
//! CPU time of the issuer's process by the kernel's account, divided by the tokens that it issued over HTTP on loopback. The
//! measure is one bare Ed25519 signature plus one bare insert of a token's row, both of the same run; only the ratio to it
//! means anything on another machine. Latencies are those of the client.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/running/mod.rs"]
mod running;
#[allow(dead_code, reason = "shared with the load benchmark, which has an echo as well")]
#[path = "load/server.rs"]
mod server;

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use countersign::token::{Token, qr::Symbol};
use ed25519_dalek::Signer as _;
use reqwest::Client;
use running::{Folder, Service};
use rusqlite::Connection;
use serde_json::{Value, json};
use server::cpu_micros;

/// Tokens of each case.
const TOKENS: usize = 8_000;
/// Tokens that one authorisation allows.
const ALLOWED: usize = 1_000;
/// Officers at once where there are many.
const MANY: usize = 64;
/// Statements that share a commit where many arrive together, as in the store's writer.
const GROUP: u32 = 64;

struct Row {
    name: &'static str,
    micros: f64,
    per_second: f64,
    /// Median and 99th of a hundred.
    latency: Option<(Duration, Duration)>,
}

fn main() {
    let folder = Folder::ready();
    let authorisations = Arc::new(authorise(&folder, 2 * TOKENS / ALLOWED));
    let service = Service::start(&folder, &["--role", "issuer"]);
    let credential = std::fs::read_to_string(folder.path().join("officer.credential")).expect("it was written").trim().to_owned();
    let desk = Desk {
        http: running::http::client().build().unwrap(),
        url: format!("{}/v1/tokens", service.private),
        credential,
        authorisations,
        next: Arc::default(),
    };
    let symbol = symbol();
    let (signature, alone, grouped) =
        (signature(), insert("bare insert, each with its own commit", 1), insert("bare insert, 64 a commit", GROUP));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let one = runtime.block_on(desk.case("issue, one officer", 1, service.id()));
    let many = runtime.block_on(desk.case("issue, 64 officers at once", MANY, service.id()));
    println!("| case | CPU µs | a second | latency p50 / p99 | ratio |\n|---|---:|---:|---:|---:|");
    for row in [&signature, &alone, &grouped, &symbol] {
        print(row, None);
    }
    print(&one, Some(signature.micros + alone.micros));
    print(&many, Some(signature.micros + grouped.micros));
}

/// One line in Markdown; the ratio is to what the case cannot do without.
fn print(Row { name, micros, per_second, latency }: &Row, measure: Option<f64>) {
    let millis = |time: &Duration| time.as_secs_f64() * 1e3;
    let latency = latency.as_ref().map_or(String::new(), |(half, most)| format!("{:.2} / {:.2} ms", millis(half), millis(most)));
    let ratio = measure.map_or(String::new(), |measure| format!("{:.2}", micros / measure));
    println!("| {name} | {micros:.1} | {per_second:.0} | {latency} | {ratio} |");
}

/// Approved authorisations for in-person tokens.
fn authorise(folder: &Folder, count: usize) -> Vec<String> {
    let ask = [
        "authorisations",
        "ask",
        "--as",
        "falcon",
        "--reference",
        "LOAD",
        "--purpose",
        "Visit",
        "--channel",
        "in-person",
        "--max-tokens",
        "1000",
    ];
    let one = |_| {
        let id = folder.json(&ask)["id"].as_str().expect("an id").to_owned();
        folder.ok(&["authorisations", "approve", &id, "--as", "heron"]);
        id
    };
    (0..count).map(one).collect()
}

/// CPU time of one bare signature over as many bytes as a token's `Sig_structure` has, in this process.
fn signature() -> Row {
    let (key, message) = (ed25519_dalek::SigningKey::from_bytes(&[3; 32]), [0x5a; 100]);
    measured("bare Ed25519 signature", 40_000, |_| {
        black_box(key.sign(black_box(&message)));
    })
}

/// CPU time of the symbol alone, which comes with every token: how much of an issue is its drawing.
fn symbol() -> Row {
    let token = Token::from_bytes([&Token::BEGINNING[..], &[0x5a; 142]].concat()).expect("it begins like a token");
    measured("QR symbol as SVG, by its library", 1_000, |_| {
        black_box(Symbol::of(black_box(&token), "https://verify.example.org").expect("it fits").svg());
    })
}

/// CPU time of one bare row as large as a token's on a file of its own, as durable as the store's, in this process.
fn insert(name: &'static str, group: u32) -> Row {
    let folder = Folder::empty();
    let sql = Connection::open(folder.path().join("bare.sqlite")).expect("a file");
    sql.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (id BLOB PRIMARY KEY, rest BLOB) WITHOUT ROWID",
    )
    .expect("a table");
    measured(name, 8_192, |n| {
        if n % group == 0 {
            sql.execute_batch("BEGIN").expect("a transaction");
        }
        let id = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        sql.prepare_cached("INSERT INTO bare VALUES (?1, ?2)").expect("a statement").execute((id, [7_u8; 72])).expect("a row");
        if n % group == group - 1 {
            sql.execute_batch("COMMIT").expect("it is durable");
        }
    })
}

fn measured(name: &'static str, calls: u32, mut call: impl FnMut(u32)) -> Row {
    let (before, begun) = (cpu_micros(std::process::id()), Instant::now());
    (0..calls).for_each(&mut call);
    let micros = (cpu_micros(std::process::id()) - before) / f64::from(calls);
    Row { name, micros, per_second: f64::from(calls) / begun.elapsed().as_secs_f64(), latency: None }
}

/// Officers' programs that issue under one authorisation after the other.
#[derive(Clone)]
struct Desk {
    http: Client,
    url: String,
    credential: String,
    authorisations: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
}

impl Desk {
    async fn case(&self, name: &'static str, at_once: usize, process: u32) -> Row {
        let (before, begun) = (cpu_micros(process), Instant::now());
        let officers: Vec<_> = (0..at_once).map(|_| tokio::spawn(self.clone().issue(TOKENS / at_once))).collect();
        let mut times = Vec::with_capacity(TOKENS);
        for officer in officers {
            times.extend(officer.await.expect("no panic"));
        }
        let (seconds, micros) = (begun.elapsed().as_secs_f64(), cpu_micros(process) - before);
        times.sort_unstable();
        let issued = u32::try_from(times.len()).expect("some thousand");
        let latency = Some((times[times.len() / 2], times[times.len() * 99 / 100]));
        Row { name, micros: micros / f64::from(issued), per_second: f64::from(issued) / seconds, latency }
    }

    /// One token after the other; how long each took.
    async fn issue(self, tokens: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(tokens);
        for _ in 0..tokens {
            let body = self.body();
            let begun = Instant::now();
            let answer = self.http.post(&self.url).bearer_auth(&self.credential).json(&body).send().await.expect("an answer");
            assert_eq!(answer.status(), 201);
            answer.bytes().await.expect("all of it");
            times.push(begun.elapsed());
        }
        times
    }

    fn body(&self) -> Value {
        let authorisation = &self.authorisations[self.next.fetch_add(1, Ordering::Relaxed) / ALLOWED];
        json!({"channel": "in-person", "authorisation": authorisation, "challenge": "417092", "name": "Anna", "place": "Bridge Street"})
    }
}
