//! `countersign ledger`: what an overseer does, with a file and a public key, and what the organisation does for them.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    Failure, Format, oversee,
    place::{Place, Stores, block_on},
    report, terms,
};
use crate::{
    config::Settings,
    files::{self, Draft, FileError, Finished, Kind, reason},
    issuer::{export, inspect, key_changes, prove},
    key_folder::KeyFolder,
    ledger::{Audit, Checkpoint, CheckpointError, Entry, KeyChange, Line, NoteError, Proof, ProofError, Report, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
    token::Cti,
};

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
        /// The ledger's public key or a file with it; ledger.vkey of the key folder if not given
        #[arg(long, value_name = "KEY|FILE")]
        key: Option<String>,
        /// A checkpoint that was kept outside and must agree; several may be given
        #[arg(long, value_name = "FILE", num_args = 1)]
        since: Vec<PathBuf>,
    },
    /// Prove that a token's issue is in the ledger under its newest checkpoint
    Prove {
        /// The token's id
        id: Cti,
    },
    /// Fetch the newest checkpoint as an overseer, see that it goes on from the one kept before, and keep it
    Checkpoint {
        /// Where checkpoints are kept
        #[arg(long, value_name = "FILE")]
        keep: PathBuf,
        /// The ledger's public key or a file with it; ledger.vkey of the key folder if not given
        #[arg(long, value_name = "KEY|FILE")]
        key: Option<String>,
    },
}

/// Runs one.
pub fn run(command: Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    match command {
        Command::Show { last } => show(last, settings, format),
        Command::Export { file } => export_to(file.as_deref(), settings),
        Command::Verify { file, key, since } => {
            let key = ledger_key(key.as_deref(), settings)?;
            match file {
                Some(path) if begins_like_a_proof(&path)? => verify_proof(&path, &key, format),
                Some(path) => report::print(&audit(&path, key, &since)?, format),
                None => report::print(&block_on(inspect_here(key, &since, settings))?, format),
            }
        }
        Command::Prove { id } => {
            let proof = block_on(async { Ok(prove(&*store(settings).await?, &ledger_key(None, settings)?, id).await?) })?;
            let none =
                || Failure::no(format!("no checkpoint covers the issue of a token {id}; wait a minute if it is new, or check the id"));
            let proof = proof.ok_or_else(none)?.write();
            format.print(&json!({"proof": proof}), |_| proof.trim_end().to_owned())
        }
        Command::Checkpoint { keep, key } => oversee::fetch(&keep, &ledger_key(key.as_deref(), settings)?, settings, format),
    }
}

/// The store's ledger, where there is one.
async fn store(settings: &Settings) -> Result<Arc<dyn LedgerStore>, Failure> {
    Ok(Stores::for_verifier(settings, &Place::here()?).await?.ledger)
}

fn ledger_key(given: Option<&str>, settings: &Settings) -> Result<VerifierKey, Failure> {
    match given {
        None => Ok(KeyFolder::at(settings.keys()).ledger_vkey()?),
        Some(text) if Path::new(text).exists() => parsed(text, files::read(Path::new(text), Kind::Trusted)?.trim()),
        Some(text) => parsed("--key", text),
    }
}

fn parsed(what: &str, text: &str) -> Result<VerifierKey, Failure> {
    text.parse().map_err(|error| Failure::wrong(format!("{what} cannot be used: {error}")))
}

/// Checkpoints that were kept, each by any of the ledger's keys.
fn kept(paths: &[PathBuf], keys: &Succession) -> Result<Vec<Checkpoint>, Failure> {
    let open = |path: &PathBuf| keys.open_any(&files::read(path, Kind::Trusted)?).map_err(|error| cannot_use(path, error));
    paths.iter().map(open).collect()
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
    let read = open(path)?.read_line(&mut first);
    Ok(read.is_ok() && Proof::is_one(&first))
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    File::open(path).map(BufReader::new).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    FileError::Unreadable { path: path.to_owned(), reason: reason(error) }.into()
}

async fn inspect_here(key: VerifierKey, since: &[PathBuf], settings: &Settings) -> Result<Report, Failure> {
    let store = store(settings).await?;
    let kept = kept(since, &Succession::new(key.clone(), key_changes(&*store).await?))?;
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
    for line in open(path)?.split(b'\n') {
        take(Line::read(&line.map_err(|error| unreadable(path, &error))?));
    }
    Ok(())
}

fn verify_proof(path: &Path, key: &VerifierKey, format: Format) -> Result<(), Failure> {
    let text = files::read(path, Kind::Public)?;
    let proof = Proof::read(&text).ok_or_else(|| Failure::no(format!("{} is not a proof in the expected form", path.display())))?;
    let (entry, checkpoint) = proof.verify(key).map_err(|error| match error {
        ProofError::Checkpoint(CheckpointError::Note(NoteError::Unsigned(_))) => {
            Failure::no(format!("{error} with this key; if the ledger's key was changed since, give the one of the proof's time"))
        }
        error => Failure::no(error),
    })?;
    let data = json!({"number": proof.index + 1, "entry": entry, "size": checkpoint.size});
    format.print(&data, |_| {
        let leaf = String::from_utf8_lossy(&proof.leaf);
        format!("Entry {} of {} is in the ledger {}:\n{leaf}", proof.index + 1, checkpoint.size, key.name())
    })
}
