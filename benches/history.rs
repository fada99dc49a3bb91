//! What history costs: `cargo bench --bench history`.
//!
//! Checks on stores that keep a thousand, a hundred thousand and ten million tokens and marks of the last day, as ratios to
//! the smallest of the same run; the sizes take turns, so that a slow moment hits all alike. A check here is what the store
//! does for it, without HTTP and without the signature, which no history makes slower. Then what a purge of the largest
//! costs, and how long checks and issues wait meanwhile.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "load/deployment.rs"]
mod deployment;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use countersign::{
    authority::{AccessHash, AuthorisationId, Callsign},
    ledger::Event,
    store::{IssuerStore as _, KEEP_ROWS, Marked, NewToken, Presented, Room, Speakable, SpokenRules, SqliteStore, VerifierStore as _},
    token::{Channel, Cti, SpokenCode, SpokenSize, SpokenWords, Token, TokenHash},
};
use futures_util::{StreamExt as _, stream};
use rusqlite::Connection;
use tempfile::TempDir;

const NOW: i64 = 1_795_000_000;
const SIZES: [u64; 3] = [1_000, 100_000, 10_000_000];
/// The most by which the largest may cost more than the smallest.
const GOAL: f64 = 1.2;
/// Live tokens, each checked once.
const LIVE: u64 = 60_000;
const ROUNDS: usize = 15;
/// How many checks are under way at once.
const AT_ONCE: usize = 64;
/// Rows that are due at once, as after a pause of the housekeeper.
const DUE: u64 = 200_000;
/// Issues a second, and for how long.
const ISSUES: u64 = 1_000;
const SECONDS: u64 = 10;

const KID: [u8; 4] = [7; 4];
/// Who issue, each as many codes as one person may have.
const OFFICERS: u64 = ISSUES * SECONDS / 8;
const RULES: SpokenRules =
    SpokenRules { words: SpokenWords::Auto, room: Room { five: 50, all: 1_000_000, person: 8 }, five_guesses: 3_000, number_guesses: 300 };

struct History {
    _folder: TempDir,
    store: Arc<SqliteStore>,
    live: Vec<Presented>,
    spent: Vec<f64>,
}

impl History {
    /// Rows that ran out in the last day, evenly, with their marks, and live tokens.
    fn of(size: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.sqlite");
        drop(SqliteStore::open_for_issuer(&path, &deployment::keys()).expect("a store"));
        let sql = Connection::open(&path).expect("the same file");
        // Built at once; an index is cheaper afterwards.
        sql.execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN; DROP INDEX tokens_by_cti; DROP INDEX tokens_by_authorisation;
             INSERT INTO officers VALUES ('heron', 'approver', 0, NULL);
             CREATE TEMP TABLE people AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {OFFICERS})
                 SELECT 'falcon' || i AS who, CAST(printf('%08d', i) AS BLOB) AS id, CAST(printf('%032d', i) AS BLOB) AS hash FROM n;
             INSERT INTO officers SELECT who, 'officer', 0, NULL FROM people;
             INSERT INTO credentials (hash, callsign, expires_at) SELECT hash, who, 9000000000 FROM people;
             INSERT INTO authorisations SELECT id, 'OP', 'online,telephone', 0, {NOW} + 86400, 1000000000, 0, who, 0, 'approved', 'heron', 0
                 FROM people;
             INSERT INTO signing_keys VALUES (CAST(x'07070707' || zeroblob(28) AS BLOB), 'active', 0, NULL, NULL);
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {size})
             INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at, code, bytes) SELECT randomblob(8), randomblob(32), x'07070707', CAST('00000001' AS BLOB), 'telephone', e - 600, e - 600,
                 e, NULL, NULL, NULL FROM (SELECT {NOW} - {KEEP_ROWS} + 60 + i * ({KEEP_ROWS} - 120) / {size} AS e FROM n);
             INSERT INTO marks (cti, attempt, first_checked_at, expires_at) SELECT cti, randomblob(32), expires_at - 300 - (expires_at - 300) % 60, expires_at FROM tokens;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {LIVE})
             INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at, code, bytes) SELECT randomblob(8), randomblob(32), x'07070707', CAST('00000001' AS BLOB), 'telephone', {NOW}, {NOW},
                 {NOW} + 540 + i % 60, NULL, NULL, NULL FROM n;
             CREATE UNIQUE INDEX tokens_by_cti ON tokens (cti); CREATE INDEX tokens_by_authorisation ON tokens (authorisation);
             COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"
        ))
        .expect("rows of the right shape");
        let live = "SELECT cti, sha256, expires_at FROM tokens WHERE expires_at > ?1 ORDER BY sha256";
        let presented =
            |row: &rusqlite::Row<'_>| Ok(Presented { cti: Cti(row.get(0)?), hash: TokenHash(row.get(1)?), expires_at: row.get(2)? });
        let live = sql.prepare(live).and_then(|mut live| live.query_map([NOW], presented)?.collect()).expect("live tokens");
        let store = Arc::new(SqliteStore::open_for_issuer(&path, &deployment::keys()).expect("a store"));
        Self { _folder: folder, store, live, spent: vec![] }
    }

    /// CPU of all threads for each of so many checks.
    async fn round(&mut self, checks: usize) {
        let now = self.live.split_off(self.live.len() - checks);
        let before = cpu_nanos();
        stream::iter(now).for_each_concurrent(AT_ONCE, |token| check(&self.store, token)).await;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        self.spent.push((cpu_nanos() - before) as f64 / checks as f64 / 1e3);
    }

    fn median(&mut self) -> f64 {
        self.spent.sort_by(f64::total_cmp);
        self.spent[self.spent.len() / 2]
    }
}

async fn check(store: &SqliteStore, token: Presented) {
    assert_eq!(store.use_once(token, None, NOW).await.expect("the store works"), Marked::First);
}

/// CPU time of all threads of this process, by the kernel's account.
fn cpu_nanos() -> u64 {
    let threads = fs::read_dir("/proc/self/task").expect("Linux");
    let spent = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok();
    threads.filter_map(|thread| spent(thread.ok()?)).sum()
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let mut stores: Vec<History> = SIZES.into_iter().map(History::of).collect();
    let checks = usize::try_from(LIVE).expect("a few") / 2 / ROUNDS;
    for _ in 0..ROUNDS {
        for store in &mut stores {
            store.round(checks).await;
        }
    }
    println!("| rows of history | CPU µs of a check | ratio |\n|---:|---:|---:|");
    let micros: Vec<f64> = stores.iter_mut().map(History::median).collect();
    for (size, micros_each) in SIZES.iter().zip(&micros) {
        println!("| {size} | {micros_each:.1} | {:.2} |", micros_each / micros[0]);
    }
    let largest = stores.pop().expect("three of them");
    purge(largest).await;
    if micros[2] / micros[0] > GOAL { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS }
}

/// Purges while checks come one after the other, and then while tokens are issued.
async fn purge(mut history: History) {
    let largest = SIZES[2];
    let until = NOW + 60 + i64::try_from(DUE * (KEEP_ROWS.cast_unsigned() - 120) / largest).expect("a day at most");
    let over = Arc::new(AtomicBool::new(false));
    let waits = tokio::spawn({
        let (store, over, tokens) = (history.store.clone(), over.clone(), std::mem::take(&mut history.live));
        async move {
            let mut waits = vec![];
            for token in tokens.into_iter().take_while(|_| !over.load(Ordering::Relaxed)) {
                let begin = Instant::now();
                check(&store, token).await;
                waits.push(begin.elapsed());
            }
            waits
        }
    });
    let begin = Instant::now();
    history.store.purge(until).await.expect("the store works");
    let seconds = begin.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    let mut waits = waits.await.expect("checks");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let each = DUE as f64 / seconds;
    println!("\npurge of {DUE} rows among {largest}: {each:.0} rows a second");
    print("checks meanwhile", &mut waits);
    print(&format!("{ISSUES} issues a second for {SECONDS} s, purging all the while"), &mut issues(&history.store, until).await);
}

fn print(what: &str, waits: &mut [Duration]) {
    waits.sort_unstable();
    let millis = |of_hundred: usize| waits[(waits.len() * of_hundred / 100).min(waits.len() - 1)].as_secs_f64() * 1e3;
    println!("{what}: {} of them, p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms", waits.len(), millis(50), millis(99), millis(100));
}

/// Issues at a steady rate while as many rows run out, each second's purged in it. Each wait counts from the moment at which
/// the issue was due.
async fn issues(store: &Arc<SqliteStore>, until: i64) -> Vec<Duration> {
    let begin = Instant::now();
    let issue = |n: u64| {
        let store = store.clone();
        async move {
            let due = begin + Duration::from_secs(n).div_f64(1e3) * 1_000 / u32::try_from(ISSUES).expect("a few");
            tokio::time::sleep_until(due.into()).await;
            let (token, event) = new_token(n);
            store.issue_and_record(token, event.at(NOW)).await.expect("it is allowed");
            due.elapsed()
        }
    };
    let purging = async {
        // As many rows of the largest as are issued in a second.
        let step = i64::try_from(ISSUES * (KEEP_ROWS.cast_unsigned() - 120) / SIZES[2]).expect("seconds") + 1;
        for second in 1..=SECONDS {
            store.purge(until + i64::try_from(second).expect("a few") * step).await.expect("the store works");
            tokio::time::sleep_until((begin + Duration::from_secs(second)).into()).await;
        }
    };
    let issuing = stream::iter(0..ISSUES * SECONDS).map(issue).buffer_unordered(usize::try_from(ISSUES).expect("a few"));
    tokio::join!(issuing.collect(), purging).0
}

fn new_token(n: u64) -> (NewToken, Event) {
    let mut cti = [9; 8];
    cti.copy_from_slice(&(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
    let bytes = [&Token::BEGINNING, [0; 112].as_slice(), &cti].concat();
    let token = Token::from_bytes(bytes).expect("begins like one");
    let code = SpokenCode::of(&token, SpokenSize::Six);
    let (who, hash) = (n % OFFICERS, token.hash());
    let officer: Callsign = format!("falcon{who}").parse().expect("a callsign");
    let bytes = |text: String| text.into_bytes();
    let authorisation = AuthorisationId(bytes(format!("{who:08}")).try_into().expect("8 digits"));
    let access = AccessHash(bytes(format!("{who:032}")).try_into().expect("32 digits"));
    let event = Event::TokenIssued {
        cti: Cti(cti),
        kid: KID,
        sha256: hash,
        channel: Channel::Telephone,
        iat: NOW,
        nbf: None,
        exp: NOW + 600,
        by: officer.clone(),
        access: Some(access.id()),
        authorisation,
    };
    let new = NewToken {
        cti: Cti(cti),
        hash,
        kid: KID,
        authorisation,
        officer,
        access,
        channel: Channel::Telephone,
        issued_at: NOW,
        starts_at: NOW,
        expires_at: NOW + 600,
        speakable: Some(Speakable { code, token, rules: RULES }),
        confirmation: None,
        once: None,
    };
    (new, event)
}
