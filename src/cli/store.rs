//! `countersign store`

use clap::Subcommand;
use serde_json::json;

use super::{
    Failure, Format,
    place::{Place, Stores, block_on},
    terms,
};
use crate::{config::Settings, issuer::clock_corrected, store::Corrected};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Undo what a clock that was ahead left in the store, once it is right again
    ClockCorrected,
}

/// Runs one, as the operator of this machine.
pub fn run(command: &Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let Command::ClockCorrected = command;
    let place = Place::here()?;
    let done = block_on(async { Ok(clock_corrected(&*Stores::for_acts(settings, &place).await?.issuer, &place.watch).await?) })?;
    let Some(Corrected { purged_from, purged_to, withdrawn }) = done else {
        return Err(Failure::no("no time in the store is in the future, so there is nothing to undo"));
    };
    format.print(&json!({"purged_from": purged_from, "purged_to": purged_to, "withdrawn": withdrawn}), |_| {
        if purged_from == purged_to {
            return "The newest time in the store is not in the future any more.".into();
        }
        let tokens = match withdrawn {
            1 => "1 token whose record is gone now counts".to_owned(),
            _ => format!("{withdrawn} tokens whose records are gone now count"),
        };
        let (from, to) = (terms::shown(purged_from), terms::shown(purged_to));
        format!("Tokens count as purged up to {to}, and no more up to {from}; {tokens} as withdrawn.")
    })
}
