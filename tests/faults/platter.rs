//! What a disk holds after a loss of power: all that was synced, and any part of what was not, in sectors of 512 bytes.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use crate::dice::Dice;

const NAMES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-journal"];
const SECTOR: usize = 512;
const HEADER: usize = 24;

type Content = Option<Vec<u8>>;

/// The files of a store as they are for certain.
pub struct Platter([Content; 3]);

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
        Self(NAMES.map(|name| fs::read(folder.join(name)).ok()))
    }

    /// The power went while a process worked on the files of `folder`: puts there what is left. Each write that was not synced
    /// is kept whole, in some of its sectors or not at all; that a file was made or removed is certain once the folder is
    /// synced. Gives back how many writes were lost or torn.
    pub fn lose_power(&mut self, folder: &Path, log: &Path, dice: &mut Dice) -> usize {
        let log = read_and_remove(log);
        let done = parse(&log);
        // Of what is unsynced sometimes nothing survives, sometimes all, mostly a part.
        let kept = [0, 50, 50, 90, 100][dice.below(5)];
        let last = |sync: &dyn Fn(&Done) -> bool| done.iter().rposition(sync).unwrap_or(0);
        let synced = [0, 1, 2].map(|of| last(&|done| matches!(done, Done::Sync { file } if *file == of)));
        let folder_synced = last(&|done| matches!(done, Done::FolderSync));
        let mut damaged = 0;
        for (at, done) in done.iter().enumerate() {
            match done {
                Done::Write { file, offset, data } => {
                    let whole = self.write(*file, *offset, data, if at < synced[*file] { 100 } else { kept }, dice);
                    damaged += usize::from(!whole);
                }
                Done::Cut { file, length } if at < synced[*file] || dice.chance(kept) => self.content(*file).resize(*length, 0),
                // What is written into it shows whether the name is kept.
                Done::Made { file } => self.0[*file] = Some(vec![]),
                Done::Gone { file } if at < folder_synced || dice.chance(kept) => self.0[*file] = None,
                Done::Cut { .. } | Done::Gone { .. } | Done::Sync { .. } | Done::FolderSync => {}
            }
        }
        for done in &done[folder_synced.min(done.len())..] {
            if let Done::Made { file } = done
                && !dice.chance(kept)
            {
                self.0[*file] = None;
            }
        }
        self.put(folder);
        damaged
    }

    fn content(&mut self, file: usize) -> &mut Vec<u8> {
        self.0[file].get_or_insert_default()
    }

    /// As a whole, not at all, or torn; whether it is all there.
    fn write(&mut self, file: usize, offset: usize, data: &[u8], kept: u64, dice: &mut Dice) -> bool {
        let torn = (1..100).contains(&kept) && dice.chance(20);
        let whole = !torn && dice.chance(kept);
        let content = self.content(file);
        let mut at = 0;
        while at < data.len() {
            let end = (at + SECTOR - (offset + at) % SECTOR).min(data.len());
            if whole || torn && dice.chance(50) {
                content.resize(content.len().max(offset + end), 0);
                content[offset + at..offset + end].copy_from_slice(&data[at..end]);
            }
            at = end;
        }
        whole
    }

    fn put(&self, folder: &Path) {
        for (name, content) in NAMES.iter().zip(&self.0) {
            match content {
                Some(content) => {
                    fs::write(folder.join(name), content).unwrap();
                    // As the service had made it; one that others can read it refuses.
                    fs::set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
                }
                None => drop(fs::remove_file(folder.join(name))),
            }
        }
        // Memory that processes share; SQLite makes it again.
        let _ = fs::remove_file(folder.join("store.sqlite-shm"));
    }
}

fn read_and_remove(log: &Path) -> Vec<u8> {
    let bytes = fs::read(log).unwrap_or_default();
    let _ = fs::remove_file(log);
    bytes
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
