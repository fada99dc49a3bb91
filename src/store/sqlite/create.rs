//! A store's file, made where there is none.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::store::StoreError;

/// Held while a new file is open outside of SQLite.
static CREATING: Mutex<()> = Mutex::new(());

/// Makes the file if nothing is there, for its owner alone whatever the umask says. A file that exists is never opened here:
/// when a process closes any descriptor of a file, it loses all its locks on that file (POSIX), those of its SQLite connections
/// too.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    // Nobody else in this process connects before the new file is closed.
    let _alone = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    if is_there(path)? {
        return Ok(());
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))) {
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(|error| refused(path, &way_out(&error))),
    }
}

/// Whether there is a file, as far as can be seen without opening it.
pub(super) fn is_there(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(refused(path, "it is a folder; name a file in it")),
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            // A link is there, wherever it leads.
            let link = fs::symlink_metadata(path).is_ok();
            if link { Err(refused(path, "it is a link to nothing; remove the link, or restore the file")) } else { Ok(false) }
        }
        Err(error) => Err(refused(path, &way_out(&error))),
    }
}

fn refused(path: &Path, what_to_do: &str) -> StoreError {
    StoreError::Unusable(format!("{} cannot be opened: {what_to_do}", path.display()))
}

fn way_out(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "its folder is not there; make it first".into(),
        io::ErrorKind::PermissionDenied => super::NOT_ALLOWED.into(),
        io::ErrorKind::ReadOnlyFilesystem => "its file system is read-only; mount it for writing".into(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_makes_no_file_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("store.sqlite"), folder.path().join("elsewhere"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let refused = create(&link).unwrap_err().to_string();
        assert!(refused.ends_with("it is a link to nothing; remove the link, or restore the file"), "{refused}");
        assert!(!target.exists());
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        create(&path).unwrap();
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), fs::metadata(&path).unwrap().permissions().mode() & 0o7777),
            ("text", 0o640)
        );
    }
}
