//! `countersign keys show`

use serde_json::{Value, json};

use super::{
    Failure, Format,
    place::{Place, Stores, block_on},
    terms,
};
use crate::{
    config::{Settings, StoreAddress},
    issuer::KeyVault as _,
    key_folder::KeyFolder,
    keyring::{KeyId, KeySet, PublicKeys, PublishedKey, rotation::KeyRecord},
};

/// A key, and what is known of it.
struct Listed<'a> {
    id: KeyId,
    /// What the set says; nothing of a key that it does not name.
    published: Option<&'a PublishedKey>,
    /// Where it stands by the store.
    record: Option<&'a KeyRecord>,
}

/// Shows the published set, where each key stands, and every other key whose private half is here: those of a request that no
/// set names yet, since a thief who has them waits for the one that does, and those that should have been destroyed.
pub fn show(folder: &KeyFolder, settings: &Settings, format: Format) -> Result<(), Failure> {
    let (issuer, now) = (settings.issuer()?, Place::here()?.clock.now());
    folder.root()?;
    let here = if folder.has_private() { folder.vault(None).ids().map_err(Failure::wrong)? } else { [].into() };
    let set = match folder.public_keys(&issuer, now) {
        // Before the first set there is nothing but what was asked for.
        Err(_) if !here.is_empty() && folder.last_set(&issuer)?.is_none() => None,
        set => Some(set?),
    };
    let until = if set.as_ref().is_none_or(|keys| keys.is_current(now)) { "until" } else { "expired" };
    let (set, records) = (set.as_ref().map(PublicKeys::set), records(settings)?);
    let published: Vec<&PublishedKey> = set.into_iter().flat_map(KeySet::keys).collect();
    let is_published = |id: &KeyId| published.iter().any(|key| key.key.id() == *id);
    let others = here.into_iter().filter(|id| !is_published(id)).map(|id| (id, None));
    let keys: Vec<Listed> = published
        .iter()
        .map(|key| (key.key.id(), Some(*key)))
        .chain(others)
        .map(|(id, published)| Listed { id, published, record: records.iter().find(|record| record.id == id) })
        .collect();
    // A folder of an early version has none yet; the service writes it.
    let ledger_key = folder.ledger_vkey().ok().map(|key| key.to_string());
    let data = json!({
        "issuer": issuer.as_str(), "version": set.map(KeySet::version), "issued_at": set.map(KeySet::issued_at),
        "expires_at": set.map(KeySet::expires_at), "ledger_key": ledger_key, "keys": keys.iter().map(Listed::json).collect::<Vec<_>>(),
    });
    format.print(&data, |_| {
        let head = set.map_or_else(
            || format!("No key set of {issuer} was published yet"),
            |set| format!("Key set {} of {issuer}, {until} {}", set.version(), terms::shown(set.expires_at())),
        );
        let ledger = ledger_key.map(|key| format!("Ledger key  {key}"));
        std::iter::once(head).chain(keys.iter().map(Listed::line)).chain(ledger).collect::<Vec<_>>().join("\n")
    })
}

impl Listed<'_> {
    fn is_revoked(&self) -> bool {
        self.published.is_some_and(|key| key.revoked.is_some()) || self.record.is_some_and(|record| record.revoked.is_some())
    }

    fn stage(&self) -> Option<&'static str> {
        match (self.published, self.record) {
            (_, Some(record)) => Some(record.stage.as_str()),
            (None, None) => Some("unpublished"),
            // There is no store here.
            (Some(_), None) => None,
        }
    }

    fn json(&self) -> Value {
        json!({"kid": self.id, "not_before": self.published.map(|key| key.not_before), "expires_at": self.published.map(|key| key.expires_at),
               "revoked": self.is_revoked(), "stage": self.stage()})
    }

    fn line(&self) -> String {
        let span = |key: &PublishedKey| format!("  from {} to {}", terms::shown(key.not_before), terms::shown(key.expires_at));
        let (span, stage) =
            (self.published.map_or_else(String::new, span), self.stage().map_or_else(String::new, |stage| format!("  {stage}")));
        let revoked = if self.is_revoked() { "  revoked" } else { "" };
        format!("{}{span}{stage}{revoked}", self.id)
    }
}

/// What the store knows of the keys, where there is one.
fn records(settings: &Settings) -> Result<Vec<KeyRecord>, Failure> {
    if matches!(settings.store()?, StoreAddress::Sqlite(path) if !path.exists()) {
        return Ok(Vec::new());
    }
    // Also before the first set: a key may have been revoked by then.
    block_on(async { Ok(Stores::for_verifier(settings, &Place::here()?).await?.issuer.key_records().await?) })
}
