//! `countersign ledger checkpoint`: an overseer's routine, with one key that they trust and the checkpoint that they kept.

use std::{io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Failure, Format,
    client::{self, Client},
    ledger::cannot_use,
};
use crate::{
    config::Settings,
    files::{self, FolderLock, Kind, folder_of},
    issuer::Credential,
    ledger::{Checkpoint, Handover, KeyChange, Lineage, Proof, VerifierKey, tree},
};

/// The organisation's service, as an overseer sees it.
struct Service {
    client: Client,
    credential: Credential,
}

impl Service {
    fn get(&self, path: &str) -> Result<String, Failure> {
        match self.client.get(path, &self.credential)? {
            (200, text) => Ok(text),
            (status, text) => Err(client::refused(status, &serde_json::from_str(&text).unwrap_or(Value::Null))),
        }
    }

    /// Every change of the ledger's key that it can show.
    fn handovers(&self) -> Result<Vec<Handover>, Failure> {
        let wrong = |why: String| Failure::no(format!("the changes of the ledger's key that the service shows cannot be believed: {why}"));
        let answer: Value = serde_json::from_str(&self.get("/v1/ledger/keys")?).unwrap_or(Value::Null);
        let texts = answer["changes"].as_array().ok_or_else(|| wrong("they are not in the expected form".into()))?;
        let proofs = texts.iter().map(|text| text.as_str().and_then(Proof::read)).collect::<Option<Vec<_>>>();
        let proofs = proofs.ok_or_else(|| wrong("one is not a proof".into()))?;
        Handover::all(&proofs).map_err(|error| wrong(error.to_string()))
    }

    fn extends(&self, (before, after): (Checkpoint, Checkpoint)) -> Result<bool, Failure> {
        let proof = if 0 < before.size && before.size < after.size {
            hashes(&self.get(&format!("/v1/ledger/consistency/{}/{}", before.size, after.size))?)
        } else {
            Some(Vec::new())
        };
        Ok(proof.is_some_and(|proof| tree::extends((before.size, &before.root), (after.size, &after.root), &proof)))
    }
}

/// Fetches the newest checkpoint. What was kept is replaced only by what extends it, under the key that is known or one to
/// which it leads.
pub fn fetch(keep: &Path, key: &VerifierKey, settings: &Settings, format: Format) -> Result<(), Failure> {
    let service = Service { client: Client::new(settings.private_url()?), credential: settings.credential()? };
    let unwritable = |error: io::Error| Failure::unwritable(keep, &error);
    // Of two at once the later one must see what the other kept.
    let held = FolderLock::take(folder_of(keep), FolderLock::PATIENCE).map_err(unwritable)?;
    let _held =
        held.ok_or_else(|| Failure::wrong(format!("another command writes beside {}; try again when it has ended", keep.display())))?;
    let note = service.get("/v1/ledger/checkpoint")?;
    let kept_note = if keep.exists() { Some(files::read(keep, Kind::Trusted)?) } else { None };
    let is_known = |note: &String| Checkpoint::open(note, key).is_ok();
    let changed = !is_known(&note) || kept_note.as_ref().is_some_and(|note| !is_known(note));
    let lineage = Lineage::of(key, &if changed { service.handovers()? } else { Vec::new() });
    let newest = lineage.open_newest(&note).ok_or_else(|| unbelievable(&note, key, &lineage))?;
    if newest.size == 0 {
        return Err(Failure::no("the newest checkpoint is one of no entries; nothing was kept"));
    }
    let before = kept_note.map(|note| {
        let wrong = || cannot_use(keep, Checkpoint::open(&note, key).err().map(|error| error.to_string()).unwrap_or_default());
        lineage.open_kept(&note).ok_or_else(wrong)
    });
    let before = before.transpose()?;
    // A key that vouches for another does so in this very ledger.
    let kept = before.map(|before| (before, format!("in {}", keep.display())));
    let shown = |followed: &Handover| (followed.checkpoint, format!("that the service shows for entry {}", followed.change.number));
    for (earlier, which) in kept.into_iter().chain(lineage.followed.iter().map(shown)) {
        if !service.extends((earlier, newest))? {
            let (old, new) = (earlier.size, newest.size);
            return Err(Failure::no(format!(
                "the checkpoint of {new} entries does not extend the one of {old} {which}: the ledger was changed; keep both, and ask why"
            )));
        }
    }
    files::replace(keep, note.as_bytes(), files::PUBLIC).map_err(unwritable)?;
    let followed: Vec<&KeyChange> = lineage.followed.iter().map(|handover| &handover.change).collect();
    let keys: Vec<String> = followed.iter().map(|change| change.new.to_string()).collect();
    format.print(&json!({"size": newest.size, "since": before.map(|before| before.size), "followed": keys}), |_| {
        let first = match before {
            Some(before) => format!("Kept the checkpoint of {} entries; it extends the one of {}.", newest.size, before.size),
            None => format!("Kept the checkpoint of {} entries, the first.", newest.size),
        };
        std::iter::once(first).chain(followed.into_iter().map(sentence)).collect::<Vec<_>>().join("\n")
    })
}

fn sentence(KeyChange { number, new, .. }: &KeyChange) -> String {
    format!(
        "The ledger's key was replaced with entry {number}, and the key before signed for it. Compare the new one with what the \
         organisation gave you on paper, and name it from then on:\n{new}"
    )
}

fn unbelievable(note: &str, key: &VerifierKey, lineage: &Lineage) -> Failure {
    if let Some(Handover { change, .. }) = &lineage.stopped {
        let because = change.cause.as_words();
        return Failure::no(format!(
            "the ledger's key was replaced with entry {}, because {because}, and the key before did not sign for it; have the new key given \
             to you on paper, and name it with --key",
            change.number
        ));
    }
    let error = Checkpoint::open(note, key).err().map(|error| error.to_string()).unwrap_or_default();
    Failure::no(format!("the newest checkpoint cannot be believed: {error}"))
}

fn hashes(text: &str) -> Option<Vec<tree::Hash>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    answer["hashes"].as_array()?.iter().map(|hash| STANDARD.decode(hash.as_str()?).ok()?.try_into().ok()).collect()
}
