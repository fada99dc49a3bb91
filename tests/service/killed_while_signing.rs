//! A command that is killed at each step of a group that is signed: the commit, the machine's own file, and what makes them durable.

use std::{
    io::{Write as _, stderr},
    os::unix::process::ExitStatusExt as _,
    process::Command,
};

use crate::running::{BINARY, Folder, SETTINGS, Service};

/// Runs a command that is killed when a thread of it makes its `nth` of these system calls; whether it was.
fn is_killed(folder: &Folder, calls: &str, nth: usize, args: &[&str]) -> bool {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:signal=KILL:when={nth}"));
    let options = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, BINARY];
    let ended = Command::new("strace").args(options).args(args).current_dir(folder.path()).output().unwrap();
    assert!(ended.status.success() || ended.status.signal() == Some(9), "{}", String::from_utf8_lossy(&ended.stderr));
    !ended.status.success()
}

/// Everything is as it should be, and under a checkpoint if `signed`.
fn is_sound(folder: &Folder, signed: bool, what: &str) {
    let report = folder.json(&["ledger", "verify"]);
    assert_eq!(report["fault_count"], 0, "{what}: {report}");
    assert!(!signed || report["signed"] == report["entries"], "{what}: {report}");
}

#[test]
fn a_command_that_is_killed_at_any_step_leaves_a_ledger_that_goes_on() {
    if Command::new("strace").arg("-V").output().is_err() {
        let _ = writeln!(stderr(), "NOT RUN: kills while signing: Debian's strace is not installed; make test installs it");
        return;
    }
    let folder = Folder::with_keys();
    folder.write("countersign.toml", SETTINGS);
    folder.ok(&["officers", "enrol", "falcon", "--role", "officer"]);
    // SQLite makes a commit durable by the first; the machine's own file is made so and put in its place by the others.
    for (calls, least) in [("fdatasync", 1), ("fsync", 2), ("rename,renameat,renameat2", 1)] {
        let mut nth = 1;
        while is_killed(&folder, calls, nth, &["officers", "enrol", &format!("{}{nth}", &calls[..2]), "--role", "officer"]) {
            let what = format!("{calls} {nth}");
            is_sound(&folder, true, &what);
            folder.ok(&["officers", "enrol", &format!("then{}{nth}", &calls[..2]), "--role", "officer"]);
            is_sound(&folder, true, &what);
            nth += 1;
        }
        assert!(nth > least, "{calls}: killed {} times", nth - 1);
    }
    let service = Service::start(&folder, &["--role", "issuer"]);
    let (status, log) = service.terminate();
    assert!(status.success() && !log.contains("ALARM"), "{log}");
    is_sound(&folder, true, "the service");
}
