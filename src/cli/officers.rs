//! `countersign officers`

use clap::Subcommand;
use serde_json::json;

use super::{
    Failure, Format,
    place::{Place, block_on},
    terms,
};
use crate::{
    authority::{Access, AccessId, AccessKind, Actor, Callsign, Reason, Role, Scope},
    config::Settings,
    issuer::{Invited, Person, Registry, ShownLink},
    store::{Revoked, all_pages},
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Enrol a person, and print the one-time link with which they register a passkey
    Enrol {
        /// Their name inside
        callsign: Callsign,
        /// officer, approver, administrator or overseer
        #[arg(long)]
        role: Role,
    },
    /// Print another one-time link, for one more passkey or after the first has run out
    Link {
        /// Their name inside
        callsign: Callsign,
    },
    /// List everybody, with their passkeys and credentials
    List,
    /// Suspend a person: end their sessions, and withdraw live tokens that they issued or approved
    Suspend {
        /// Their name inside
        callsign: Callsign,
    },
    /// Lift a suspension. What it ended stays ended
    Reinstate {
        /// Their name inside
        callsign: Callsign,
        /// Why, for the overseers of the ledger: 1 to 200 characters
        #[arg(long)]
        reason: Reason,
    },
    /// Print a credential for a person's program, once
    Credential {
        /// Their name inside
        callsign: Callsign,
        /// What it is good for: tokens, authorisations, people or ledger; several may be given; all if not given
        #[arg(long, num_args = 1..)]
        scope: Vec<Scope>,
        /// How long it lasts
        #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = terms::duration)]
        expires: i64,
    },
    /// Revoke a passkey, with its sessions, or a credential, and withdraw the live tokens that were issued with it
    Revoke {
        /// Its id, as `list` shows it
        id: AccessId,
    },
}

/// Runs one, as the operator of this machine.
pub fn run(command: Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let console_url = settings.console_url()?;
    block_on(async {
        let place = Place::here()?;
        let registry = match command {
            Command::List => place.registry(settings).await?,
            _ => place.acting_registry(settings).await?,
        };
        match command {
            Command::Enrol { callsign, role } => enrol(&registry, callsign, role, &console_url, format).await,
            Command::Link { callsign } => {
                let shown = registry.make_link(&Actor::Operator, &callsign).await?.shown(&console_url);
                format.print(&shown, instructions)
            }
            Command::List => {
                let people = all_pages(async |page| registry.people(&Actor::Operator, page).await).await?;
                format.print(&people, |list| match list.as_slice() {
                    [] => "Nobody is enrolled yet.".into(),
                    list => list.iter().map(lines).collect::<Vec<_>>().join("\n"),
                })
            }
            Command::Suspend { callsign } => {
                registry.suspend(&Actor::Operator, callsign.clone()).await?;
                let said = json!({"callsign": callsign, "suspended": true});
                format.print(&said, |_| format!("Suspended {callsign}; their sessions ended and their live tokens are withdrawn."))
            }
            Command::Reinstate { callsign, reason } => {
                registry.reinstate(&Actor::Operator, callsign.clone(), reason, None).await?;
                let said = json!({"callsign": callsign, "suspended": false});
                format.print(&said, |_| format!("Lifted the suspension of {callsign}; what it ended stays ended."))
            }
            Command::Credential { callsign, scope, expires } => {
                let scopes = if scope.is_empty() { Scope::ALL.into() } else { scope.into_iter().collect() };
                let credential = registry.make_credential(&Actor::Operator, callsign, scopes, expires).await?;
                format.print(&json!({"credential": credential.expose()}), |_| credential.expose().to_owned())
            }
            Command::Revoke { id } => {
                let Revoked { owner, withdrawn } = registry.revoke_access(&Actor::Operator, id).await?;
                let said = json!({"id": id, "callsign": owner, "revoked": true, "withdrawn": withdrawn});
                format.print(&said, |_| format!("Revoked {id} of {owner}; it opens nothing any more, and {}.", terms::withdrawn(withdrawn)))
            }
        }
    })
}

async fn enrol(registry: &Registry, callsign: Callsign, role: Role, console_url: &str, format: Format) -> Result<(), Failure> {
    let (officer, offered) = registry.invite(&Actor::Operator, callsign, role).await?;
    let invited = Invited { officer, link: offered.shown(console_url) };
    // Its members in the order of their names.
    format
        .print(&json!(invited), |_| format!("Enrolled {} as {}.\n{}", invited.officer.callsign, role.as_str(), instructions(&invited.link)))
}

fn instructions(ShownLink { link, link_expires_at }: &ShownLink) -> String {
    let until = terms::shown(*link_expires_at);
    format!("To register a passkey, open this link once, until {until}, on the device that will hold it:\n{link}")
}

fn lines(Person { officer, keys }: &Person) -> String {
    let state = officer.suspended_at.map_or_else(|| "active".to_owned(), |at| format!("suspended {}", terms::shown(at)));
    let person = format!("{:32}  {:13}  {state}", officer.callsign.as_str(), officer.role.as_str());
    [person].into_iter().chain(keys.iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn line(Access { id, kind, name, added_at, expires_at, scopes }: &Access) -> String {
    let kind = match kind {
        AccessKind::Passkey => "passkey",
        AccessKind::Credential => "credential",
    };
    let scopes = scopes.iter().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","));
    let added = added_at.map(|at| format!("made {}", terms::shown(at)));
    let ends = expires_at.map(|at| format!("until {}", terms::shown(at)));
    let name = name.as_ref().map(ToString::to_string);
    [format!("  {id}  {kind}")].into_iter().chain(name).chain(scopes).chain(added).chain(ends).collect::<Vec<_>>().join("  ")
}
