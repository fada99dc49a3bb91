//! What a disk holds after a loss of power: all that was synced, and any part of what was not, in sectors of 512 bytes.

use std::{fs, path::Path};

use crate::dice::Dice;

const NAMES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-journal"];
const SECTOR: usize = 512;
const HEADER: usize = 24;

type Content = Option<Vec<u8>>;

/// The files of a store as they are for certain.
#[derive(Default)]
pub struct Platter {
    files: [Content; 3],
    /// What the last loss of power threw away: operations, and how many of them in part.
    pub lost: usize,
}

/// What the process did to its files, in order.
enum Done<'a> {
    Write { file: usize, offset: usize, data: &'a [u8] },
    Cut { file: usize, length: usize },
    Made { file: usize },
    Gone { file: usize },
    Sync { file: usize },
    FolderSync,
}

impl Platter {
    /// The files as they are, all of it synced.
    pub fn of(folder: &Path) -> Self {
        Self { files: NAMES.map(|name| fs::read(folder.join(name)).ok()), lost: 0 }
    }

    /// The power went while a process worked on the files of `folder`: puts there what is left. Each write that was not
    /// synced is kept whole, in some of its sectors or not at all; that a file was made or removed counts once the folder is synced.
    pub fn lose_power(&mut self, folder: &Path, log: &Path, dice: &mut Dice) {
        let log = read_and_remove(log);
        let done = parse(&log);
        // Of some losses nothing unsynced survives, of some all, of most a part.
        let kept = [0, 50, 50, 90, 100][dice.below(5)];
        let last_sync = |of: usize| done.iter().rposition(|done| matches!(done, Done::Sync { file } if *file == of));
        let synced = [0, 1, 2].map(last_sync);
        let folder_synced = done.iter().rposition(|done| matches!(done, Done::FolderSync));
        self.lost = 0;
        for (at, done) in done.iter().enumerate() {
            match done {
                Done::Write { file, offset, data } => {
                    let kept = if synced[*file].is_some_and(|sync| at < sync) { 100 } else { kept };
                    self.write(*file, *offset, data, kept, dice);
                }
                Done::Cut { file, length } => {
                    if synced[*file].is_some_and(|sync| at < sync) || dice.chance(kept) {
                        self.files[*file].get_or_insert_default().resize(*length, 0);
                    }
                }
                Done::Made { file } => drop(self.files[*file].get_or_insert_default()),
                Done::Gone { file } => {
                    if folder_synced.is_some_and(|sync| at < sync) || dice.chance(kept) {
                        self.files[*file] = None;
                    }
                }
                Done::Sync { .. } | Done::FolderSync => {}
            }
        }
        for (file, name) in NAMES.iter().enumerate() {
            let made = done.iter().rposition(|done| matches!(done, Done::Made { file: made } if *made == file));
            if made.is_some_and(|made| folder_synced.is_none_or(|sync| sync < made)) && !dice.chance(kept) {
                self.files[file] = None;
            }
            put(&folder.join(name), self.files[file].as_deref());
        }
        // Memory that processes share; SQLite makes it anew.
        let _ = fs::remove_file(folder.join("store.sqlite-shm"));
    }

    fn write(&mut self, file: usize, offset: usize, data: &[u8], kept: u64, dice: &mut Dice) {
        let content = self.files[file].get_or_insert_default();
        // As a whole, or torn.
        let torn = kept < 100 && dice.chance(20);
        let whole = dice.chance(kept);
        self.lost += usize::from(kept < 100 && (torn || !whole));
        let mut at = 0;
        while at < data.len() {
            let end = (at + SECTOR - (offset + at) % SECTOR).min(data.len());
            if if torn { dice.chance(50) } else { whole } {
                content.resize(content.len().max(offset + end), 0);
                content[offset + at..offset + end].copy_from_slice(&data[at..end]);
            }
            at = end;
        }
    }
}

fn read_and_remove(log: &Path) -> Vec<u8> {
    let bytes = fs::read(log).unwrap_or_default();
    let _ = fs::remove_file(log);
    bytes
}

fn put(path: &Path, content: Option<&[u8]>) {
    match content {
        Some(content) => fs::write(path, content).unwrap(),
        None => drop(fs::remove_file(path)),
    }
}

/// Records as `machine.c` writes them; the last may be cut short by the kill.
fn parse(log: &[u8]) -> Vec<Done<'_>> {
    let (mut done, mut rest) = (vec![], log);
    while rest.len() >= HEADER {
        let number = |at: usize| usize::try_from(u64::from_ne_bytes(rest[at..at + 8].try_into().unwrap())).unwrap();
        let (what, file) = (rest[0], usize::from(rest[1]).wrapping_sub(1));
        let (offset, length) = (number(8), number(16));
        let Some(data) = rest.get(HEADER..HEADER + length) else { break };
        done.push(match what {
            b'w' => Done::Write { file, offset, data },
            b't' => Done::Cut { file, length: offset },
            b'c' => Done::Made { file },
            b'u' => Done::Gone { file },
            b's' => Done::Sync { file },
            b'd' => Done::FolderSync,
            other => panic!("the log of the disk has a record {other}"),
        });
        rest = &rest[HEADER + length..];
    }
    done
}
