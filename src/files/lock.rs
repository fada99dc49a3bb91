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
            match opened.try_lock() {
                Ok(()) if is_still(&opened, folder) => return Ok(Some(Self(opened))),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The process that held it may have removed it, and another folder may be in its place.
fn is_still(opened: &File, folder: &Path) -> bool {
    let place = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((opened.metadata(), fs::metadata(folder)), (Ok(opened), Ok(there)) if place(&opened) == place(&there))
}
