//! Whether the files that were opened are still the ones at their place.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The database, its log and the log's index, each with the device and inode that were opened.
pub(super) struct Files([(PathBuf, (u64, u64)); 3]);

impl Files {
    /// As they are now, while connections hold them open.
    pub(super) fn opened(path: &Path) -> io::Result<Self> {
        // SQLite keeps both beside the file itself, also where `path` is a link to it.
        let real = fs::canonicalize(path)?;
        let beside = |suffix: &str| {
            let mut name = real.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let known = |file: PathBuf| identity(&file).map(|identity| (file, identity));
        Ok(Self([known(path.to_owned())?, known(beside("-wal"))?, known(beside("-shm"))?]))
    }

    /// The size of the log.
    pub(super) fn log_bytes(&self) -> Option<u64> {
        let [_, (log, _), _] = &self.0;
        fs::metadata(log).ok().map(|log| log.len())
    }

    /// SQLite goes on writing into a file that was moved, removed or replaced, and the next process that opens the store finds none
    /// of it: a token could be genuine twice (threat 18). Put back, the file is good again.
    pub(super) fn in_place(&self) -> Result<(), String> {
        match self.0.iter().find(|(file, opened)| identity(file).ok() != Some(*opened)) {
            None => Ok(()),
            Some((file, _)) => Err(format!("{} was moved or replaced; put it back, or stop the service", file.display())),
        }
    }
}

fn identity(file: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(file).map(|file| (file.dev(), file.ino()))
}
