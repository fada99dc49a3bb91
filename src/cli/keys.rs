//! `countersign keys`

use clap::Subcommand;
use serde_json::json;

use super::{Failure, Format, place::Place, terms};
use crate::{config::Settings, key_folder::KeyFolder, keyring::PublishedKey, token::Fingerprint};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Make a root key, a ledger key, and signing keys in a root-signed set for 35 days
    Init,
    /// Show the published set
    Show,
    /// Show the root key's fingerprint as words and digits, for paper
    Fingerprint,
}

/// Runs one.
pub fn run(command: &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let place = Place::here()?;
    let folder = KeyFolder::at(settings.keys());
    match command {
        Command::Init => {
            folder.init(&settings.issuer()?, place.clock.now(), &*place.entropy, settings.passphrase()?.as_ref())?;
            format.print(&Fingerprint::of(&folder.root()?), |made| {
                let path = folder.path().display();
                let what = format!("Made root.jwk, keyset.jwt and private/ in {path}.");
                format!("{what}\nKeep private/ from everybody; publish the fingerprint on paper:\n\n{}", paper(made))
            })
        }
        Command::Show => show(&folder, settings, &place, format),
        Command::Fingerprint => format.print(&Fingerprint::of(&folder.root()?), paper),
    }
}

fn paper(fingerprint: &Fingerprint) -> String {
    let Fingerprint { kid, words, .. } = fingerprint;
    format!("Root key  {kid}\nWords     {words}\nDigits    {}", fingerprint.grouped_digits())
}

fn show(folder: &KeyFolder, settings: &Settings, place: &Place, format: Format) -> Result<(), Failure> {
    let now = place.clock.now();
    let keys = folder.public_keys(&settings.issuer()?, now)?;
    let set = keys.set();
    let listed = |k: &PublishedKey| json!({"kid": k.key.id().to_string(), "not_before": k.not_before, "expires_at": k.expires_at, "revoked": k.revoked.is_some()});
    let data = json!({
        "issuer": set.issuer().as_str(), "version": set.version(), "issued_at": set.issued_at(),
        "expires_at": set.expires_at(), "keys": set.keys().iter().map(listed).collect::<Vec<_>>(),
    });
    format.print(&data, |_| {
        let head = format!("Key set {} of {}, until {}", set.version(), set.issuer(), terms::shown(set.expires_at()));
        set.keys().iter().map(line).fold(head, |text, line| text + "\n" + &line)
    })
}

fn line(key: &PublishedKey) -> String {
    let revoked = if key.revoked.is_some() { "  revoked" } else { "" };
    format!("{}  from {} to {}{revoked}", key.key.id(), terms::shown(key.not_before), terms::shown(key.expires_at))
}
