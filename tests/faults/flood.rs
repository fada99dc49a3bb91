//! Two thousand slow sockets from other addresses and a flood of junk, while honest people check: they are answered rightly. How
//! long they wait is printed beside a quiet run, and not judged beyond the documented two seconds.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::sleep,
};

use crate::{
    Outcome, Run,
    client::{Heard, World},
    dice::Dice,
    journal::{Journal, Key},
    kills::audit,
    station::Station,
};

const SLOW: usize = 2_000;
/// Sockets of one address, fewer than the service allows it.
const OF_ONE: usize = 250;
/// Clients that send junk as fast as it is answered.
const JUNK: usize = 8;
const HONEST: usize = 8;

pub fn story(run: &Run) -> Outcome {
    // Both ends of every socket; the service inherits it.
    rlimit::increase_nofile_limit(16_384).unwrap();
    let (station, journal) = (Station::sqlite(), Arc::new(Journal::default()));
    let tokens = run.pick(150, 3_000);
    let mut lines = vec!["| | p50 | p99 | longest | answered rightly |".to_owned(), "|---|---:|---:|---:|---:|".to_owned()];
    run.block_on(async {
        let serving = station.start();
        let world = World::of(&station, &serving, &journal);
        let (quiet, flooded) = (world.issue_many(tokens).await, world.issue_many(tokens).await);
        let mut dice = Dice::of(run.seed, &[9]);
        lines.push(row("quiet", honest(&world, &quiet, &mut dice).await));
        let flood = Flood::start(&world, &dice).await;
        lines.push(row("under the flood", honest(&world, &flooded, &mut dice).await));
        lines.push(format!("\n{}", flood.end()));
        journal.assert_sound("under the flood");
        serving.terminate();
    });
    audit(&station, &journal);
    Outcome::Done(lines)
}

/// Each token is checked by somebody, who asks again, and by somebody else. All must be answered at once; how long each took.
#[allow(clippy::disallowed_methods, reason = "how long people wait is printed")]
async fn honest(world: &World, keys: &[Key], dice: &mut Dice) -> Vec<Duration> {
    let people: Vec<_> = keys.iter().map(|key| (*key, dice.attempt(), dice.attempt())).collect();
    let checks = stream::iter(people).map(|(key, mine, yours)| async move {
        let mut took = vec![];
        for (attempt, expected) in [(&mine, "genuine"), (&mine, "genuine"), (&yours, "already_checked")] {
            let begun = Instant::now();
            let heard = world.check(key, attempt).await;
            took.push(begun.elapsed());
            assert_eq!(heard, Heard::Said(expected.into()), "an honest check");
        }
        took
    });
    checks.buffer_unordered(HONEST).concat().await
}

fn row(name: &str, mut took: Vec<Duration>) -> String {
    took.sort();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    format!("| {name} | {:.1} ms | {:.1} ms | {:.1} ms | all {} |", at(50), at(99), at(100), took.len())
}

/// Strangers, until the flood ends.
struct Flood {
    tasks: JoinSet<()>,
    open: Arc<AtomicUsize>,
    junk: Arc<AtomicUsize>,
}

impl Flood {
    /// Goes on once all slow sockets are there.
    async fn start(world: &World, dice: &Dice) -> Self {
        let mut flood = Self { tasks: JoinSet::new(), open: Arc::default(), junk: Arc::default() };
        let mut dice = dice.clone();
        for n in 0..SLOW {
            let (address, open) = (world.public.clone(), flood.open.clone());
            flood.tasks.spawn(async move { slow(&address, local(2 + n / OF_ONE), &open).await });
        }
        for n in 0..JUNK {
            let (world, own, sent) = (world.clone(), Dice::of(dice.next(), &[]), flood.junk.clone());
            flood.tasks.spawn(async move { junk(&world, local(100 + n), own, &sent).await });
        }
        while flood.open.load(Ordering::Relaxed) < SLOW || flood.junk.load(Ordering::Relaxed) < JUNK {
            sleep(Duration::from_millis(5)).await;
        }
        flood
    }

    fn end(mut self) -> String {
        // They go on until they are dropped; one that ended got an answer that it must not get.
        while let Some(ended) = self.tasks.try_join_next() {
            ended.unwrap();
        }
        let (opened, junk) = (self.open.load(Ordering::Relaxed), self.junk.load(Ordering::Relaxed));
        format!("{SLOW} slow sockets at once, {opened} in all, and {junk} requests of junk, none of them genuine.")
    }
}

fn local(last: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(last).unwrap())
}

/// Sends a request a byte at a time, and comes again when it is thrown out.
async fn slow(public: &str, from: Ipv4Addr, open: &AtomicUsize) {
    let address = public.trim_start_matches("http://").parse().unwrap();
    let request = b"POST /v1/verify HTTP/1.1\r\nHost: verify.example.org\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n";
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let Ok(stream) = socket.connect(address).await else { continue };
        open.fetch_add(1, Ordering::Relaxed);
        for byte in request {
            if send(&stream, *byte).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }
}

async fn send(stream: &TcpStream, byte: u8) -> std::io::Result<()> {
    stream.writable().await?;
    match stream.try_write(&[byte]) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
        other => other.map(drop),
    }
}

/// Forged tokens, codes that name nothing, bodies that are none and far too large ones.
async fn junk(world: &World, from: Ipv4Addr, mut dice: Dice, sent: &AtomicUsize) {
    let http = crate::running::http::client().local_address(Some(from.into())).build().unwrap();
    let honest = world.journal.token(0);
    loop {
        let body = match dice.below(5) {
            0 => json!({"token": forged(&honest, &mut dice), "attempt": dice.attempt()}).to_string(),
            1 => json!({"code": format!("{:014}", dice.next() % 100_000_000_000_000)}).to_string(),
            2 => "{".repeat(1 + dice.below(8_000)),
            3 => "\u{0}".repeat(9_000),
            _ => json!({"token": dice.attempt(), "attempt": 7}).to_string(),
        };
        let request = http.post(format!("{}/v1/verify", world.public)).header("content-type", "application/json").body(body);
        if let Ok(response) = request.timeout(Duration::from_secs(20)).send().await {
            let said = response.text().await.unwrap_or_default();
            assert!(!said.contains("\"genuine\""), "junk is genuine: {said}");
        }
        sent.fetch_add(1, Ordering::Relaxed);
    }
}

/// The token with one character changed.
fn forged(token: &str, dice: &mut Dice) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = bytes.len() / 3 + dice.below(bytes.len() / 2);
    bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
    String::from_utf8(bytes).unwrap()
}
