//! Reading, and who else may touch what is read. The table is in docs/operations.md.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use super::{folder_of, reason};

/// Others than the owner, by what they may do.
const OTHERS_READ: u32 = 0o044;
const OTHERS_CHANGE: u32 = 0o022;

/// A file or folder is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FileError {
    /// It cannot be read.
    #[error("{} cannot be read ({reason}); check its path and who may read it", path.display())]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// As the operating system says it.
        reason: String,
    },
    /// It is secret, and others can read it.
    #[error("{} can be read by others; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// It is trusted, and others can change it.
    #[error("{} can be changed by others; run: chmod go-w {}", .0.display(), .0.display())]
    Changeable(PathBuf),
    /// Its owner could change it at any time.
    #[error("{} belongs to another user; run this as that user, or change its owner with chown", .0.display())]
    Foreign(PathBuf),
}

/// What a file is worth to somebody else on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its content is checked by other means, or harmless.
    Public,
    /// What it says is believed.
    Trusted,
    /// A reader of it can act in our name.
    Secret,
}

/// Reads a text file, unless others could have read or written what they must not.
pub fn read(path: &Path, kind: Kind) -> Result<String, FileError> {
    let unreadable = |error: io::Error| FileError::Unreadable { path: path.to_owned(), reason: reason(&error) };
    let mut file = File::open(path).map_err(unreadable)?;
    // Of the file that is open, not of whatever is in its place a moment later.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_dir() {
        judge(path, &metadata, kind)?;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// The same rule for a file that somebody else reads, and for a folder, in which others could exchange files. Opening one that
/// is not there fails later.
pub fn check(path: &Path, kind: Kind) -> Result<(), FileError> {
    fs::metadata(path).map_or(Ok(()), |metadata| judge(path, &metadata, kind))
}

/// Whether there is a file and it belongs to this user.
pub fn is_own(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.uid() == geteuid().as_raw())
}

fn judge(path: &Path, metadata: &Metadata, kind: Kind) -> Result<(), FileError> {
    let (mode, owner, user) = (metadata.mode(), metadata.uid(), geteuid().as_raw());
    // A terminal is not a file that lies there.
    if kind == Kind::Public || metadata.file_type().is_char_device() {
        return Ok(());
    }
    if ![user, 0].contains(&owner) {
        return Err(FileError::Foreign(path.to_owned()));
    }
    // What root puts there for another user, as systemd, Docker and Kubernetes do with secrets, reaches that user by these bits.
    let given = owner != user;
    if kind == Kind::Secret && mode & OTHERS_READ != 0 && !given {
        return Err(FileError::Exposed(path.to_owned()));
    }
    if mode & OTHERS_CHANGE != 0 {
        return Err(FileError::Changeable(path.to_owned()));
    }
    if kind == Kind::Secret && mode & 0o004 != 0 {
        tracing::warn!(kind = "files", "{} can be read by every user of this machine; give it to this user alone", path.display());
    }
    Ok(())
}

/// Refuses a store in a file that every user could read or change, or exchange in its folder. A verifier of another user shares
/// it by its group, which is warned of. Only looks: opening and closing the file while SQLite has it open would drop its locks.
pub fn check_store(path: &Path) -> Result<(), FileError> {
    let Ok(real) = fs::canonicalize(path) else { return Ok(()) };
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = real.clone().into_os_string();
        file.push(suffix);
        if let Ok(metadata) = fs::metadata(&file)
            && metadata.is_file()
        {
            check_store_file(Path::new(&file), &metadata)?;
        }
    }
    let folder = folder_of(&real);
    let sticky = 0o1000;
    match fs::metadata(folder) {
        Ok(metadata) if metadata.mode() & 0o002 != 0 && metadata.mode() & sticky == 0 => Err(FileError::Changeable(folder.to_owned())),
        _ => Ok(()),
    }
}

fn check_store_file(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    let (mode, owner) = (metadata.mode(), metadata.uid());
    if mode & 0o006 != 0 {
        return Err(FileError::Exposed(path.to_owned()));
    }
    if mode & 0o060 != 0 {
        let file = path.display();
        tracing::warn!(
            kind = "files",
            "{file} is shared with its group; unless a verifier of another user needs that, run: chmod 600 {file}"
        );
    } else if ![geteuid().as_raw(), 0].contains(&owner) {
        return Err(FileError::Foreign(path.to_owned()));
    }
    Ok(())
}
