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

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};

use super::{folder_of, lock::claim};

/// The mode of a file that anybody may read.
pub const PUBLIC: u32 = 0o644;
/// The mode of a file that is for its owner alone.
pub const PRIVATE: u32 = 0o600;

const PREFIX: &str = ".countersign-";
const SUFFIX: &str = ".new";

/// A file that is being written beside its place. Dropped, it leaves nothing behind.
pub struct Draft {
    /// Locked, so that nobody takes it for one that was left behind.
    file: File,
    aside: PathBuf,
    target: PathBuf,
    placed: bool,
}

/// A draft that is whole and durable, still beside its place. What is left to do needs no room.
pub struct Finished(Draft);

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
                // Taken for abandoned in the moment before it was locked. Where there are no locks nothing is cleared away.
                Ok(file) if !claim(&file, &aside).unwrap_or(true) => {}
                Ok(file) => {
                    let draft = Self { file, aside, target: target.to_owned(), placed: false };
                    draft.file.set_permissions(Permissions::from_mode(mode))?;
                    return Ok(draft);
                }
            }
        }
    }

    /// A whole file for `target`.
    pub fn of(target: &Path, bytes: &[u8], mode: u32) -> io::Result<Finished> {
        let mut draft = Self::begin(target, mode)?;
        draft.write_all(bytes)?;
        draft.finish()
    }

    /// Makes what was written durable.
    pub fn finish(self) -> io::Result<Finished> {
        self.file.sync_all()?;
        Ok(Finished(self))
    }
}

impl Finished {
    /// Puts it into its place, durably: a reader sees the file before or this one.
    pub fn replace(self) -> io::Result<()> {
        refuse_other_than_file(&self.0.target)?;
        self.place(|aside, target| fs::rename(aside, target))
    }

    /// The same, unless there is something in its place already.
    pub fn place_new(self) -> io::Result<()> {
        self.place(rename_new)
    }

    fn place(mut self, rename: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        rename(&self.0.aside, &self.0.target)?;
        self.0.placed = true;
        File::open(folder_of(&self.0.target))?.sync_all()
    }
}

/// A rename and no hard link: a file never has two names, of which a process that is killed could leave the one behind.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system, a kernel or a sandbox that does not know the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => rename_if_none_seen(from, to),
        renamed => Ok(renamed?),
    }
}

/// Two at once could both see none; who writes keys holds their folder.
pub(super) fn rename_if_none_seen(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
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
    Draft::of(path, bytes, mode)?.replace()
}

/// Writes a file where none is.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Draft::of(path, bytes, mode)?.place_new()
}

/// Overwrites a file, then removes it, durably. Again is as good as once. A disk that writes elsewhere, or a backup, may
/// still have it; docs/operations.md says so.
///
/// What it holds is destroyed under every name that the file has, as a key must be. So only what is in use under none of them
/// is given to this; who wants to be rid of a name alone removes it.
pub fn destroy(path: &Path) -> io::Result<()> {
    let Some(mut file) = open_plain(path)? else { return Ok(()) };
    let length = file.metadata()?.len();
    let overwritten = io::copy(&mut io::repeat(0).take(length), &mut file).and_then(|_| file.sync_all());
    // Also where it could not be overwritten, as on a full disk that copies on write.
    fs::remove_file(path)?;
    File::open(folder_of(path))?.sync_all()?;
    overwritten
}

/// Removes what processes that were killed left behind in a folder. Nothing is overwritten: none of it was ever in use, and a
/// draft of an early version may be a second name of a file that is.
pub fn clear_abandoned(folder: &Path) {
    let is_draft = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| is_draft(&entry.file_name())) {
        if let Err(error) = remove_abandoned(&entry.path()) {
            tracing::warn!(kind = "files", %error, "{} was left behind and cannot be removed", entry.path().display());
        }
    }
}

/// Its writer holds it until it is in its place, and has looked, once it held it, that it is still there.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    match open_plain(path)? {
        Some(file) if claim(&file, path)? => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Opens a file for writing; `None` if there is none.
fn open_plain(path: &Path) -> io::Result<Option<File>> {
    refuse_other_than_file(path)?;
    // What was exchanged since then is not written through either, and a pipe does not hold us up.
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(Some(file)) } else { Err(io::Error::other("it is no plain file")) }
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
