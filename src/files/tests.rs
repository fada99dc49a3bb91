//! Whole or not at all, whatever the umask, never through a link, and read only where nobody else could touch it.

use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use super::{lock::claim, write::rename_if_none_seen, *};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_written_is_whole_and_has_its_mode() {
    let folder = folder();
    let path = folder.path().join("file");
    write_new(&path, b"one", PRIVATE).unwrap();
    assert_eq!(write_new(&path, b"two", PRIVATE).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().mode() & 0o777), (b"one".to_vec(), 0o600));
    replace(&path, b"three", PUBLIC).unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().mode() & 0o777), (b"three".to_vec(), 0o644));
    let mut draft = Draft::begin(&path, PRIVATE).unwrap();
    draft.write_all(b"half").unwrap();
    assert_eq!(names(folder.path()).len(), 2);
    drop(draft);
    assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"three".to_vec(), vec!["file".to_owned()]));
}

#[test]
fn of_new_files_that_are_written_at_once_one_is_there() {
    let folder = folder();
    let (path, start, written) = (folder.path().join("file"), Barrier::new(8), AtomicU32::new(0));
    thread::scope(|scope| {
        for n in 0..8_u8 {
            let (path, start, written) = (&path, &start, &written);
            scope.spawn(move || {
                let draft = Draft::of(path, &[n; 100], PRIVATE).unwrap();
                start.wait();
                written.fetch_add(u32::from(draft.place_new().is_ok()), Ordering::Relaxed);
            });
        }
    });
    let bytes = fs::read(&path).unwrap();
    assert_eq!((written.into_inner(), bytes.len(), names(folder.path()).len()), (1, 100, 1));
    assert!(bytes.iter().all(|byte| *byte == bytes[0]));
}

#[test]
fn a_draft_of_a_killed_process_is_in_nobodys_way_and_is_cleared() {
    let folder = folder();
    for n in 0..100 {
        fs::write(folder.path().join(format!(".countersign-{}-{n}.new", std::process::id())), "key").unwrap();
    }
    write_new(&folder.path().join("file"), b"whole", PRIVATE).unwrap();
    symlink("elsewhere", folder.path().join(".countersign-1-1.new")).unwrap();
    clear_abandoned(folder.path());
    assert_eq!(names(folder.path()), [".countersign-1-1.new", "file"], "a link is none of ours");
}

/// As a version that placed files by hard links left it when it was killed.
#[test]
fn a_draft_that_is_a_second_name_of_a_file_costs_it_nothing() {
    let folder = folder();
    let path = folder.path().join("ledger.pem");
    fs::write(&path, "key").unwrap();
    fs::hard_link(&path, folder.path().join(".countersign-7-0.new")).unwrap();
    clear_abandoned(folder.path());
    assert_eq!((fs::read_to_string(&path).unwrap(), names(folder.path())), ("key".to_owned(), vec!["ledger.pem".to_owned()]));
}

#[test]
fn what_is_destroyed_is_so_under_every_name() {
    let (folder, elsewhere) = (folder(), folder());
    let [key, draft, kept] = [folder.path().join("key"), folder.path().join(".countersign-7-0.new"), elsewhere.path().join("kept")];
    fs::write(&key, "secret").unwrap();
    for name in [&draft, &kept] {
        fs::hard_link(&key, name).unwrap();
    }
    destroy(&key).unwrap();
    assert!(!key.exists());
    for name in [&draft, &kept] {
        assert_eq!(fs::read(name).unwrap(), [0; 6]);
    }
}

#[test]
fn a_draft_that_is_still_written_is_not_cleared() {
    let folder = folder();
    let path = folder.path().join("last.checkpoint");
    let mut draft = Draft::begin(&path, PRIVATE).unwrap();
    clear_abandoned(folder.path());
    draft.write_all(b"note").unwrap();
    clear_abandoned(folder.path());
    let finished = draft.finish().unwrap();
    clear_abandoned(folder.path());
    finished.replace().unwrap();
    clear_abandoned(folder.path());
    assert_eq!((fs::read_to_string(&path).unwrap(), names(folder.path())), ("note".to_owned(), vec!["last.checkpoint".to_owned()]));
}

/// As found by a command that opened it just before it got its place, or was replaced.
#[test]
fn what_has_another_name_by_now_is_not_claimed() {
    let folder = folder();
    let [aside, place] = ["aside", "place"].map(|name| folder.path().join(name));
    fs::write(&aside, "note").unwrap();
    let opened = fs::File::open(&aside).unwrap();
    fs::rename(&aside, &place).unwrap();
    assert!(!claim(&opened, &aside).unwrap());
    fs::write(&aside, "other").unwrap();
    assert!(!claim(&opened, &aside).unwrap());
    assert!(claim(&opened, &place).unwrap());
    assert!(!claim(&fs::File::open(&place).unwrap(), &place).unwrap(), "another one holds it");
}

#[test]
fn writing_and_clearing_at_once_cost_nothing() {
    let (folder, writing) = (folder(), AtomicU32::new(4));
    thread::scope(|scope| {
        for n in 0..4_u8 {
            let (folder, writing) = (&folder, &writing);
            scope.spawn(move || {
                let path = folder.path().join(format!("{n}"));
                let written = (0..100_u8).try_for_each(|round| {
                    replace(&path, &[round; 100], PRIVATE)?;
                    assert_eq!(fs::read(&path)?, [round; 100]);
                    Ok::<_, io::Error>(())
                });
                writing.fetch_sub(1, Ordering::SeqCst);
                written.unwrap();
            });
        }
        while writing.load(Ordering::SeqCst) > 0 {
            clear_abandoned(folder.path());
        }
    });
    clear_abandoned(folder.path());
    assert_eq!(names(folder.path()), ["0", "1", "2", "3"]);
}

#[test]
fn a_new_file_takes_no_place_where_the_file_system_cannot_see_to_it() {
    let folder = folder();
    let [aside, place] = ["aside", "place"].map(|name| folder.path().join(name));
    fs::write(&aside, "new").unwrap();
    symlink("nowhere", &place).unwrap();
    assert_eq!(rename_if_none_seen(&aside, &place).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    fs::remove_file(&place).unwrap();
    rename_if_none_seen(&aside, &place).unwrap();
    assert_eq!(names(folder.path()), ["place"]);
}

/// The file behind a link, and the link, stay as they are; so does everything else that is no plain file.
#[test]
fn nothing_is_written_or_destroyed_through_a_link() {
    let folder = folder();
    let (behind, link, dangling) = (folder.path().join("behind"), folder.path().join("link"), folder.path().join("dangling"));
    fs::write(&behind, "precious").unwrap();
    symlink(&behind, &link).unwrap();
    symlink("nowhere", &dangling).unwrap();
    for path in [&link, &dangling, folder.path(), Path::new("/dev/null"), Path::new("/dev/full")] {
        assert!(replace(path, b"x", PRIVATE).is_err(), "{}", path.display());
        assert!(write_new(path, b"x", PRIVATE).is_err(), "{}", path.display());
        assert!(destroy(path).is_err(), "{}", path.display());
    }
    // Exchanged after the file was begun.
    let late = folder.path().join("late");
    let mut draft = Draft::begin(&late, PRIVATE).unwrap();
    draft.write_all(b"x").unwrap();
    symlink(&behind, &late).unwrap();
    assert!(draft.finish().unwrap().replace().is_err());
    assert_eq!(fs::read_to_string(&behind).unwrap(), "precious");
    assert_eq!(names(folder.path()), ["behind", "dangling", "late", "link"]);
    destroy(&behind).unwrap();
    destroy(&behind).unwrap();
    assert!(!behind.exists());
}

#[test]
fn one_holds_a_folder_at_a_time() {
    let folder = folder();
    let (start, held) = (Barrier::new(8), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            let (folder, start, held) = (&folder, &start, &held);
            scope.spawn(move || {
                start.wait();
                for _ in 0..20 {
                    let _lock = FolderLock::take(folder.path(), FolderLock::PATIENCE).unwrap().unwrap();
                    assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0, "nobody else");
                    held.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    let lock = FolderLock::take(folder.path(), Duration::ZERO).unwrap();
    assert!(lock.is_some() && FolderLock::take(folder.path(), Duration::ZERO).unwrap().is_none());
    drop(lock);
    assert!(FolderLock::take(folder.path(), Duration::ZERO).unwrap().is_some());
}

#[test]
fn what_others_can_touch_is_refused() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "text").unwrap();
    let (fine, exposed, changeable) =
        (Ok("text".to_owned()), Err(FileError::Exposed(path.clone())), Err(FileError::Changeable(path.clone())));
    for (mode, secret, trusted) in [
        (0o600, &fine, &fine),
        (0o400, &fine, &fine),
        (0o700, &fine, &fine),
        (0o640, &exposed, &fine),
        (0o604, &exposed, &fine),
        (0o644, &exposed, &fine),
        (0o620, &changeable, &changeable),
        (0o602, &changeable, &changeable),
        (0o660, &exposed, &changeable),
        (0o666, &exposed, &changeable),
    ] {
        chmod(&path, mode);
        assert_eq!(&read(&path, Kind::Secret), secret, "{mode:o}");
        assert_eq!(&read(&path, Kind::Trusted), trusted, "{mode:o}");
        assert_eq!(read(&path, Kind::Public), fine, "{mode:o}");
    }
    chmod(folder.path(), 0o777);
    assert_eq!(check(folder.path(), Kind::Trusted), Err(FileError::Changeable(folder.path().to_owned())));
    // Only root can give a file away.
    chmod(&path, 0o600);
    if chown(&path, Some(65_534), None).is_ok() {
        for kind in [Kind::Secret, Kind::Trusted] {
            assert_eq!(read(&path, kind), Err(FileError::Foreign(path.clone())));
        }
    }
}

#[test]
fn a_store_is_for_its_owner_and_at_most_a_group() {
    let folder = folder();
    let path = folder.path().join("store");
    assert_eq!(check_store(&path), Ok(()), "it is not there yet");
    for name in ["store", "store-wal", "store-shm", "store-journal"] {
        fs::write(folder.path().join(name), "").unwrap();
        chmod(&folder.path().join(name), 0o600);
    }
    symlink(&path, folder.path().join("link")).unwrap();
    for name in ["store", "store-wal", "store-shm", "store-journal"] {
        let file = folder.path().join(name);
        for (mode, fine) in [(0o600, true), (0o660, true), (0o640, true), (0o644, false), (0o604, false), (0o602, false), (0o666, false)] {
            chmod(&file, mode);
            let expected = if fine { Ok(()) } else { Err(FileError::Exposed(file.clone())) };
            assert_eq!(check_store(&path), expected, "{name} {mode:o}");
            assert_eq!(check_store(&folder.path().join("link")), expected, "through a link: {name} {mode:o}");
        }
        chmod(&file, 0o600);
    }
    for (mode, fine) in [(0o700, true), (0o770, true), (0o777, false), (0o1777, true)] {
        chmod(folder.path(), mode);
        assert_eq!(check_store(&path).is_ok(), fine, "{mode:o}");
    }
}
