//! `countersign ledger verify FILE` of a proof, and the ledger's keys that a command is given.

use std::path::Path;

use serde_json::json;

use super::{
    Failure, Format,
    ledger::store,
    place::{Stores, block_on},
};
use crate::{
    config::Settings,
    files::{self, Kind},
    issuer::key_changes,
    key_folder::KeyFolder,
    ledger::{CheckpointError, NoteError, Proof, ProofError, Succession, VerifierKey},
    store::Found,
};

/// The ledger's keys, the newest last, as `--key` names them.
#[derive(clap::Args)]
pub struct Keys {
    /// The ledger's public key or a file with it, also several, the newest last; ledger.vkey of the key folder if not given
    #[arg(long = "key", value_name = "KEY|FILE", num_args = 1)]
    given: Vec<String>,
}

impl Keys {
    /// The newest, which leads to the others.
    pub fn newest(&self, settings: &Settings) -> Result<VerifierKey, Failure> {
        let newest = self.named()?.pop();
        newest.map_or_else(|| own(settings), Ok)
    }

    fn named(&self) -> Result<Vec<VerifierKey>, Failure> {
        let mut keys = Vec::new();
        for text in &self.given {
            if Path::new(text).exists() {
                keys.extend(parsed(text, &files::read(Path::new(text), Kind::Trusted)?)?);
            } else {
                keys.extend(parsed("--key", text)?);
            }
        }
        Ok(keys)
    }

    /// The key of a proof's time: the one that this machine's own ledger says was in force, or whichever signed it of those that
    /// were named.
    fn key_of(&self, proof: &Proof, settings: &Settings) -> Result<Result<VerifierKey, CheckpointError>, Failure> {
        let named = self.named()?;
        Ok(match named.first() {
            None => block_on(succession(settings))?.signer(&proof.checkpoint).cloned(),
            Some(first) => Ok(named.iter().find(|key| key.open(&proof.checkpoint).is_ok()).unwrap_or(first).clone()),
        })
    }
}

/// The key of the key folder.
pub fn own(settings: &Settings) -> Result<VerifierKey, Failure> {
    Ok(KeyFolder::at(settings.keys()).ledger_vkey()?)
}

/// The keys of this machine's own ledger, if it has one.
async fn succession(settings: &Settings) -> Result<Succession, Failure> {
    let only = own(settings)?;
    let changes = match Stores::found(settings).await? {
        Found::Nothing => Vec::new(),
        Found::Unbound | Found::Bound(_) => key_changes(&*store(settings).await?).await?,
    };
    Ok(Succession::new(only, changes))
}

/// One key a line.
fn parsed(what: &str, text: &str) -> Result<Vec<VerifierKey>, Failure> {
    let text = text.trim();
    // An empty file is a mistake, not a way to name no key.
    let lines = text.lines().chain(text.is_empty().then_some(text));
    let keys = lines.map(|line| line.trim().parse()).collect::<Result<_, NoteError>>();
    keys.map_err(|error| Failure::wrong(format!("{what} cannot be used: {error}")))
}

/// Reads a file that begins like a proof, and prints what it shows.
pub fn verify(path: &Path, keys: &Keys, settings: &Settings, format: Format) -> Result<(), Failure> {
    let text = files::read(path, Kind::Public)?;
    let proof = Proof::read(&text).ok_or_else(|| Failure::no(format!("{} is not a proof in the expected form", path.display())))?;
    let verified = keys.key_of(&proof, settings)?.map_err(ProofError::from).and_then(|key| Ok((proof.verify(&key)?, key)));
    let ((entry, checkpoint), key) = verified.map_err(unproven)?;
    let data = json!({"number": proof.index + 1, "entry": entry, "size": checkpoint.size});
    format.print(&data, |_| {
        let leaf = String::from_utf8_lossy(&proof.leaf);
        format!("Entry {} of {} is in the ledger {}:\n{leaf}", proof.index + 1, checkpoint.size, key.name())
    })
}

fn unproven(error: ProofError) -> Failure {
    match error {
        ProofError::Checkpoint(CheckpointError::Note(NoteError::Unsigned(_))) => Failure::no(format!(
            "{error} with a key that is known here; if the ledger's key was replaced, name the one of the proof's time too"
        )),
        error => Failure::no(error),
    }
}
