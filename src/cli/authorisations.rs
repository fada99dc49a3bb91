//! `countersign authorisations`

use clap::Subcommand;

use super::{
    Failure, Format,
    place::{Place, block_on},
    terms,
};
use crate::{
    authority::{Actor, Authorisation, AuthorisationId, Callsign, Decision, Reason, State},
    config::{Settings, number},
    issuer::Ask,
    store::all_pages,
    token::Channel,
};

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Ask for an authorisation
    Ask {
        /// Who asks
        #[arg(long = "as", value_name = "CALLSIGN")]
        by: Callsign,
        /// The organisation's own file number; never the name of the person approached
        #[arg(long)]
        reference: String,
        /// What the officer will do, for those who decide; never whom they approach
        #[arg(long)]
        purpose: String,
        /// in-person, telephone or online; several may be given
        #[arg(long, required = true, num_args = 1..)]
        channel: Vec<Channel>,
        /// How long it lasts
        #[arg(long = "for", default_value = "8h", value_name = "DURATION", value_parser = terms::duration)]
        lasts: i64,
        /// When it begins; now if not given
        #[arg(long, value_name = "TIME", value_parser = terms::moment)]
        from: Option<i64>,
        /// How many tokens it allows
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = number::<u32>)]
        max_tokens: u32,
    },
    /// Approve what another person asked
    Approve {
        #[command(flatten)]
        decide: Decide,
        /// Why, for the officer
        #[arg(long)]
        reason: Option<Reason>,
    },
    /// Refuse what another person asked
    Refuse {
        #[command(flatten)]
        decide: Decide,
        /// Why, for the officer: 1 to 200 characters
        #[arg(long)]
        reason: Reason,
    },
    /// Take an authorisation back, with its live tokens
    Withdraw(Decide),
    /// List authorisations
    List,
}

/// Which, and who decides.
#[derive(clap::Args)]
pub struct Decide {
    /// Its id
    id: AuthorisationId,
    /// Who decides
    #[arg(long = "as", value_name = "CALLSIGN")]
    by: Callsign,
}

/// Runs one.
pub fn run(command: Command, settings: &Settings, format: Format) -> Result<(), Failure> {
    let place = Place::here()?;
    block_on(async {
        let registry = match command {
            Command::List => place.registry(settings).await?,
            _ => place.acting_registry(settings).await?,
        };
        let changed = match command {
            Command::Ask { by, reference, purpose, channel, lasts, from, max_tokens } => {
                let until = from.unwrap_or_else(|| place.clock.now()).saturating_add(lasts);
                let ask = Ask { reference, purpose, channels: channel.into_iter().collect(), from, until, max_tokens };
                registry.ask(&registry.person(&by).await?, ask).await?
            }
            Command::Approve { decide: Decide { id, by }, reason } => {
                registry.decide_once(&registry.person(&by).await?, id, (Decision::Approve, reason), None).await?
            }
            Command::Refuse { decide: Decide { id, by }, reason } => {
                registry.decide_once(&registry.person(&by).await?, id, (Decision::Refuse, Some(reason)), None).await?
            }
            Command::Withdraw(Decide { id, by }) => registry.withdraw(&registry.person(&by).await?, id).await?,
            Command::List => {
                let all = all_pages(async |page| registry.authorisations(&Actor::Operator, page).await).await?;
                return format.print(&all, |all| match all.as_slice() {
                    [] => "There are no authorisations yet.".into(),
                    all => all.iter().map(line).collect::<Vec<_>>().join("\n"),
                });
            }
        };
        format.print(&changed, line)
    })
}

/// One authorisation in one line.
fn line(a: &Authorisation) -> String {
    let channels = a.channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",");
    // Only what was approved can be withdrawn after a decision.
    let decided = a.decided_by.as_ref().map_or_else(String::new, |by| match a.state {
        State::Withdrawn => format!("  approved by {by}"),
        state => format!("  {} by {by}", state.as_str()),
    });
    let withdrawn = a.withdrawn_by.as_ref().map_or_else(String::new, |by| format!("  withdrawn by {by}"));
    let (state, from, until) = (a.state.as_str(), terms::shown(a.from), terms::shown(a.until));
    let Authorisation { id, asked_by, tokens_issued, max_tokens, reference, .. } = a;
    format!(
        "{id}  {state}  asked by {asked_by}{decided}{withdrawn}  {channels}  {from} to {until}  {tokens_issued} of {max_tokens} tokens  {reference}"
    )
}
