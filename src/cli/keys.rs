//! `countersign keys`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    Failure, Format, ledger_key, listing,
    place::{Place, Stores, block_on},
    publish, terms,
};
use crate::{
    authority::Actor,
    config::Settings,
    issuer::{Checked, CustodyError, Revoked, Rotated, time_by_hand},
    key_folder::{HeldFolder, KeyFolder},
    keyring::KeyId,
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
    /// Show the published set, where each key stands, and all other keys that are here
    Show,
    /// Show the root key's fingerprint as words and digits, for paper
    Fingerprint,
    /// Ask for the next key set, sign it, and publish it
    Publish(publish::Args),
    /// Let the keys change over as the policy asks now; the running issuer does so too
    Rotate(ByHand),
    /// Revoke a signing key for good and withdraw all its tokens; destroy one that no set names yet
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
        Command::Show => listing::show(&folder, settings, format),
        Command::Fingerprint => format.print(&Fingerprint::of(&folder.root()?), paper),
        Command::Publish(args) => publish::run(args, settings, format),
        Command::Rotate(by_hand) => {
            let held = made(&folder)?.hold()?;
            let done = block_on(async {
                let (custodian, time) = Place::here()?.by_hand(settings, &held, by_hand.clock_is_right).await?;
                Ok(custodian.rotate(time).await?)
            })?;
            format.print(&rotated(&done), |_| match (changes(&done).as_slice(), &done.left) {
                ([], None) => "Nothing to do.".into(),
                (lines, _) => lines.join("\n"),
            })?;
            all_destroyed(done)
        }
        Command::Revoke { kid, reason } => revoke(*kid, reason, &made(&folder)?.hold()?, settings, format),
        Command::Ledger(command) => ledger_key::run(command, settings, format),
    }
}

fn init(root_only: bool, folder: &KeyFolder, settings: &Settings, format: Format) -> Result<(), Failure> {
    let (place, passphrase) = (Place::here()?, settings.passphrase()?);
    let (root, what) = if root_only {
        (folder.init_root(&*place.entropy, passphrase.as_ref())?, "root.jwk and private/root.pem")
    } else {
        let root = folder.init(&settings.issuer()?, place.clock.now(), &*place.entropy, passphrase.as_ref())?;
        (root, "root.jwk, keyset.jwt, ledger.vkey and private/")
    };
    format.print(&Fingerprint::of(&root), |made| {
        let path = folder.path().display();
        format!("Made {what} in {path}.\nKeep private/ from everybody; publish the fingerprint on paper:\n\n{}", paper(made))
    })
}

fn paper(fingerprint: &Fingerprint) -> String {
    let Fingerprint { kid, words, .. } = fingerprint;
    format!("Root key  {kid}\nWords     {words}\nDigits    {}", fingerprint.grouped_digits())
}

/// The folder, where keys were made.
fn made(folder: &KeyFolder) -> Result<&KeyFolder, Failure> {
    folder.root()?;
    Ok(folder)
}

fn revoke(kid: KeyId, reason: &str, folder: &HeldFolder, settings: &Settings, format: Format) -> Result<(), Failure> {
    block_on(async {
        let place = Place::here()?;
        let store = Stores::for_acts(settings, &place).await?.issuer;
        let custodian = place.custodian(store.clone(), settings, folder.vault(settings.passphrase()?))?;
        let Revoked { withdrawn, destroyed } = custodian.revoke(&Actor::Operator, kid, reason).await?;
        // Whatever the clock shows: what is left to do at a time that cannot be believed is what cannot wait.
        let time = time_by_hand(&*store, &place.watch, false).await.map_err(Failure::from);
        let doubt = time.as_ref().err().and_then(Failure::sentence).map(str::to_owned);
        // The next key takes over at once; where there is none, the revocation stands all the same.
        let (mut done, failed) = match custodian.rotate(time.unwrap_or_else(|_| Checked::Settling(place.watch.expected()))).await {
            Ok(done) => (done, None),
            // A key of a request, before the first set.
            Err(CustodyError::NoSet) => (Rotated::default(), None),
            Err(error) => (Rotated::default(), Some(error)),
        };
        done.destroyed.extend(destroyed.then_some(kid));
        let data = json!({"revoked": kid, "withdrawn": withdrawn, "rotated": rotated(&done)});
        format.print(&data, |_| {
            let mut lines = vec![format!("Revoked {kid}; {}.", terms::withdrawn(withdrawn as u64))];
            lines.extend(changes(&done));
            lines.extend(doubt.map(|doubt| format!("Warning: the rest of the rotation waits: {doubt}.")));
            lines.join("\n")
        })?;
        failed.map_or(Ok(()), |error| Err(error.into())).and(all_destroyed(done))
    })
}

/// The command fails after all else is done and said if a private half that is spent is still here.
pub fn all_destroyed(done: Rotated) -> Result<(), Failure> {
    done.left.map_or(Ok(()), |error| Err(CustodyError::from(error).into()))
}

fn rotated(done: &Rotated) -> Value {
    let warnings: Vec<String> = done.warnings.iter().map(ToString::to_string).collect();
    json!({"activated": done.activated, "removed": done.removed, "destroyed": done.destroyed, "warnings": warnings})
}

fn changes(done: &Rotated) -> Vec<String> {
    let activated = done.activated.iter().map(|key| format!("{key} signs from now on."));
    let destroyed = done.destroyed.iter().map(terms::destroyed);
    let removed = done.removed.iter().map(|key| format!("No token of {key} can be shown any more; the next set leaves it out."));
    let warnings = done.warnings.iter().map(|warning| format!("Warning: {warning}."));
    activated.chain(destroyed).chain(removed).chain(warnings).collect()
}
