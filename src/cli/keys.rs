//! `countersign keys`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    Failure, Format, ledger_key,
    place::{Place, Stores, block_on},
    publish, terms,
};
use crate::{
    authority::Actor,
    config::{Settings, StoreAddress},
    issuer::{Checked, Rotated, time_by_hand},
    key_folder::KeyFolder,
    keyring::{KeyId, PublishedKey, rotation::KeyRecord},
    token::Fingerprint,
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Make a root key, a ledger key, and signing keys in a root-signed set for 35 days
    Init {
        /// Make the root key alone, on a machine without a network
        #[arg(long)]
        root_only: bool,
    },
    /// Show the published set, and where each key stands
    Show,
    /// Show the root key's fingerprint as words and digits, for paper
    Fingerprint,
    /// Ask for the next key set, sign it, and publish it
    Publish(publish::Args),
    /// Let the keys change over as the policy asks now; the running issuer does so too
    Rotate(ByHand),
    /// Revoke a signing key for good and withdraw all its tokens
    Revoke {
        /// The key's id, as `keys show` prints it
        #[arg(allow_hyphen_values = true)]
        kid: KeyId,
        /// Why, in a few words that are published
        #[arg(long)]
        reason: String,
    },
    /// The ledger's own key
    #[command(subcommand)]
    Ledger(ledger_key::Command),
}

/// How the operator vouches for the clock.
#[derive(clap::Args)]
pub struct ByHand {
    /// The clock is right although the newest time in the store is more than a day ago
    #[arg(long)]
    pub clock_is_right: bool,
}

/// Runs one, as the operator of this machine.
pub fn run(command: &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let folder = KeyFolder::at(settings.keys());
    match command {
        Command::Init { root_only } => init(*root_only, &folder, settings, format),
        Command::Show => show(&folder, settings, format),
        Command::Fingerprint => format.print(&Fingerprint::of(&folder.root()?), paper),
        Command::Publish(args) => publish::run(args, settings, format),
        Command::Rotate(by_hand) => {
            let done = block_on(async {
                let (custodian, time) = Place::here()?.custodian_by_hand(settings, by_hand.clock_is_right).await?;
                Ok(custodian.rotate(time).await?)
            })?;
            format.print(&rotated(&done), |_| match changes(&done).as_slice() {
                [] => "Nothing to do.".into(),
                lines => lines.join("\n"),
            })
        }
        Command::Revoke { kid, reason } => revoke(*kid, reason, settings, format),
        Command::Ledger(command) => ledger_key::run(command, settings, format),
    }
}

fn init(root_only: bool, folder: &KeyFolder, settings: &Settings, format: Format) -> Result<(), Failure> {
    let (place, passphrase) = (Place::here()?, settings.passphrase()?);
    let what = if root_only {
        folder.init_root(&*place.entropy, passphrase.as_ref())?;
        "root.jwk and private/root.pem"
    } else {
        folder.init(&settings.issuer()?, place.clock.now(), &*place.entropy, passphrase.as_ref())?;
        "root.jwk, keyset.jwt, ledger.vkey and private/"
    };
    format.print(&Fingerprint::of(&folder.root()?), |made| {
        let path = folder.path().display();
        format!("Made {what} in {path}.\nKeep private/ from everybody; publish the fingerprint on paper:\n\n{}", paper(made))
    })
}

fn paper(fingerprint: &Fingerprint) -> String {
    let Fingerprint { kid, words, .. } = fingerprint;
    format!("Root key  {kid}\nWords     {words}\nDigits    {}", fingerprint.grouped_digits())
}

fn show(folder: &KeyFolder, settings: &Settings, format: Format) -> Result<(), Failure> {
    let now = Place::here()?.clock.now();
    let keys = folder.public_keys(&settings.issuer()?, now)?;
    let (set, records) = (keys.set(), records(settings)?);
    let record = |key: &PublishedKey| records.iter().find(|record| record.id == key.key.id());
    // A folder of an early version has none yet; the service writes it.
    let ledger_key = folder.ledger_vkey().ok().map(|key| key.to_string());
    let listed = |k: &PublishedKey| {
        json!({"kid": k.key.id().to_string(), "not_before": k.not_before, "expires_at": k.expires_at,
               "revoked": is_revoked(k, record(k)), "stage": record(k).map(|record| record.stage.as_str())})
    };
    let data = json!({
        "issuer": set.issuer().as_str(), "version": set.version(), "issued_at": set.issued_at(), "expires_at": set.expires_at(),
        "ledger_key": ledger_key, "keys": set.keys().iter().map(listed).collect::<Vec<_>>(),
    });
    format.print(&data, |_| {
        let until = if keys.is_current(now) { "until" } else { "expired" };
        let head = format!("Key set {} of {}, {until} {}", set.version(), set.issuer(), terms::shown(set.expires_at()));
        let keys = set.keys().iter().map(|key| line(key, record(key)));
        let ledger = ledger_key.map(|key| format!("Ledger key  {key}"));
        std::iter::once(head).chain(keys).chain(ledger).collect::<Vec<_>>().join("\n")
    })
}

/// What the store knows of the keys, where there is one.
fn records(settings: &Settings) -> Result<Vec<KeyRecord>, Failure> {
    if matches!(settings.store()?, StoreAddress::Sqlite(path) if !path.exists()) {
        return Ok(Vec::new());
    }
    let stored = block_on(async { Ok(Stores::for_verifier(settings, &Place::here()?).await?.verifier.key_set().await?) })?;
    Ok(stored.map(|stored| stored.keys).unwrap_or_default())
}

fn is_revoked(key: &PublishedKey, record: Option<&KeyRecord>) -> bool {
    key.revoked.is_some() || record.is_some_and(|record| record.revoked.is_some())
}

fn line(key: &PublishedKey, record: Option<&KeyRecord>) -> String {
    let stage = record.map_or_else(String::new, |record| format!("  {}", record.stage.as_str()));
    let revoked = if is_revoked(key, record) { "  revoked" } else { "" };
    format!("{}  from {} to {}{stage}{revoked}", key.key.id(), terms::shown(key.not_before), terms::shown(key.expires_at))
}

fn revoke(kid: KeyId, reason: &str, settings: &Settings, format: Format) -> Result<(), Failure> {
    block_on(async {
        let place = Place::here()?;
        let store = Stores::for_issuer(settings, &place).await?.issuer;
        let custodian = place.custodian_on(store.clone(), settings)?;
        let withdrawn = custodian.revoke(&Actor::Operator, kid, reason).await?;
        // Whatever the clock shows: what is left to do at a time that cannot be believed is what cannot wait.
        let time = time_by_hand(&*store, &place.watch, false).await.map_err(Failure::from);
        let doubt = time.as_ref().err().and_then(Failure::sentence).map(str::to_owned);
        // The next key takes over at once; where there is none, the revocation stands all the same.
        let next = custodian.rotate(time.unwrap_or_else(|_| Checked::Settling(place.watch.steady()))).await;
        let done = next.as_ref().ok();
        let data = json!({"revoked": kid, "withdrawn": withdrawn, "rotated": done.map(rotated)});
        format.print(&data, |_| {
            let mut lines = vec![format!("Revoked {kid}; {}.", terms::withdrawn(withdrawn as u64))];
            lines.extend(done.map(changes).unwrap_or_default());
            lines.extend(doubt.map(|doubt| format!("Warning: the rest of the rotation waits: {doubt}.")));
            lines.join("\n")
        })?;
        next?;
        Ok(())
    })
}

fn rotated(done: &Rotated) -> Value {
    let warnings: Vec<String> = done.warnings.iter().map(ToString::to_string).collect();
    json!({"activated": done.activated, "removed": done.removed, "destroyed": done.destroyed, "warnings": warnings})
}

fn changes(done: &Rotated) -> Vec<String> {
    let activated = done.activated.iter().map(|key| format!("{key} signs from now on."));
    let destroyed = done.destroyed.iter().map(|key| format!("The private half of {key} is destroyed."));
    let removed = done.removed.iter().map(|key| format!("No token of {key} can be shown any more; the next set leaves it out."));
    let warnings = done.warnings.iter().map(|warning| format!("Warning: {warning}."));
    activated.chain(destroyed).chain(removed).chain(warnings).collect()
}
