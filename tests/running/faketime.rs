//! A clock that is wrong for one process alone, by Debian's faketime: the wall clock, and never the time since the machine started.

use std::{fs, path::PathBuf, process::Command};

/// Why what needs it is not run.
pub const MISSING: &str = "Debian's faketime is not installed; make test installs it";

/// A wall clock for processes that are laid over it.
pub struct FakeTime {
    library: PathBuf,
    file: PathBuf,
}

impl FakeTime {
    /// Its offset is in `file`; `None` on a machine without faketime.
    pub fn in_file(file: PathBuf, seconds: i64) -> Option<Self> {
        let library = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")));
        let time = Self { library: library.into_iter().find(|library| library.exists())?, file };
        time.set(seconds);
        Some(time)
    }

    /// From now on the clock is so many seconds ahead.
    pub fn set(&self, seconds: i64) {
        // Moved into place, so that nobody reads half of it.
        let aside = self.file.with_extension("new");
        fs::write(&aside, format!("{seconds:+}\n")).unwrap();
        fs::rename(aside, &self.file).unwrap();
    }

    /// Lays it under a process.
    pub fn under(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }
}
