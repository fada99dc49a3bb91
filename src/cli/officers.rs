//! `countersign officers`

use clap::Subcommand;
use serde_json::json;

use super::{
    Failure, Format,
    place::{Place, block_on},
    terms,
};
use crate::{
    authority::{Actor, Callsign, Officer, Role},
    config::Settings,
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Enrol a person
    Enrol {
        /// Their name inside
        callsign: Callsign,
        /// officer, approver, administrator or overseer
        #[arg(long)]
        role: Role,
    },
    /// List everybody
    List,
    /// Suspend a person and withdraw their live tokens
    Suspend {
        /// Their name inside
        callsign: Callsign,
    },
    /// Print a credential for a person's program, once
    Credential {
        /// Their name inside
        callsign: Callsign,
        /// How long it lasts
        #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = terms::duration)]
        expires: i64,
    },
}

/// Runs one, as the operator of this machine.
pub fn run(command: Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let registry = Place::here()?.registry(settings)?;
    block_on(async {
        match command {
            Command::Enrol { callsign, role } => {
                let officer = registry.enrol(&Actor::Operator, callsign, role).await?;
                format.print(&officer, |o| format!("Enrolled {} as {}.", o.callsign, o.role.as_str()))
            }
            Command::List => {
                let officers = registry.officers(&Actor::Operator).await?;
                format.print(&officers, |list| match list.as_slice() {
                    [] => "Nobody is enrolled yet.".into(),
                    list => list.iter().map(line).collect::<Vec<_>>().join("\n"),
                })
            }
            Command::Suspend { callsign } => {
                registry.suspend(&Actor::Operator, callsign.clone()).await?;
                let said = json!({"callsign": callsign, "suspended": true});
                format.print(&said, |_| format!("Suspended {callsign}; their live tokens are withdrawn."))
            }
            Command::Credential { callsign, expires } => {
                let credential = registry.make_credential(&Actor::Operator, callsign, expires).await?;
                format.print(&json!({"credential": credential.expose()}), |_| credential.expose().to_owned())
            }
        }
    })
}

fn line(officer: &Officer) -> String {
    let state = officer.suspended_at.map_or_else(|| "active".to_owned(), |at| format!("suspended {}", terms::shown(at)));
    format!("{:32}  {:13}  {state}", officer.callsign.as_str(), officer.role.as_str())
}
