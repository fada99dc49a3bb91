//! `countersign ledger`: what an overseer does, with a file and a public key, and what the organisation does for them.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    Failure, Format,
    client::{self, Client},
    place::{Place, Stores, block_on},
    report, terms,
};
use crate::{
    config::{Settings, read, reason, replace},
    issuer::{export, inspect, prove},
    key_folder::KeyFolder,
    ledger::{Audit, Checkpoint, Entry, Line, Proof, Report, VerifierKey, tree},
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
            let kept = since.iter().map(|path| kept(path, &key)).collect::<Result<_, _>>()?;
            match file {
                Some(path) if begins_like_a_proof(&path)? => verify_proof(&path, &key, format),
                Some(path) => report::print(&audit(&path, key, kept)?, format),
                None => report::print(&block_on(async { Ok(inspect(&*store(settings).await?, key, kept).await?) })?, format),
            }
        }
        Command::Prove { id } => {
            let proof = block_on(async { Ok(prove(&*store(settings).await?, &ledger_key(None, settings)?, id).await?) })?;
            let none =
                || Failure::no(format!("no checkpoint covers the issue of a token {id}; wait a minute if it is new, or check the id"));
            let proof = proof.ok_or_else(none)?.write();
            format.print(&json!({"proof": proof}), |_| proof.trim_end().to_owned())
        }
        Command::Checkpoint { keep, key } => fetch(&keep, &ledger_key(key.as_deref(), settings)?, settings, format),
    }
}

/// The store's ledger, where there is one.
async fn store(settings: &Settings) -> Result<Arc<dyn LedgerStore>, Failure> {
    Ok(Stores::for_verifier(settings, &Place::here()?).await?.ledger)
}

fn ledger_key(given: Option<&str>, settings: &Settings) -> Result<VerifierKey, Failure> {
    match given {
        None => Ok(KeyFolder::at(settings.keys()).ledger_vkey()?),
        Some(text) if Path::new(text).exists() => parsed(text, read(Path::new(text))?.trim()),
        Some(text) => parsed("--key", text),
    }
}

fn parsed(what: &str, text: &str) -> Result<VerifierKey, Failure> {
    text.parse().map_err(|error| Failure::wrong(format!("{what} cannot be used: {error}")))
}

fn kept(path: &Path, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    Checkpoint::open(&read(path)?, key).map_err(|error| Failure::wrong(format!("{} cannot be used: {error}", path.display())))
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
    let name = file.map_or_else(|| "standard output".into(), |path| path.display().to_string());
    block_on(async {
        let store = store(settings).await?;
        let out: Box<dyn io::Write> = match file {
            Some(path) => Box::new(File::create(path).map_err(|error| unwritable(&name, &error))?),
            None => Box::new(io::stdout()),
        };
        let mut out = BufWriter::new(out);
        let write = |line: &[u8]| out.write_all(line).and_then(|()| out.write_all(b"\n")).map_err(Stopped::Output);
        let written = export(&*store, write).await;
        written.and_then(|()| out.flush().map_err(Stopped::Output)).map_err(|stopped| match stopped {
            Stopped::Store(error) => error.into(),
            Stopped::Output(error) => unwritable(&name, &error),
        })
    })
}

fn unwritable(name: &str, error: &io::Error) -> Failure {
    Failure::cannot_check(format!("{name} cannot be written ({}); the export is not whole", reason(error)))
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
    Failure::wrong(format!("{} cannot be read ({}); check its path and who may read it", path.display(), reason(error)))
}

fn audit(path: &Path, key: VerifierKey, kept: Vec<Checkpoint>) -> Result<Report, Failure> {
    let mut audit = Audit::new(key, kept);
    for line in open(path)?.split(b'\n') {
        match Line::read(&line.map_err(|error| unreadable(path, &error))?) {
            Line::Entry(leaf) => drop(audit.entry(leaf)),
            Line::Checkpoint(note) => audit.checkpoint(&note),
        }
    }
    Ok(audit.finish())
}

fn verify_proof(path: &Path, key: &VerifierKey, format: Format) -> Result<(), Failure> {
    let text = read(path)?;
    let proof = Proof::read(&text).ok_or_else(|| Failure::no(format!("{} is not a proof in the expected form", path.display())))?;
    let (entry, checkpoint) = proof.verify(key).map_err(Failure::no)?;
    let data = json!({"number": proof.index + 1, "entry": entry, "size": checkpoint.size});
    format.print(&data, |_| {
        let leaf = String::from_utf8_lossy(&proof.leaf);
        format!("Entry {} of {} is in the ledger {}:\n{leaf}", proof.index + 1, checkpoint.size, key.name())
    })
}

/// An overseer's routine. What was kept is replaced only by what goes on from it.
fn fetch(keep: &Path, key: &VerifierKey, settings: &Settings, format: Format) -> Result<(), Failure> {
    let client = Client::new(settings.private_url()?);
    let credential = settings.credential()?;
    let get = |path: &str| match client.get(path, &credential)? {
        (200, text) => Ok(text),
        (status, text) => Err(client::refused(status, &serde_json::from_str(&text).unwrap_or(Value::Null))),
    };
    let note = get("/v1/ledger/checkpoint")?;
    let newest = Checkpoint::open(&note, key).map_err(|error| Failure::no(format!("the newest checkpoint cannot be believed: {error}")))?;
    let before = if keep.exists() { Some(kept(keep, key)?) } else { None };
    if let Some(before) = before {
        let proof = if 0 < before.size && before.size < newest.size {
            hashes(&get(&format!("/v1/ledger/consistency/{}/{}", before.size, newest.size))?)
        } else {
            Some(Vec::new())
        };
        let extends = |proof: Vec<_>| tree::extends((before.size, &before.root), (newest.size, &newest.root), &proof);
        if !proof.is_some_and(extends) {
            let (old, new, file) = (before.size, newest.size, keep.display());
            return Err(Failure::no(format!(
                "the checkpoint of {new} entries does not go on from the one of {old} in {file}: the ledger was changed; keep both, and ask why"
            )));
        }
    }
    let unwritten = |error: io::Error| Failure::wrong(format!("{} cannot be written ({}); check the path", keep.display(), reason(&error)));
    replace(keep, note.as_bytes()).map_err(unwritten)?;
    format.print(&json!({"size": newest.size, "since": before.map(|before| before.size)}), |_| match before {
        Some(before) => format!("Kept the checkpoint of {} entries; it goes on from the one of {}.", newest.size, before.size),
        None => format!("Kept the checkpoint of {} entries, the first.", newest.size),
    })
}

fn hashes(text: &str) -> Option<Vec<tree::Hash>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    answer["hashes"].as_array()?.iter().map(|hash| STANDARD.decode(hash.as_str()?).ok()?.try_into().ok()).collect()
}
