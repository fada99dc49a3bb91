//! Holds commands apart that write in one folder.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::Duration,
};

const PAUSE: Duration = Duration::from_millis(20);

/// A folder that nobody else writes in as long as this is there; the operating system lets it go with the process. It is the
/// folder itself that is locked, so no lock file is left behind.
pub struct FolderLock(#[allow(dead_code, reason = "it is held, not used")] File);

impl FolderLock {
    /// How long a command waits for another one.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Waits for the process that holds the folder, for `patience` at most; `None` if they still do.
    pub fn take(folder: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let tries = 1 + patience.as_millis() / PAUSE.as_millis();
        for _ in 0..tries {
            let opened = File::open(folder)?;
            if claim(&opened, folder).map_err(|_| io::Error::other("its file system keeps no locks; use a local disk"))? {
                return Ok(Some(Self(opened)));
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }
}

/// Locks what was opened at `path`, unless another process holds it, or it is there no more: the process that held it may have
/// removed or renamed it, and something else may be in its place.
pub(super) fn claim(opened: &File, path: &Path) -> io::Result<bool> {
    match opened.try_lock() {
        Ok(()) => Ok(is_still(opened, path)),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_still(opened: &File, path: &Path) -> bool {
    let place = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((opened.metadata(), fs::metadata(path)), (Ok(opened), Ok(there)) if place(&opened) == place(&there))
}
