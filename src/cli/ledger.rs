//! `countersign ledger`: what an overseer does, with a file and a public key, and what the organisation does for them.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    Failure, Format, oversee,
    place::{Place, Stores, block_on},
    proofs::{self, Keys},
    report, terms,
};
use crate::{
    config::Settings,
    files::{self, Draft, FileError, Finished, Kind, reason},
    issuer::{export, inspect, key_changes, prove},
    key_folder::KeyFolder,
    ledger::{Audit, Checkpoint, Entry, KeyChange, Line, Proof, Report, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
    token::Cti,
};

/// No line of an export is so long. Bytes; far above the longest note.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Show the newest entries of the store's ledger
    Show {
        /// How many
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = crate::config::number::<u32>)]
        last: u32,
    },
    /// Write all entries and checkpoints of the store's ledger, for an overseer
    Export {
        /// Where to; standard output if not given
        file: Option<PathBuf>,
    },
    /// Check an exported ledger, or a proof, or the store's own ledger if no file is named
    Verify {
        /// What `ledger export` or `ledger prove` wrote
        file: Option<PathBuf>,
        #[command(flatten)]
        keys: Keys,
        /// A checkpoint that was kept outside and must agree; several may be given
        #[arg(long, value_name = "FILE", num_args = 1)]
        since: Vec<PathBuf>,
    },
    /// Prove that a token's issue is in the ledger under its newest checkpoint
    Prove {
        /// The token's id
        id: Cti,
    },
    /// Fetch the newest checkpoint as an overseer, see that it extends the one kept before, and keep it
    Checkpoint {
        /// Where checkpoints are kept
        #[arg(long, value_name = "FILE")]
        keep: PathBuf,
        #[command(flatten)]
        keys: Keys,
    },
}

/// Runs one.
pub fn run(command: Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    match command {
        Command::Show { last } => show(last, settings, format),
        Command::Export { file } => export_to(file.as_deref(), settings),
        Command::Verify { file, keys, since } => {
            let key = keys.newest(settings)?;
            match file {
                Some(path) if begins_like_a_proof(&path)? => proofs::verify(&path, &keys, settings, format),
                Some(path) => report::print(&audit(&path, key, &since)?, format),
                None => report::print(&block_on(inspect_here(key, &since, settings))?, format),
            }
        }
        Command::Prove { id } => {
            let proof = block_on(async { Ok(prove(&*store(settings).await?, &proofs::own(settings)?, id).await?) })?;
            let none =
                || Failure::no(format!("no checkpoint covers the issue of a token {id}; wait a minute if it is new, or check the id"));
            let proof = proof.ok_or_else(none)?.write();
            format.print(&json!({"proof": proof}), |_| proof.trim_end().to_owned())
        }
        Command::Checkpoint { keep, keys } => oversee::fetch(&keep, &keys.newest(settings)?, settings, format),
    }
}

/// The store's ledger, where there is one.
pub(super) async fn store(settings: &Settings) -> Result<Arc<dyn LedgerStore>, Failure> {
    Ok(Stores::for_verifier(settings, &Place::here()?).await?.ledger)
}

/// Checkpoints that were kept, each by any of the ledger's keys.
fn kept(paths: &[PathBuf], keys: &Succession) -> Result<Vec<Checkpoint>, Failure> {
    let open = |path: &PathBuf| believed(path, &files::read(path, Kind::Trusted)?, keys);
    paths.iter().map(open).collect()
}

/// A checkpoint that is to be compared with: one of no entries would agree with everything.
fn believed(path: &Path, note: &str, keys: &Succession) -> Result<Checkpoint, Failure> {
    match keys.open_any(note) {
        Ok(checkpoint) if checkpoint.size == 0 => Err(cannot_use(path, "it is a checkpoint of no entries")),
        opened => opened.map_err(|error| cannot_use(path, error)),
    }
}

pub(super) fn cannot_use(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::wrong(format!("{} cannot be used: {error}", path.display()))
}

fn show(last: u32, settings: &Settings, format: Format) -> Result<(), Failure> {
    let rows = block_on(async {
        let store = store(settings).await?;
        let mut after = store.head().await?.size.saturating_sub(last.into()).cast_signed();
        let mut rows = Vec::new();
        loop {
            let page = store.entries(after).await?;
            let Some(end) = page.last() else { return Ok(rows) };
            after = end.number;
            rows.extend(page);
        }
    })?;
    let data: Vec<Value> = rows
        .iter()
        .map(|row| json!({"number": row.number, "entry": serde_json::from_slice::<Value>(&row.leaf).unwrap_or(Value::Null)}))
        .collect();
    format.print(&data, |_| {
        let line = |row: &crate::store::EntryRow| {
            let time = Entry::parse(&row.leaf).map_or_else(|_| "damaged".into(), |entry| terms::shown(entry.at));
            format!("{:>6}  {time}  {}", row.number, String::from_utf8_lossy(&row.leaf))
        };
        if rows.is_empty() { "The ledger is empty.".into() } else { rows.iter().map(line).collect::<Vec<_>>().join("\n") }
    })
}

/// Why an export stopped.
enum Stopped {
    Store(StoreError),
    Output(io::Error),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn export_to(file: Option<&Path>, settings: &Settings) -> Result<(), Failure> {
    block_on(async {
        let store = store(settings).await?;
        let Some(path) = file else {
            return export_into(&*store, &mut io::stdout()).await.map_err(|stopped| stopped.or(not_whole));
        };
        let unwritable = |error: io::Error| Failure::unwritable(path, &error);
        // It names people and what they did.
        let mut draft = Draft::begin(path, files::PRIVATE).map_err(unwritable)?;
        export_into(&*store, &mut draft).await.map_err(|stopped| stopped.or(unwritable))?;
        draft.finish().and_then(Finished::replace).map_err(unwritable)
    })
}

async fn export_into(store: &dyn LedgerStore, out: &mut impl io::Write) -> Result<(), Stopped> {
    let mut out = BufWriter::new(out);
    let write = |line: &[u8]| out.write_all(line).and_then(|()| out.write_all(b"\n")).map_err(Stopped::Output);
    export(store, write).await?;
    out.flush().map_err(Stopped::Output)
}

impl Stopped {
    fn or(self, output: impl FnOnce(io::Error) -> Failure) -> Failure {
        match self {
            Self::Store(error) => error.into(),
            Self::Output(error) => output(error),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn not_whole(error: io::Error) -> Failure {
    Failure::cannot_check(format!("standard output cannot be written ({}); the export is not whole", reason(&error)))
}

fn begins_like_a_proof(path: &Path) -> Result<bool, Failure> {
    let mut first = String::new();
    // What is no text is no proof; the audit then says what it is.
    let read = open(path)?.take(LONGEST_LINE).read_line(&mut first);
    Ok(read.is_ok() && Proof::is_one(&first))
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    File::open(path).map(BufReader::new).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    FileError::Unreadable { path: path.to_owned(), reason: reason(error) }.into()
}

async fn inspect_here(key: VerifierKey, since: &[PathBuf], settings: &Settings) -> Result<Report, Failure> {
    let (folder, store) = (KeyFolder::at(settings.keys()), store(settings).await?);
    // The machine's own before the ledger, which is as new or newer then.
    let last = if folder.has_own_ledger_key() { folder.last_checkpoint()? } else { None };
    let keys = Succession::new(key.clone(), key_changes(&*store).await?);
    let mut kept = kept(since, &keys)?;
    if let Some((path, note)) = last {
        kept.push(believed(&path, &note, &keys)?);
    }
    Ok(inspect(&*store, key, kept).await?)
}

/// Twice through the file: which keys there were has to be known before the first checkpoint.
fn audit(path: &Path, key: VerifierKey, since: &[PathBuf]) -> Result<Report, Failure> {
    let (mut number, mut changes) = (0, Vec::new());
    each_line(path, |line| {
        if let Line::Entry(leaf) = line {
            number += 1;
            changes.extend(Entry::parse(leaf).ok().and_then(|entry| KeyChange::of(number, &entry)));
        }
    })?;
    let keys = Succession::new(key.clone(), changes);
    let mut audit = Audit::of(&keys, key, kept(since, &keys)?);
    each_line(path, |line| match line {
        Line::Entry(leaf) => drop(audit.entry(leaf)),
        Line::Checkpoint(note) => audit.checkpoint(&note),
    })?;
    Ok(audit.finish())
}

fn each_line(path: &Path, mut take: impl FnMut(Line<'_>)) -> Result<(), Failure> {
    let (mut file, mut line) = (open(path)?, Vec::new());
    loop {
        line.clear();
        let read = (&mut file).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|error| unreadable(path, &error))?;
        match line.split_last() {
            None => return Ok(()),
            Some((b'\n', line)) => take(Line::read(line)),
            Some(_) if read as u64 == LONGEST_LINE => {
                return Err(Failure::no(format!("{} is no export of a ledger: a line of it is longer than any entry", path.display())));
            }
            // The last one.
            Some(_) => take(Line::read(&line)),
        }
    }
}
