//! Writing: beside the place first, synced, and then renamed into it.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::fs::OFlags;

use super::folder_of;

/// The mode of a file that anybody may read.
pub const PUBLIC: u32 = 0o644;
/// The mode of a file that is for its owner alone.
pub const PRIVATE: u32 = 0o600;

const PREFIX: &str = ".countersign-";
const SUFFIX: &str = ".new";

/// A file that is being written beside its place. Dropped, it leaves nothing behind.
pub struct Draft {
    file: File,
    aside: PathBuf,
    target: PathBuf,
    placed: bool,
}

impl Draft {
    /// Begins a file for `target`, in the same folder. Its mode does not depend on the umask.
    ///
    /// A link at `target` is refused: a rename would put a file in its place, and who made the link expects the file
    /// behind it to change. So is everything else that is no plain file: a device would be replaced by a file.
    pub fn begin(target: &Path, mode: u32) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        refuse_other_than_file(target)?;
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let aside = folder_of(target).join(format!("{PREFIX}{}-{count}{SUFFIX}", process::id()));
            // Only ever a new file, which also never is a link that somebody put there.
            match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&aside) {
                // Left behind by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    let draft = Self { file, aside, target: target.to_owned(), placed: false };
                    draft.file.set_permissions(Permissions::from_mode(mode))?;
                    return Ok(draft);
                }
            }
        }
    }

    /// Makes what was written durable, still beside its place. What is left to do needs no room.
    pub fn finish(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Puts it into its place, durably: a reader sees the file before or this one.
    pub fn replace(mut self) -> io::Result<()> {
        self.finish()?;
        refuse_other_than_file(&self.target)?;
        fs::rename(&self.aside, &self.target)?;
        self.placed = true;
        File::open(folder_of(&self.target))?.sync_all()
    }

    /// The same, unless there is something in its place already.
    pub fn place_new(mut self) -> io::Result<()> {
        self.finish()?;
        match fs::hard_link(&self.aside, &self.target) {
            Ok(()) => {}
            // A file system without hard links, as on most sticks.
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {
                if fs::symlink_metadata(&self.target).is_ok() {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                fs::rename(&self.aside, &self.target)?;
                self.placed = true;
            }
            Err(error) => return Err(error),
        }
        File::open(folder_of(&self.target))?.sync_all()
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.aside);
        }
    }
}

/// Writes a file in place of one that may be there.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut draft = Draft::begin(path, mode)?;
    draft.write_all(bytes)?;
    draft.replace()
}

/// Writes a file where none is.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut draft = Draft::begin(path, mode)?;
    draft.write_all(bytes)?;
    draft.place_new()
}

/// Overwrites a file, then removes it, durably. Again is as good as once. A disk that writes elsewhere, or a backup, may
/// still have it; docs/operations.md says so.
pub fn destroy(path: &Path) -> io::Result<()> {
    refuse_other_than_file(path)?;
    // What was exchanged since then is not written through either, and a pipe does not hold us up.
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();
    let mut file = match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let overwritten = io::copy(&mut io::repeat(0).take(metadata.len()), &mut file).and_then(|_| file.sync_all());
    // Also where it could not be overwritten, as on a full disk that copies on write.
    fs::remove_file(path)?;
    File::open(folder_of(path))?.sync_all()?;
    overwritten
}

/// Destroys what commands that were killed left behind in a folder, where nobody else writes now.
pub fn clear_abandoned(folder: &Path) {
    let is_draft = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| is_draft(&entry.file_name())) {
        if let Err(error) = destroy(&entry.path()) {
            tracing::warn!(%error, "{} was left behind and cannot be removed", entry.path().display());
        }
    }
}

/// Makes a folder and those above it, with a mode that does not depend on the umask. One that is there stays as it is.
pub fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Made by another command meanwhile, or something else is in the way.
            if path.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
        }
        Err(error) => Err(error),
    }
}

fn refuse_other_than_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(io::Error::other("it is a link")),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("it is no plain file")),
        // Whatever is wrong with the path is said when the file is made.
        _ => Ok(()),
    }
}
