//! Files that commands write and read, by one rule each: what is written is there whole or not at all, with a mode of ours
//! and never through a link; what is read as a secret or trusted was not open to other users of the machine.

mod guard;
mod lock;
mod write;

use std::{io, path::Path};

pub use self::{
    guard::{FileError, Kind, check, check_store, is_own, read},
    lock::FolderLock,
    write::{Draft, Finished, PRIVATE, PUBLIC, clear_abandoned, destroy, make_folder, replace, write_new},
};

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the operating system says, without its numbers.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::AlreadyExists => "it is there already".into(),
        io::ErrorKind::IsADirectory => "Is a directory".into(),
        io::ErrorKind::NotADirectory => "Not a directory".into(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
