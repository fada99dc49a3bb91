//! `countersign keys ledger`

use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::{
    Failure, Format,
    place::{Place, Stores, block_on},
};
use crate::{
    config::Settings,
    issuer::{Renewal, RenewalError, Renewed},
    key_folder::KeyFolder,
    ledger::KeyCause,
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Replace the ledger's key, or finish a change that was interrupted
    Renew(Args),
}

/// Why it is replaced.
#[derive(clap::Args)]
pub struct Args {
    /// The private half is gone
    #[arg(long, group = "cause")]
    lost: bool,
    /// Somebody else may have the private half
    #[arg(long, group = "cause")]
    stolen: bool,
    /// An older copy of the store was put back, and entries are missing that were signed
    #[arg(long, group = "cause")]
    restored: bool,
    /// Why, in a few words that the ledger keeps
    #[arg(long)]
    reason: Option<String>,
}

impl Args {
    fn cause(&self) -> KeyCause {
        match self {
            Self { lost: true, .. } => KeyCause::Lost,
            Self { stolen: true, .. } => KeyCause::Stolen,
            Self { restored: true, .. } => KeyCause::Restored,
            _ => KeyCause::Renewed,
        }
    }
}

/// Runs one, as the operator of this machine.
pub fn run(Command::Renew(args): &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let (place, passphrase) = (Place::here()?, settings.passphrase()?);
    let folder = KeyFolder::at(settings.keys());
    folder.root()?;
    let held = folder.hold()?;
    let vault = Arc::new(held.ledger(&settings.issuer()?, passphrase));
    let done = block_on(async {
        let renewal = |stores: Stores| Renewal::new(stores.ledger, vault, place.clock.clone(), place.entropy.clone());
        let renewal = if args.restored {
            let (stores, bound_to) = Stores::put_back(settings, &place).await?;
            renewal(stores).put_back(bound_to)
        } else {
            renewal(Stores::for_issuer(settings, &place).await?)
        };
        Ok(renewal.renew(args.cause(), args.reason.as_deref()).await?)
    })?;
    let Renewed { change, vouched, resumed } = &done;
    let (entry, old, new) = (change.number, change.old.to_string(), change.new.to_string());
    let data = json!({"entry": entry, "old": old, "new": new, "cause": change.cause, "vouched": vouched, "resumed": resumed});
    format.print(&data, |_| {
        let done = if *resumed { "Finished the change of the ledger's key that was begun with" } else { "Replaced the ledger's key with" };
        let vouches = if *vouched {
            "The key before signed for it, so an overseer's commands follow."
        } else {
            "The key before did not sign for it: an overseer's commands refuse until they are given the new key."
        };
        format!("{done} entry {entry}.\n{vouches}\nGive the new key to the overseer, on paper too:\n\n{new}")
    })
}

impl From<RenewalError> for Failure {
    fn from(error: RenewalError) -> Self {
        match error {
            RenewalError::Ledger(error) => error.into(),
            RenewalError::Store(error) => error.into(),
            RenewalError::Entropy(error) => error.into(),
            error => Self::wrong(error),
        }
    }
}
