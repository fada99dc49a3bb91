//! Faults and load against the real binary: it is killed, loses power, its disk and clock fail, its store is taken away, and
//! strangers flood it. `make faults` runs everything at its full size; `cargo test` a short form.
//!
//! No harness of the usual kind: the stories want the machine for themselves, one after another, and say what they measured.

mod client;
mod clock;
#[path = "../database/mod.rs"]
mod database;
mod dice;
mod disk;
mod failover;
mod file;
#[path = "../filling/mod.rs"]
mod filling;
mod flood;
mod full;
mod guessing;
mod issuers;
mod journal;
mod kills;
mod load;
mod machine;
mod outages;
mod planted;
mod platter;
mod power;
mod race;
#[path = "../running/mod.rs"]
mod running;
mod scene;
mod station;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

use countersign::entropy::{Entropy as _, SystemEntropy};
use tokio::runtime::Runtime;

/// How a story came out, unless it panicked.
pub enum Outcome {
    /// What was measured, in lines of Markdown.
    Done(Vec<String>),
    /// This machine lacks something, which is named.
    NotRun(String),
}

/// What every story gets.
pub struct Run {
    /// Everything, or what fits into a minute.
    pub full: bool,
    /// Where all that looks random comes from.
    pub seed: u64,
    runtime: Runtime,
}

type Story = fn(&Run) -> Outcome;

const STORIES: [(&str, Story); 19] = [
    ("a planted answer before the commit is found", kills::planted),
    ("killed", kills::honest),
    ("a planted loss of syncs is found", power::planted),
    ("power lost", power::honest),
    ("each write fails", disk::each_write_fails),
    ("disk full", full::story),
    ("clock steps", clock::story),
    ("slow sockets and junk", flood::story),
    ("ten thousand addresses guess", guessing::story),
    ("racers over three verifiers", race::story),
    ("store locked, slow, read-only, gone", file::story),
    ("a planted answer before the commit is found, on PostgreSQL", kills::planted_on_postgres),
    ("killed, on PostgreSQL", kills::on_postgres),
    ("one of two issuers killed, on PostgreSQL", issuers::story),
    ("racers over three verifiers, on PostgreSQL", race::on_postgres),
    ("database killed, held, restarted, on PostgreSQL", outages::story),
    ("database's disk full, on PostgreSQL", outages::full),
    ("a planted standby that is behind is found, on PostgreSQL", failover::planted),
    ("primary lost, its standby takes over, on PostgreSQL", failover::story),
];

impl Run {
    #[allow(clippy::disallowed_methods, reason = "the one place where the size of the run is read")]
    fn read() -> Self {
        let full = std::env::var("COUNTERSIGN_FAULTS").is_ok_and(|size| size == "full");
        let seed = std::env::var("COUNTERSIGN_FAULTS_SEED").ok().map(|seed| seed.parse().expect("COUNTERSIGN_FAULTS_SEED is a number"));
        let drawn = || {
            let mut bytes = [0; 4];
            SystemEntropy.fill(&mut bytes).unwrap();
            u32::from_le_bytes(bytes).into()
        };
        Self { full, seed: seed.unwrap_or_else(drawn), runtime: Runtime::new().unwrap() }
    }

    /// For the short form and for the full one.
    pub fn pick<T>(&self, short: T, full: T) -> T {
        if self.full { full } else { short }
    }

    /// Runs a story's asynchronous part.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

#[allow(clippy::disallowed_methods, reason = "how long each story took is printed")]
fn tell(run: &Run, name: &str, story: Story) -> bool {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| story(run)));
    let seconds = begun.elapsed().as_secs_f32();
    match &outcome {
        Ok(Outcome::Done(lines)) => {
            println!("\n{name}: held, {seconds:.1} s");
            println!("{}", lines.join("\n"));
        }
        Ok(Outcome::NotRun(why)) => eprintln!("\n{name}: NOT RUN: {why}"),
        Err(_) => eprintln!("\n{name}: FAILED after {seconds:.1} s; again with COUNTERSIGN_FAULTS_SEED={}", run.seed),
    }
    outcome.is_ok()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == planted::SERVE) {
        planted::serve(&args[1]);
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--ignored") {
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let chosen = STORIES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())));
    if args.iter().any(|arg| arg == "--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let run = Run::read();
    println!("faults: {}, seed {}", run.pick("short form", "full form"), run.seed);
    // Each is reported, also after one has failed.
    let held: Vec<bool> = chosen.map(|(name, story)| tell(&run, name, *story)).collect();
    if held.into_iter().all(|held| held) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
