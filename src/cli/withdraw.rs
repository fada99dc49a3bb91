//! `countersign withdraw`

use super::{Failure, client, client::Client, say};
use crate::{config::Settings, token::Cti};

/// Which token.
#[derive(clap::Args)]
pub struct Args {
    /// The id that `issue` printed
    id: Cti,
}

/// Withdraws over the private API.
pub fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let client = Client::new(settings.private_url()?);
    match client.delete(&format!("/v1/tokens/{}", args.id), &settings.credential()?)? {
        (204, _) => say("Withdrawn."),
        (status, problem) => Err(client::refused(status, &problem)),
    }
}
