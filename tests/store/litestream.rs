//! Litestream beside a store: it reads without end, which is how it copies every page that is written.

use std::{
    fs,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use countersign::store::Marked;
use tokio::time::Instant;

use crate::{
    acts::{NOW, World},
    sqlite::Sqlite,
};

/// Where make test puts it.
fn program() -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/litestream")).filter(|program| program.exists())
}

/// It ends with the test.
struct Replicating(Child);

impl Drop for Replicating {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Until `done`, for as long as that may take on a busy machine.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn litestream_holds_up_no_check_and_its_copy_has_all_of_them() {
    let Some(litestream) = program() else {
        let _ = writeln!(
            stderr(),
            "NOT RUN: litestream::litestream_holds_up_no_check_and_its_copy_has_all_of_them: litestream is not there; make test gets it"
        );
        return;
    };
    let sqlite = Sqlite::new("").await.unwrap();
    let world = World::new(&sqlite).await;
    let beside = |name: &str| sqlite.path().with_file_name(name);
    let (replica, restored) = (format!("file://{}", beside("replica").display()), beside("restored.sqlite"));
    let mut replicate = Command::new(&litestream);
    replicate.arg("replicate").arg(sqlite.path()).arg(&replica).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let replicating = Replicating(replicate.spawn().unwrap());
    // From its first copy on it is always within a transaction that reads.
    until("it copies nothing", || fs::read_dir(beside("replica/ltx/0")).is_ok_and(|mut files| files.next().is_some())).await;

    for cti in 1..=20 {
        let token = world.issued(cti).await;
        world.stores.issuer.purge(0).await.unwrap();
        assert_eq!(world.stores.verifier.use_once(token, None, NOW).await.unwrap(), Marked::First);
    }
    assert!(world.stores.issuer.log_bytes().unwrap() > 0, "it reads, so that the log is not emptied");

    let last = "SELECT count(*) FROM marks";
    let copied = || {
        let _ = fs::remove_file(&restored);
        let mut restore = Command::new(&litestream);
        restore.args(["restore", "-o"]).arg(&restored).arg(&replica);
        run(&mut restore);
        rusqlite::Connection::open(&restored).unwrap().query_row(last, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    until("not all of it is copied", || copied() == 20).await;
    drop(replicating);
    // Debian 12's own, which a careful operator asks.
    assert_eq!(run(Command::new("sqlite3").arg(&restored).arg("PRAGMA integrity_check")), "ok\n");
    world.stores.issuer.purge(0).await.unwrap();
    assert_eq!(world.stores.issuer.log_bytes(), Some(0), "it is emptied as soon as nobody reads");
}
