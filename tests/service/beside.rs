//! Several programs on one SQLite store at once. A process that opens the file itself and closes it loses every lock that its
//! own connections hold there (POSIX), and the next program to leave takes the log away under it.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use countersign::token::Token;
use serde_json::json;

use crate::{
    demo::{Demo, free_ports},
    running::{Folder, SETTINGS, Service, post},
    sheet::Sheet,
};

const STORE: &str = ".countersign-demo/store.sqlite";

const BESIDE: [&str; 4] = ["--config", "beside.toml", "--keys", ".countersign-demo/keys"];

/// What others do with the file: each opens it, and closes it as the last to leave would.
const VISITS: [&str; 6] = [
    "SELECT count(*) FROM tokens",
    "PRAGMA integrity_check",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "BEGIN IMMEDIATE; DELETE FROM misses WHERE minute < 0; COMMIT",
    "VACUUM INTO '/dev/null'",
];

/// Debian's own SQLite, which is not the one in our binary.
fn sqlite3(folder: &Folder, statements: &str) {
    let mut command = Command::new("sqlite3");
    command.current_dir(folder.path()).args(["-cmd", ".timeout 10000", STORE, statements]);
    let said = command.output().unwrap();
    let output = String::from_utf8_lossy(&said.stdout);
    // It cannot copy into a device; that it opened, read and closed is what counts.
    assert!(said.status.success() || statements.contains("/dev/null"), "{statements}: {}", String::from_utf8_lossy(&said.stderr));
    assert!(!statements.ends_with("integrity_check") || output == "ok\n", "{output}");
}

/// Says that it is enough when it goes.
struct WhenDropped<'a>(&'a AtomicBool);

impl Drop for WhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Checks one token until it is enough; gives back what came instead of an answer, and how many answers there were.
fn checks(url: &str, token: &str, enough: &AtomicBool) -> (Vec<String>, usize) {
    let (url, mut wrong, mut answered) = (format!("{url}/v1/verify"), vec![], 0);
    // One more afterwards, so that what the last visitor did is seen too.
    let mut last = false;
    while !last {
        last = enough.load(Ordering::Acquire);
        match post(&url, &json!({"token": token})) {
            Some((200, answer)) if answer["verdict"] == "genuine" || answer["verdict"] == "already_checked" => answered += 1,
            Some((status, answer)) => wrong.push(format!("{status} {}", answer["verdict"])),
            None => wrong.push("nobody answered".into()),
        }
    }
    (wrong, answered)
}

/// Everybody's answers to checks of one token while others open the store and leave it.
fn all_answered(folder: &Folder, publics: &[&str], token: &str) {
    let enough = AtomicBool::new(false);
    let outcomes = thread::scope(|threads| {
        let checking: Vec<_> = publics.iter().map(|url| threads.spawn(|| checks(url, token, &enough))).collect();
        // Also where a visit panics: the threads that check would never end.
        let visited = WhenDropped(&enough);
        for visit in VISITS {
            sqlite3(folder, visit);
            folder.ok(&[&["officers", "list"], &BESIDE[..]].concat());
            folder.ok(&[&["keys", "rotate"], &BESIDE[..]].concat());
        }
        drop(visited);
        checking.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (url, (wrong, answered)) in publics.iter().zip(outcomes) {
        assert!(wrong.is_empty(), "{url}: {} of {}: {:#?}", wrong.len(), wrong.len() + answered, wrong.first());
        assert!(answered > 0);
    }
}

#[test]
fn demo_serve_commands_and_sqlite3_share_a_store_and_every_check_is_answered() {
    let folder = Folder::empty();
    folder.write("beside.toml", &SETTINGS.replace("store.sqlite", STORE));
    let (public, private) = free_ports();
    let demo = Demo::start(&folder, public, private);
    let token = Token::parse(&Sheet::read(&demo.text).link).unwrap().text();
    let public = format!("http://127.0.0.1:{public}");
    // Alone first: where others keep the file open, no visitor takes itself for the last to leave.
    all_answered(&folder, &[&public], &token);

    let both = Service::start(&folder, &[&["--role", "all"], &BESIDE[..]].concat());
    let verifier = Service::start(&folder, &[&["--role", "verifier"], &BESIDE[..]].concat());
    all_answered(&folder, &[&public, &both.public, &verifier.public], &token);
    demo.terminate();
    all_answered(&folder, &[&both.public, &verifier.public], &token);
    assert_eq!(verifier.terminate().0.code(), Some(0));
    all_answered(&folder, &[&both.public], &token);
    assert_eq!(both.terminate().0.code(), Some(0));
}
