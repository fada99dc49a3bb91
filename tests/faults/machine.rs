//! The disk and the clock under a service, as `machine.c` makes them fail.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/machine.c");

/// What an operation fails with, as Linux numbers it.
#[derive(Clone, Copy, Debug)]
pub enum Errno {
    /// EIO
    Broken = 5,
    /// ENOSPC
    Full = 28,
    /// EROFS
    ReadOnly = 30,
}

/// A machine for one process at a time.
pub struct Machine {
    folder: TempDir,
    control: File,
}

/// Words of the page that both sides see; the order is that of `struct control`.
#[derive(Clone, Copy)]
enum Word {
    Operations,
    FailFrom,
    FailUntil,
    FailErrno,
    ClockOffset,
    SwallowSyncs,
    DelayMicros,
}

impl Machine {
    /// Builds it; or says what is missing.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("machine.so");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-pthread", "-o"]).arg(&library).arg(SOURCE).output();
        let built = built.map_err(|error| format!("there is no C compiler (cc: {error})"))?;
        if !built.status.success() {
            return Err(format!("cc cannot build {SOURCE}: {}", String::from_utf8_lossy(&built.stderr)));
        }
        let path = folder.path().join("control");
        fs::write(&path, [0; 4_096]).unwrap();
        let control = OpenOptions::new().read(true).write(true).open(path).unwrap();
        Ok(Self { folder, control })
    }

    /// Lays it under a process.
    pub fn under(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", self.folder.path().join("machine.so")).env("MACHINE_CONTROL", self.folder.path().join("control"));
        command
    }

    /// The same, with everything that happens to the store's files kept for [`crate::platter::Platter`].
    pub fn recorded(&self, command: Command) -> Command {
        let mut command = self.under(command);
        command.env("MACHINE_LOG", self.log());
        command
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Writes, truncations and syncs of the store's files so far.
    pub fn operations(&self) -> u64 {
        let mut word = [0; 8];
        self.control.read_exact_at(&mut word, place(Word::Operations)).unwrap();
        u64::from_ne_bytes(word)
    }

    /// The `nth` operation from now fails, and so many after it.
    pub fn fail(&self, nth: u64, many: u64, with: Errno) {
        let from = self.operations() + nth;
        self.set(Word::FailErrno, with as u64);
        self.set(Word::FailUntil, from.saturating_add(many));
        self.set(Word::FailFrom, from);
    }

    /// Every operation fails from now on.
    pub fn fail_all(&self, with: Errno) {
        self.fail(1, u64::MAX, with);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.set(Word::FailUntil, 0);
    }

    /// The clock is so many seconds off.
    pub fn step_clock(&self, seconds: i64) {
        self.set(Word::ClockOffset, seconds.cast_unsigned());
    }

    pub fn swallow_syncs(&self) {
        self.set(Word::SwallowSyncs, 1);
    }

    pub fn delay_syncs(&self, each: Duration) {
        self.set(Word::DelayMicros, u64::try_from(each.as_micros()).unwrap());
    }

    fn set(&self, word: Word, value: u64) {
        self.control.write_all_at(&value.to_ne_bytes(), place(word)).unwrap();
    }
}

fn place(word: Word) -> u64 {
    word as u64 * 8
}
