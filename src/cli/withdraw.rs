//! `countersign withdraw`

use serde_json::json;

use super::{
    Failure, Format, client,
    client::Client,
    place::{Place, block_on},
    say, terms,
};
use crate::{
    authority::{Actor, AuthorisationId, Callsign, TokenSelection},
    config::Settings,
    token::{Channel, Cti},
};

/// One token, over the private API, or many, in this machine's own store: after an incident or a restore the service may be down.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Args {
    /// The id that `issue` printed; asks the running service
    id: Option<Cti>,
    /// All live and prepared tokens under this authorisation, in this machine's own store
    #[arg(long, value_name = "ID")]
    authorisation: Option<AuthorisationId>,
    /// All that this person issued or approved
    #[arg(long, value_name = "CALLSIGN")]
    person: Option<Callsign>,
    /// All for this channel: in-person, telephone or online
    #[arg(long)]
    channel: Option<Channel>,
    /// All
    #[arg(long)]
    all: bool,
}

/// Withdraws.
pub fn run(args: Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    match args {
        Args { id: Some(id), .. } => one(id, settings),
        Args { authorisation: Some(id), .. } => many(&TokenSelection::Authorisation(id), settings, format),
        Args { person: Some(callsign), .. } => many(&TokenSelection::Person(callsign), settings, format),
        Args { channel: Some(channel), .. } => many(&TokenSelection::Channel(channel), settings, format),
        // Nothing else is left: the command line takes exactly one of these.
        Args { .. } => many(&TokenSelection::All, settings, format),
    }
}

fn one(id: Cti, settings: &Settings) -> Result<(), Failure> {
    let client = Client::new(settings.private_url()?);
    match client.delete(&format!("/v1/tokens/{id}"), &settings.credential()?)? {
        (204, _) => say("Withdrawn."),
        (status, problem) => Err(client::refused(status, &problem)),
    }
}

fn many(tokens: &TokenSelection, settings: &Settings, format: Format) -> Result<(), Failure> {
    block_on(async {
        let registry = Place::here()?.acting_registry(settings).await?;
        let withdrawn = registry.withdraw_tokens(&Actor::Operator, tokens.clone()).await?;
        format.print(&json!({"tokens": tokens, "withdrawn": withdrawn}), |_| format!("{}.", terms::withdrawn(withdrawn)))
    })
}
